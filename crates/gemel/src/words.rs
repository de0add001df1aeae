//! The product's words for the machines' values, the same in log and status.

use coordinator::{CauseKey, Reading};
use vrrp_proto::Checksum;
use vrrp_proto::router::{Link, Reason};

/// Why a role changed, as a name that does not change between releases.
pub(crate) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Startup => "startup",
        Reason::Resumed => "resumed",
        Reason::Owner => "owner",
        Reason::PeerSilent => "peer-silent",
        Reason::PeerReleased => "peer-released",
        Reason::PeerLower => "peer-lower",
        Reason::PeerHigher => "peer-higher",
        Reason::Replaced => "replaced",
        Reason::LinkDown => "link-down",
        Reason::LinkUp => "link-up",
        Reason::AddressGone => "address-gone",
        Reason::AddressBack => "address-back",
        Reason::Fault => "fault",
        Reason::FaultCleared => "fault-cleared",
        Reason::StartupDelay => "startup-delay",
        Reason::Shutdown => "shutdown",
        Reason::Succeeded => "succeeded",
        Reason::NoSuccessor => "no-successor",
        Reason::Keep => "keep",
    }
}

/// The name of a cause.
pub(crate) fn cause(key: &CauseKey) -> String {
    match key {
        CauseKey::Quorum(service) => format!("quorum {service}"),
        CauseKey::Tracked(source) => source.to_string(),
    }
}

/// What a link can do for a virtual router.
pub(crate) fn link(link: Link) -> &'static str {
    match link {
        Link::Up(_) => "up",
        Link::Unaddressed => "no-address",
        Link::Down => "down",
    }
}

/// The checksum of version 3 over IPv4, as the file says it.
pub(crate) fn checksum(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Rfc9568 => "rfc9568",
        Checksum::PseudoHeader => "pseudo-header",
    }
}

/// A MAC address.
pub(crate) fn mac([a, b, c, d, e, f]: [u8; 6]) -> String {
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

/// What a tracked source says.
pub(crate) fn reading(reading: Option<Reading>) -> String {
    match reading {
        Some(Reading::Good) => "good".to_owned(),
        Some(Reading::Bad) => "bad".to_owned(),
        Some(Reading::Number(number)) => number.to_string(),
        None => "unknown".to_owned(),
    }
}

/// A string as a log value.
pub(crate) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
