//! VRRPv3 for IPv4 on the wire (RFC 9568 5): datagrams to adverts and back.
//!
//! Only the format: what makes a datagram a well-formed advert of some virtual router. Whether it
//! is one of ours, and from somebody we listen to, is decided by [`crate::election`]. A received
//! list of addresses is borrowed from the datagram; nothing here allocates.

#![deny(clippy::indexing_slicing)]

use core::net::Ipv4Addr;

use clock::Interval;

use crate::{Checksum, Priority, Vrid};

mod discard;
mod ipv4;
mod sum;

pub use discard::Discard;

/// The longest datagram: an IPv4 header without options, 8 bytes and 255 addresses.
pub const MAX_DATAGRAM: usize = 20 + 8 + 4 * 255;

/// Where multicast adverts go (RFC 9568 5.1.1.2).
pub const MULTICAST: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// Version 3, type 1: ADVERTISEMENT.
const VERSION: u8 = 3;
const TYPE: u8 = 1;

/// One advertisement, but for its addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Advert {
    /// The IPv4 source: the sender's primary address.
    pub from: Ipv4Addr,
    /// The IPv4 destination: [`MULTICAST`] or a peer.
    pub to: Ipv4Addr,
    /// Which virtual router.
    pub vrid: Vrid,
    /// The sender's priority; 0 says that it leaves.
    pub priority: Priority,
    /// How often the sender advertises.
    pub interval: Interval,
    /// Which sum it carries.
    pub checksum: Checksum,
}

/// The virtual addresses of a received advert, 1 to 255, in the sender's order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Addresses<'a>(&'a [[u8; 4]]);

impl<'a> Addresses<'a> {
    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true of an advert that [`parse`] returned.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Ipv4Addr> + use<'a> {
        self.0.iter().map(|octets| Ipv4Addr::from(*octets))
    }
}

/// Reads one IPv4 datagram, header first, in the order of RFC 9568 7.1 but for the length that the
/// address count calls for: it is compared after the version, whose format it belongs to, so that a
/// peer which speaks VRRPv2 counts as that.
///
/// Both checksums are tried; the advert says which one it carried.
///
/// # Errors
/// The first check that failed.
pub fn parse(datagram: &[u8]) -> Result<(Advert, Addresses<'_>), Discard> {
    let (header, message) = ipv4::parse(datagram)?;
    let (fixed, list) = message.split_first_chunk::<8>().ok_or(Discard::Length)?;
    let [version_and_type, vrid, priority, count, interval_high, interval_low, _, _] = *fixed;

    if version_and_type >> 4 != VERSION {
        return Err(Discard::Version);
    }
    if list.len() != 4 * usize::from(count) {
        return Err(Discard::Length);
    }
    if version_and_type & 0x0f != TYPE {
        return Err(Discard::Type);
    }
    let checksum = sum::carried(header.from, header.to, message).ok_or(Discard::Checksum)?;
    let vrid = Vrid::new(vrid).ok_or(Discard::Vrid)?;
    if count == 0 {
        return Err(Discard::NoAddresses);
    }
    // The upper four bits are reserved: ignored (RFC 9568 5.2.6).
    let centis = u16::from_be_bytes([interval_high & 0x0f, interval_low]);
    let interval = Interval::from_centis(centis).ok_or(Discard::Interval)?;

    let priority = Priority::from_wire(priority);
    let advert = Advert { from: header.from, to: header.to, vrid, priority, interval, checksum };
    Ok((advert, Addresses(list.as_chunks().0)))
}

/// Whom a datagram is about, even if it is malformed: for the counters of that virtual router.
pub fn vrid(datagram: &[u8]) -> Option<Vrid> {
    let header_bytes = 4 * usize::from(datagram.first()? & 0x0f);
    Vrid::new(*datagram.get(header_bytes + 1)?)
}

/// Writes one IPv4 datagram, header first, and returns its length.
///
/// `None` unless there are 1 to 255 addresses.
pub fn emit(
    advert: &Advert,
    addresses: &[Ipv4Addr],
    buffer: &mut [u8; MAX_DATAGRAM],
) -> Option<usize> {
    let count = u8::try_from(addresses.len()).ok().filter(|count| *count > 0)?;
    let length = ipv4::HEADER_BYTES + 8 + 4 * usize::from(count);
    let (header, message) = buffer.get_mut(..length)?.split_first_chunk_mut()?;
    *header = ipv4::emit(advert.from, advert.to, u16::try_from(length).ok()?);
    emit_message(advert, addresses, count, message)?;
    Some(length)
}

fn emit_message(
    advert: &Advert,
    addresses: &[Ipv4Addr],
    count: u8,
    message: &mut [u8],
) -> Option<()> {
    let (fixed, list) = message.split_first_chunk_mut::<8>()?;
    let [high, low] = advert.interval.centis().to_be_bytes();
    let (vrid, priority) = (advert.vrid.get(), advert.priority.get());
    *fixed = [VERSION << 4 | TYPE, vrid, priority, count, high, low, 0, 0];
    for (slot, address) in list.as_chunks_mut().0.iter_mut().zip(addresses) {
        *slot = address.octets();
    }
    let checksum = sum::of(advert.checksum, advert.from, advert.to, message);
    message.get_mut(6..8)?.copy_from_slice(&checksum.to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests;
