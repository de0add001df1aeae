//! The IPv4 header around an advert (RFC 791, RFC 9568 5.1.1).

use core::net::{IpAddr, Ipv4Addr};

use super::{Discard, sum};

/// Without options, as we send it.
pub(super) const HEADER_BYTES: usize = 20;

/// VRRP (IANA), also in the checksum's pseudo-header.
pub(super) const PROTOCOL: u8 = 112;

/// DSCP CS6, network control.
const TYPE_OF_SERVICE: u8 = 0xc0;

/// What Ethernet pads a short payload to; a driver may hand that padding on.
const ETHERNET_MIN_BYTES: usize = 46;

/// More fragments, or a fragment offset.
const FRAGMENT_MASK: u16 = 0x3fff;

/// Source, destination, TTL, and exactly the bytes that the header says are the message. Options
/// are skipped.
pub(super) fn parse(datagram: &[u8]) -> Result<(IpAddr, IpAddr, u8, &[u8]), Discard> {
    let (fixed, _) = datagram.split_first_chunk::<HEADER_BYTES>().ok_or(Discard::Length)?;
    let [version_and_length, _, total_high, total_low, _, _, fragment_high, fragment_low, ..] =
        *fixed;
    let [.., ttl, protocol, _, _, f0, f1, f2, f3, t0, t1, t2, t3] = *fixed;

    let header_bytes = 4 * usize::from(version_and_length & 0x0f);
    let (header, _) = datagram.split_at_checked(header_bytes).ok_or(Discard::Length)?;
    let fragment = u16::from_be_bytes([fragment_high, fragment_low]) & FRAGMENT_MASK != 0;
    let ours = version_and_length >> 4 == 4 && header_bytes >= HEADER_BYTES && protocol == PROTOCOL;
    if !ours || fragment || !sum::is_whole(sum::sum(header)) {
        return Err(Discard::Header);
    }
    let total_bytes = usize::from(u16::from_be_bytes([total_high, total_low]));
    let message = datagram.get(header_bytes..total_bytes).ok_or(Discard::Length)?;
    if datagram.len() > total_bytes.max(ETHERNET_MIN_BYTES) {
        return Err(Discard::Length);
    }
    Ok(([f0, f1, f2, f3].into(), [t0, t1, t2, t3].into(), ttl, message))
}

/// A header for `total_bytes` of header and message.
pub(super) fn emit(from: Ipv4Addr, to: Ipv4Addr, ttl: u8, total_bytes: u16) -> [u8; HEADER_BYTES] {
    let [high, low] = total_bytes.to_be_bytes();
    let [f0, f1, f2, f3] = from.octets();
    let [t0, t1, t2, t3] = to.octets();
    let mut header = [
        0x45,
        TYPE_OF_SERVICE,
        high,
        low,
        0,
        0,
        0,
        0,
        ttl,
        PROTOCOL,
        0,
        0,
        f0,
        f1,
        f2,
        f3,
        t0,
        t1,
        t2,
        t3,
    ];
    [header[10], header[11]] = sum::complement(sum::sum(&header)).to_be_bytes();
    header
}
