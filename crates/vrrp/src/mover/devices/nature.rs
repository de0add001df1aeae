//! What a virtual MAC's device is like: its address, its settings, and the words for what is wrong.

use nix::errno::Errno;
use vrrp_proto::Family;

/// RFC 9568 7.3
pub(super) const fn virtual_mac(family: Family, vrid: u8) -> [u8; 6] {
    let of = match family {
        Family::V4 => 1,
        Family::V6 => 2,
    };
    [0, 0, 0x5e, 0, of, vrid]
}

/// A device's settings, and why each (vrrp.md 11.1).
pub(super) const fn settings(family: Family) -> &'static [(Family, &'static str, u8)] {
    match family {
        Family::V4 => &[
            // It answers for its own addresses only, not for the parent's.
            (Family::V4, "arp_ignore", 1),
            // Its packets come from where the parent's route goes.
            (Family::V4, "rp_filter", 0),
            // No multicast listener reports from the virtual MAC.
            (Family::V6, "disable_ipv6", 1),
        ],
        Family::V6 => &[
            (Family::V6, "disable_ipv6", 0),
            // No address derived from the virtual MAC (RFC 9568 7.4).
            (Family::V6, "addr_gen_mode", 1),
            (Family::V6, "accept_ra", 0),
            (Family::V6, "autoconf", 0),
            // Both directors have these addresses, one at a time.
            (Family::V6, "accept_dad", 0),
            (Family::V4, "arp_ignore", 1),
        ],
    }
}

pub(super) const fn directory(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    }
}

pub(super) fn way_out(errno: Errno) -> &'static str {
    if errno == Errno::EBUSY {
        "the interface is a port of a bridge or bond, which takes no macvlan: name the bridge or \
         bond as the router's interface"
    } else if errno == Errno::EOPNOTSUPP {
        "the kernel has no macvlan: load the module, or have both directors use the interface's own \
         MAC address"
    } else {
        "the interface takes no macvlan (Wi-Fi, loopback, some virtual machines): have both \
         directors use the interface's own MAC address"
    }
}

pub(super) fn shown(mac: Option<[u8; 6]>) -> String {
    let Some([a, b, c, d, e, f]) = mac else { return "none".into() };
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}
