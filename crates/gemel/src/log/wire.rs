//! Facts of the wire and mover threads as log lines.

use std::io::Error;
use std::net::IpAddr;

use config::RouterPlan;
use vrrp::Difference;
use vrrp_proto::held::VirtualAddress;
use vrrp_proto::wire::Discard;

use crate::words::{mac, quoted};

pub(crate) fn interface(name: &str, up: bool) -> String {
    format!("INFO interface={name} state={}", if up { "up" } else { "down" })
}

pub(crate) fn repaired(router: &str, address: IpAddr) -> String {
    format!(
        "WARN router={router} address={address} action=put-back why=\"removed by somebody else\""
    )
}

pub(crate) fn conflict(router: &str, address: IpAddr, by: [u8; 6]) -> String {
    let by = mac(by);
    format!(
        "WARN router={router} address={address} conflict={by} why=\"somebody else answers for it\" action=announced"
    )
}

pub(crate) fn leftover(left: &VirtualAddress) -> String {
    let VirtualAddress { address, prefix, interface, .. } = left;
    format!(
        "INFO interface={interface} address={address}/{prefix} action=removed why=\"an earlier process held it and the file no longer names it\""
    )
}

pub(crate) fn refused(router: &str, address: IpAddr, error: &Error) -> String {
    format!("WARN router={router} address={address} refused={}", quoted(&error.to_string()))
}

/// Datagrams for member `at` of the plan, and of its router of this name, were thrown away.
pub(crate) fn discards(
    router: &str,
    (plan, at): (&RouterPlan, usize),
    (why, from, count): (Discard, Option<IpAddr>, u64),
) -> String {
    let (member, from) = (of_member(plan, at), sender(from));
    let way_out = way_out(why).map_or_else(String::new, |text| format!(" try={}", quoted(text)));
    format!(
        "WARN router={router}{member} discarded={count} from={from} counter={} why={}{way_out}",
        why.counter(),
        quoted(&why.to_string())
    )
}

/// What to change if the sender is meant to be heard: whoever is not heard becomes Active too.
fn way_out(why: Discard) -> Option<&'static str> {
    match why {
        Discard::Ttl => Some(
            "with unicast, min_ttl: keepalived sends unicast over IPv6 with 64, which is min_ttl = 64",
        ),
        Discard::Version => {
            Some("the same version on both; keepalived speaks 2 over IPv4 unless told 3")
        }
        Discard::AuthType | Discard::AuthMismatch | Discard::AuthFailure => {
            Some("the same password on both")
        }
        Discard::Interval => Some("the same interval on both"),
        Discard::AddressList => Some("strict = false while addresses are rolled out"),
        Discard::DestMode => Some("the same adverts on both: multicast or unicast"),
        Discard::UnknownPeer => Some("name it in peers"),
        Discard::Checksum
        | Discard::Header
        | Discard::Length
        | Discard::Type
        | Discard::Vrid
        | Discard::NoAddresses
        | Discard::OwnSource => None,
    }
}

/// Adverts for it differ from ours and are kept.
pub(crate) fn differs(
    router: &str,
    (plan, at): (&RouterPlan, usize),
    what: Difference,
    from: Option<IpAddr>,
) -> String {
    let (member, from) = (of_member(plan, at), sender(from));
    let what = match what {
        Difference::Interval => "another interval",
        Difference::Addresses => "other addresses",
    };
    format!(
        "WARN router={router}{member} from={from} action=kept why=\"it advertises {what} than we do; the same file belongs on both directors\""
    )
}

fn of_member(plan: &RouterPlan, at: usize) -> String {
    let member = plan.settings.members.get(at).zip(plan.members.get(at));
    member.map_or_else(String::new, |(member, setup)| {
        let family = member.protocol.family();
        format!(" family={family} interface={} vrid={}", setup.interface, member.vrid)
    })
}

fn sender(from: Option<IpAddr>) -> String {
    from.map_or_else(|| "unknown".to_owned(), |from| from.to_string())
}
