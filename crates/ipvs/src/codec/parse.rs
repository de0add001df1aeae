//! Bytes to values. What is unknown is passed over; what lacks a mandatory part is `None`, which can
//! only be foreign: what we wrote can be read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipvs_sys::{dest, forward, service as svc, service_flag, top};
use ipvs_table::{
    Family, Forward, Protocol, Scheduler, Server, ServerKey, Service, ServiceKey, Weight,
};

use super::{ALIGN, TYPE};

/// One message from the kernel.
#[derive(Debug, Eq, PartialEq)]
pub enum Reply<'a> {
    /// NLMSG_ERROR: 0, or what was wrong with the request, as a positive errno.
    Acknowledged(i32),
    /// NLMSG_DONE: the dump is over; 0, or what broke it off.
    Done(i32),
    /// The attributes of an answer.
    Data(&'a [u8]),
}

/// The messages of one datagram, with their sequence numbers; ends early where the bytes make no
/// sense. `None` for a message of no known kind.
pub fn replies(mut bytes: &[u8]) -> impl Iterator<Item = (u32, Option<Reply<'_>>)> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
        let (message, _) = bytes.split_at_checked(length)?;
        let (kind, sequence) = (u16_at(message, 4)?, u32_at(message, 8)?);
        let payload = message.get(16..)?;
        bytes = bytes.get(length.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some((sequence, reply(kind, payload)))
    })
}

fn reply(kind: u16, payload: &[u8]) -> Option<Reply<'_>> {
    let errno = |bytes| u32_at(bytes, 0).map(|number| number.cast_signed().saturating_neg());
    match i32::from(kind) {
        libc::NLMSG_ERROR => errno(payload).map(Reply::Acknowledged),
        // Dumps of old kernels end without a status.
        libc::NLMSG_DONE => Some(Reply::Done(errno(payload).unwrap_or(0))),
        libc::NLMSG_NOOP | libc::NLMSG_OVERRUN => None,
        _ => payload.get(4..).map(Reply::Data),
    }
}

/// The family's number from nlctrl's answer.
pub fn family_id(bytes: &[u8]) -> Option<u16> {
    u16_at(find(bytes, libc::CTRL_ATTR_FAMILY_ID as u16)?, 0)
}

/// A service without its servers.
pub fn service(bytes: &[u8]) -> Option<(ServiceKey, Service)> {
    let bytes = find(bytes, top::SERVICE)?;
    let family = family(u16_at(find(bytes, svc::AF)?, 0)?)?;
    let key = match find(bytes, svc::FWMARK).and_then(|mark| u32_at(mark, 0)) {
        Some(mark) => ServiceKey::Mark { family, mark },
        None => ServiceKey::Listen {
            protocol: protocol(u16_at(find(bytes, svc::PROTOCOL)?, 0)?)?,
            address: address(family, find(bytes, svc::ADDR)?)?,
            port: port(find(bytes, svc::PORT)?)?,
        },
    };
    let service = Service {
        scheduler: scheduler(find(bytes, svc::SCHED_NAME)?)?,
        flags: u32_at(find(bytes, svc::FLAGS)?, 0)? & !service_flag::HASHED,
        timeout_s: u32_at(find(bytes, svc::TIMEOUT)?, 0)?,
        prefix: prefix(family, find(bytes, svc::NETMASK)?)?,
        servers: Default::default(),
    };
    Some((key, service))
}

/// A real server of a service of `family`, and its active and inactive connections.
pub fn destination(bytes: &[u8], of: Family) -> Option<(ServerKey, Server, (u32, u32))> {
    let bytes = find(bytes, top::DEST)?;
    // Kernels before 3.18 do not say it.
    let said = find(bytes, dest::ADDR_FAMILY).and_then(|bytes| u16_at(bytes, 0));
    let family = said.filter(|said| *said != 0).map_or(Some(of), family)?;
    let key = ServerKey {
        address: address(family, find(bytes, dest::ADDR)?)?,
        port: port(find(bytes, dest::PORT)?)?,
    };
    let number = |kind| find(bytes, kind).and_then(|bytes| u32_at(bytes, 0));
    let server = Server {
        forward: forward(number(dest::FWD_METHOD)?)?,
        // Others may set more; we never do.
        weight: Weight(u16::try_from(number(dest::WEIGHT)?).unwrap_or(u16::MAX)),
        upper: number(dest::U_THRESH)?,
        lower: number(dest::L_THRESH)?,
    };
    let active = number(dest::ACTIVE_CONNS).unwrap_or(0);
    Some((key, server, (active, number(dest::INACT_CONNS).unwrap_or(0))))
}

fn family(number: u16) -> Option<Family> {
    match i32::from(number) {
        libc::AF_INET => Some(Family::V4),
        libc::AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

fn protocol(number: u16) -> Option<Protocol> {
    Some(match u8::try_from(number).ok()? {
        6 => Protocol::Tcp,
        17 => Protocol::Udp,
        132 => Protocol::Sctp,
        other => Protocol::Other(other),
    })
}

fn forward(number: u32) -> Option<Forward> {
    Some(match number & forward::MASK {
        forward::MASQ => Forward::Nat,
        forward::LOCALNODE => Forward::Local,
        forward::TUNNEL => Forward::Tunnel,
        forward::DROUTE => Forward::Direct,
        forward::BYPASS => Forward::Bypass,
        _ => return None,
    })
}

fn scheduler(bytes: &[u8]) -> Option<Scheduler> {
    let name = bytes.split(|byte| *byte == 0).next()?;
    Scheduler::new(std::str::from_utf8(name).ok()?)
}

fn address(family: Family, bytes: &[u8]) -> Option<IpAddr> {
    Some(match family {
        Family::V4 => Ipv4Addr::from(*bytes.first_chunk::<4>()?).into(),
        Family::V6 => Ipv6Addr::from(*bytes.first_chunk::<16>()?).into(),
    })
}

fn port(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().copied().map(u16::from_be_bytes)
}

fn prefix(family: Family, bytes: &[u8]) -> Option<u8> {
    let bits = match family {
        Family::V4 => bytes.first_chunk().copied().map(u32::from_be_bytes)?.leading_ones(),
        Family::V6 => u32_at(bytes, 0)?,
    };
    u8::try_from(bits).ok().filter(|bits| *bits <= family.bits())
}

/// The payload of the first attribute of a kind.
fn find(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(found, _)| *found == kind).map(|(_, payload)| payload)
}

/// Ends early where the bytes make no sense.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let (attribute, _) = bytes.split_at_checked(length)?;
        let (kind, payload) = (u16_at(attribute, 2)?, attribute.get(4..)?);
        bytes = bytes.get(length.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some((kind & TYPE, payload))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}
