//! What a refusal means to the operator, and the way out.

use ipvs_table::{Refusal, ServerKey};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// One line: which service or real server, why the kernel refused it, and what to do about it.
/// `lo_up` is [`lo_up`]'s answer.
pub fn explain(refusal: &Refusal, lo_up: bool) -> String {
    let Refusal { service, server, errno } = *refusal;
    match server {
        Some(server) => {
            let why = server_refused(server, errno, lo_up);
            format!("real server {server} of service {service}: {why}")
        }
        None => format!("service {service}: {}", service_refused(errno)),
    }
}

/// Whether the loopback interface of this thread's network namespace is up; true where that cannot
/// be told. While it is down the kernel has no local routes and refuses every IPv4 real server.
pub fn lo_up() -> bool {
    let is_lo = |interface: &nix::ifaddrs::InterfaceAddress| interface.interface_name == "lo";
    let lo = getifaddrs().ok().and_then(|mut interfaces| interfaces.find(is_lo));
    lo.is_none_or(|lo| lo.flags.contains(InterfaceFlags::IFF_UP))
}

fn server_refused(server: ServerKey, errno: i32, lo_up: bool) -> String {
    match errno {
        libc::EINVAL if !lo_up && server.address.is_ipv4() => {
            "lo is down in this network namespace, and the kernel then takes no IPv4 real server at \
             all: `ip link set lo up`"
                .into()
        }
        libc::EINVAL => "the kernel finds its address invalid: it must be unicast, and of the \
                         service's family unless it is forwarded by tunnel"
            .into(),
        libc::ERANGE => {
            "a weight or threshold is out of range: the lower threshold must not exceed the upper"
                .into()
        }
        _ => either_refused(errno),
    }
}

fn service_refused(errno: i32) -> String {
    match errno {
        libc::ENOENT => {
            "this kernel does not have its scheduler: `modprobe ip_vs_NAME`, NAME being \
                         the scheduler, or choose another one"
                .into()
        }
        libc::EINVAL => "the kernel finds its settings invalid: see `journalctl -k`".into(),
        libc::EEXIST => "the kernel has one that it does not list".into(),
        _ => either_refused(errno),
    }
}

fn either_refused(errno: i32) -> String {
    match errno {
        libc::EPERM | libc::EACCES => NO_PERMISSION.into(),
        libc::EAFNOSUPPORT => {
            "this kernel has no IPv6, or it is disabled (ipv6.disable=1): enable \
                               it, or use IPv4 addresses"
                .into()
        }
        libc::ENOMEM => "the kernel is out of memory".into(),
        errno => format!("the kernel says: {}", nix::errno::Errno::from_raw(errno).desc()),
    }
}

/// What EPERM means, wherever it comes from.
pub(crate) const NO_PERMISSION: &str = "permission denied: IPVS wants CAP_NET_ADMIN in the initial user namespace; run as root or with \
     that capability, and in a container without a user namespace of its own";

#[cfg(test)]
mod tests;
