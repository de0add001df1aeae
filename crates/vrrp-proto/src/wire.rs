//! VRRP on the wire (version 3: RFC 9568 5; version 2: RFC 3768 5): datagrams to adverts and back.
//!
//! Only the format: what makes a datagram a well-formed advert of a protocol. Whether it is for a
//! virtual router of ours, and from somebody we listen to, is decided by [`crate::election`]. A received
//! list of addresses is borrowed from the datagram; nothing here allocates.

#![deny(clippy::indexing_slicing)]

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clock::Interval;

use crate::router::Auth;
use crate::{Checksum, Family, Priority, Vrid};

mod discard;
mod emit;
mod ipv4;
mod parse;
mod sum;

pub use discard::Discard;
pub use emit::emit;
pub use parse::Envelope;

/// The longest thing that is sent: over IPv4 a header without options, 8 bytes, 255 addresses and
/// the 8 bytes of authentication of version 2; over IPv6, where the kernel makes the header, 8 bytes
/// and 90 addresses, which is what fits an Ethernet frame.
pub const MAX_DATAGRAM: usize = 8 + 16 * 90;

/// Where multicast adverts go over IPv4 (RFC 9568 5.1.1.2).
pub const MULTICAST: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// Where multicast adverts go over IPv6 (RFC 9568 5.1.2.2).
pub const MULTICAST_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// Where multicast adverts of a family go.
pub const fn multicast(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(MULTICAST),
        Family::V6 => IpAddr::V6(MULTICAST_V6),
    }
}

/// The TTL or hop limit that is sent, and required of what is multicast: nothing that came through a
/// router is believed (RFC 9568 5.1.1.3, 5.1.2.3).
pub const TTL: u8 = 255;

/// What came in on a socket of protocol 112.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Datagram<'a> {
    /// A whole IPv4 datagram, header first.
    V4(&'a [u8]),
    /// An IPv6 payload; its header reaches us in ancillary data.
    V6 {
        /// The source.
        from: Ipv6Addr,
        /// The destination.
        to: Ipv6Addr,
        /// The hop limit.
        hops: u8,
        /// Everything behind the header.
        message: &'a [u8],
    },
}

/// Which VRRP an advert is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Version 2, and how it authenticates.
    V2(Auth),
    /// Version 3 over IPv4, and which sum it carries.
    V3Ipv4(Checksum),
    /// Version 3 over IPv6.
    V3Ipv6,
}

/// ADVERTISEMENT, the only type there is.
const TYPE: u8 = 1;

/// What follows the addresses in version 2 (RFC 2338 5.3.10).
const AUTH_BYTES: usize = 8;

/// One advertisement, but for its addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Advert {
    /// The source: the sender's primary IPv4 address or its link-local IPv6 address.
    pub from: IpAddr,
    /// The destination: [`multicast`] or a peer.
    pub to: IpAddr,
    /// The TTL or hop limit: 255 unless it came through a router.
    pub ttl: u8,
    /// Which virtual router.
    pub vrid: Vrid,
    /// The sender's priority; 0 says that it leaves.
    pub priority: Priority,
    /// How often the sender advertises.
    pub interval: Interval,
    /// Which VRRP it is in.
    pub format: Format,
}

/// The virtual addresses of a received advert, 1 to 255, in the sender's order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Addresses<'a>(List<'a>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum List<'a> {
    V4(&'a [[u8; 4]]),
    V6(&'a [[u8; 16]]),
}

impl Addresses<'_> {
    /// How many.
    pub const fn len(&self) -> usize {
        match self.0 {
            List::V4(list) => list.len(),
            List::V6(list) => list.len(),
        }
    }

    /// Never true of an advert that [`Envelope::read`] returned.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(&self, at: usize) -> Option<IpAddr> {
        match self.0 {
            List::V4(list) => list.get(at).map(|octets| IpAddr::from(*octets)),
            List::V6(list) => list.get(at).map(|octets| IpAddr::from(*octets)),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests;
