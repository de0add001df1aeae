//! Addresses that an earlier process held and the file no longer names (law 7). They go at start,
//! before anything else happens: nobody would ever let go of them otherwise. So does the device of
//! a virtual MAC that they stood on, if the file names it no longer either. Called once by
//! [`crate::start`].

use nix::errno::Errno;
use vrrp_proto::held::{Mac, VirtualAddress};

use crate::mover::kernel::{Kernel, Request};
use crate::mover::rows::{LinkKind, LinkRow};
use crate::{Fact, RouterSetup};

/// Removes those that are there; says which went, and which the kernel would not let go. `routers`
/// are those of the file.
///
/// # Errors
/// Links and addresses cannot be read.
pub(crate) fn remove(
    kernel: &mut impl Kernel,
    leftovers: &[VirtualAddress],
    routers: &[RouterSetup],
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
    let mut told: Vec<Fact> = told.collect();
    for link in links
        .iter()
        .filter(|link| was_ours(link) && leftovers.iter().any(|left| left.interface == link.name))
    {
        if routers.iter().flat_map(|r| &r.members).any(|m| m.mac == Mac::Virtual(link.name.clone()))
        {
            continue;
        }
        let answer = kernel.request(&[Request::DeleteLink(link.index)]).pop();
        if let Some(Err(errno)) = answer.map(|answer| answer.result) {
            let name = &link.name;
            told.push(Fact::Warning(format!(
                "{name} was a virtual MAC's device and the file no longer names it: {}; remove it \
                 with `ip link del {name}`",
                errno.desc()
            )));
        }
    }
    Ok(told)
}

/// A macvlan with a MAC address of RFC 9568 7.3, as we make them.
fn was_ours(link: &LinkRow) -> bool {
    link.kind == LinkKind::BridgeMacvlan
        && link.mac.is_some_and(|mac| matches!(mac, [0, 0, 0x5e, 0, 1 | 2, _]))
}
