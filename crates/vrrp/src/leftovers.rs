//! Addresses that an earlier process held and the file no longer names (law 7). They go at start,
//! before anything else happens: nobody would ever let go of them otherwise. Called once by
//! [`crate::start`].

use nix::errno::Errno;

use crate::mover::kernel::{Kernel, Request};
use vrrp_proto::held::VirtualAddress;

use crate::Fact;

/// Removes those that are there; says which went, and which the kernel would not let go.
///
/// # Errors
/// Links and addresses cannot be read.
pub(crate) fn remove(
    kernel: &mut impl Kernel,
    leftovers: &[VirtualAddress],
) -> Result<Vec<Fact>, Errno> {
    if leftovers.is_empty() {
        return Ok(Vec::new());
    }
    let (links, addresses) = kernel.dump()?;
    let place = |left: &VirtualAddress| {
        let link = links.iter().find(|link| link.name == left.interface)?;
        let there = addresses.iter().find(|row| {
            row.index == link.index && row.address == left.address && row.prefix == left.prefix
        });
        there.map(|row| (left.clone(), *row))
    };
    let places: Vec<_> = leftovers.iter().filter_map(place).collect();
    let requests = places.iter().map(|(_, row)| Request::DeleteAddress {
        index: row.index,
        address: row.address,
        prefix: row.prefix,
    });
    let answers = kernel.request(&requests.collect::<Vec<_>>());
    let told = places.into_iter().zip(answers).map(|((left, _), answer)| {
        let VirtualAddress { address, prefix, ref interface, .. } = left;
        match answer.result {
            Ok(()) | Err(Errno::EADDRNOTAVAIL) => Fact::LeftoverRemoved { address: left },
            Err(errno) => Fact::Warning(format!(
                "{address}/{prefix} on {interface} is no longer in the file, and the kernel does not \
                 let go of it: {}; remove it with `ip addr del {address}/{prefix} dev {interface}`",
                errno.desc()
            )),
        }
    });
    Ok(told.collect())
}
