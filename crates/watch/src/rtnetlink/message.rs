//! rtnetlink messages as bytes: questions for whole lists, rows, notices. Only the few fields that
//! decide are read, so that a table of a million routes is read without an allocation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use coordinator::Source;
use nix::errno::Errno;

use super::list::List;

/// One of the kernel's lists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Addresses,
    Routes,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Addresses, Self::Routes];

    /// Whether such a source stands in this list.
    pub(super) fn holds(self, source: &Source) -> bool {
        match source {
            Source::Address(_) => self == Self::Addresses,
            Source::Route(..) => self == Self::Routes,
            Source::Interface(_)
            | Source::Gateway(..)
            | Source::File(_)
            | Source::Process(_)
            | Source::Script(_) => false,
        }
    }

    /// Whose notices may change it. Links and addresses take routes with them without a word.
    pub(super) fn groups(self) -> u32 {
        let addresses = libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR;
        let routes = libc::RTMGRP_IPV4_ROUTE | libc::RTMGRP_IPV6_ROUTE | libc::RTMGRP_LINK;
        match self {
            Self::Addresses => addresses as u32,
            Self::Routes => (addresses | routes) as u32,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Addresses => "the list of addresses",
            Self::Routes => "the list of routes",
        }
    }

    fn question(self) -> u16 {
        match self {
            Self::Addresses => libc::RTM_GETADDR,
            Self::Routes => libc::RTM_GETROUTE,
        }
    }
}

/// The question for a whole list, of both families.
pub(super) fn dump(kind: Kind, sequence: u32) -> Vec<u8> {
    let length = HEADER + ROUTE;
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(kind.question().to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    // Our number, which the kernel knows, and a body of zeroes: every family.
    bytes.resize(length, 0);
    bytes
}

/// One message of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    kind: u16,
    pub(super) sequence: u32,
    /// The list changed while it was dumped.
    pub(super) is_torn: bool,
    body: &'a [u8],
}

/// The messages in the first `length` bytes. Ends at the first that is not whole.
pub(super) fn messages(buffer: &[u8], length: usize) -> impl Iterator<Item = Message<'_>> {
    let mut rest = buffer.get(..length).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*rest.first_chunk()?) as usize;
        let (header, body) = rest.get(..length)?.split_first_chunk::<HEADER>()?;
        let &[_, _, _, _, k0, k1, f0, f1, s0, s1, s2, s3, ..] = header;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message {
            kind: u16::from_ne_bytes([k0, k1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            is_torn: u16::from_ne_bytes([f0, f1]) & libc::NLM_F_DUMP_INTR as u16 != 0,
            body,
        })
    })
}

impl Message<'_> {
    /// Whether a dump ends with this, and how.
    pub(super) fn end(&self) -> Option<Result<(), Errno>> {
        let code = || self.body.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
        match i32::from(self.kind) {
            libc::NLMSG_DONE | libc::NLMSG_ERROR => match code() {
                0.. => Some(Ok(())),
                errno => Some(Err(Errno::from_raw(errno.saturating_neg()))),
            },
            _ => None,
        }
    }

    /// What a row says is there, in the words of the configuration.
    pub(super) fn row(&self) -> Option<Source> {
        match self.kind {
            libc::RTM_NEWADDR => self.address().filter(|_| self.is_usable()).map(Source::Address),
            libc::RTM_NEWROUTE => {
                let (to, prefix, usable) = self.route()?;
                usable.then_some(Source::Route(to, prefix))
            }
            _ => None,
        }
    }

    /// Whether this notice may change what is looked for in a list.
    pub(super) fn concerns(&self, list: &List) -> bool {
        let named = |source: Option<Source>| source.is_some_and(|one| list.sources.contains(&one));
        match (list.kind, self.kind) {
            (Kind::Addresses, libc::RTM_NEWADDR | libc::RTM_DELADDR) => {
                named(self.address().map(Source::Address))
            }
            (Kind::Routes, libc::RTM_NEWROUTE | libc::RTM_DELROUTE) => {
                named(self.route().map(|(to, prefix, _)| Source::Route(to, prefix)))
            }
            (Kind::Routes, libc::RTM_DELADDR | libc::RTM_NEWLINK | libc::RTM_DELLINK) => true,
            (Kind::Addresses | Kind::Routes, _) => false,
        }
    }

    /// `struct ifaddrmsg`: the address itself, which over IPv4 may differ from the peer's.
    fn address(&self) -> Option<IpAddr> {
        let (&[family, ..], attributes) = self.body.split_first_chunk::<ADDRESS>()?;
        let local = attribute(attributes, libc::IFA_LOCAL);
        ip(family, local.or_else(|| attribute(attributes, libc::IFA_ADDRESS))?)
    }

    /// Not while IPv6 still asks whether somebody else has it, nor once somebody does.
    fn is_usable(&self) -> bool {
        let Some((&[_, _, flags, ..], attributes)) = self.body.split_first_chunk::<ADDRESS>()
        else {
            return false;
        };
        let more = attribute(attributes, IFA_FLAGS).and_then(|bytes| bytes.first_chunk());
        let flags = more.map_or_else(|| flags.into(), |bytes| u32::from_ne_bytes(*bytes));
        let is_optimistic = flags & libc::IFA_F_OPTIMISTIC != 0;
        flags & libc::IFA_F_DADFAILED == 0 && (flags & libc::IFA_F_TENTATIVE == 0 || is_optimistic)
    }

    /// `struct rtmsg`: destination, prefix length, and whether packets can take it: a unicast route
    /// of the main table whose next hop is not dead.
    fn route(&self) -> Option<(IpAddr, u8, bool)> {
        let (header, attributes) = self.body.split_first_chunk::<ROUTE>()?;
        let &[family, prefix, _, _, table, _, _, kind, f0, f1, f2, f3] = header;
        let table = attribute(attributes, libc::RTA_TABLE)
            .and_then(|bytes| bytes.first_chunk())
            .map_or_else(|| table.into(), |bytes| u32::from_ne_bytes(*bytes));
        let flags = u32::from_ne_bytes([f0, f1, f2, f3]);
        let usable = kind == libc::RTN_UNICAST && flags & (RTM_F_CLONED | RTNH_F_DEAD) == 0;
        let is_main = table == u32::from(libc::RT_TABLE_MAIN);
        let to = match attribute(attributes, libc::RTA_DST) {
            Some(bytes) => ip(family, bytes)?,
            None => unspecified(family)?,
        };
        is_main.then_some((to, prefix, usable))
    }
}

/// The payload of the first attribute of this type.
fn attribute(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (&[l0, l1, t0, t1], _) = rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let payload = rest.get(4..length)?;
        if u16::from_ne_bytes([t0, t1]) & NLA_TYPE_MASK == wanted {
            return Some(payload);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match i32::from(family) {
        libc::AF_INET => Some(Ipv4Addr::from(*bytes.first_chunk::<4>()?).into()),
        libc::AF_INET6 => Some(Ipv6Addr::from(*bytes.first_chunk::<16>()?).into()),
        _ => None,
    }
}

fn unspecified(family: u8) -> Option<IpAddr> {
    match i32::from(family) {
        libc::AF_INET => Some(Ipv4Addr::UNSPECIFIED.into()),
        libc::AF_INET6 => Some(Ipv6Addr::UNSPECIFIED.into()),
        _ => None,
    }
}

/// Lengths of `struct nlmsghdr`, `struct ifaddrmsg` and `struct rtmsg`.
const HEADER: usize = 16;
const ADDRESS: usize = 8;
const ROUTE: usize = 12;
/// `<linux/if_addr.h>`, `<linux/rtnetlink.h>`, `<linux/netlink.h>`.
const IFA_FLAGS: u16 = 8;
const RTM_F_CLONED: u32 = 0x200;
const RTNH_F_DEAD: u32 = 1;
const NLA_TYPE_MASK: u16 = 0x3fff;

#[cfg(test)]
mod tests;
