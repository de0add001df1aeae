//! The Internet checksum (RFC 1071) and the two forms of it in an IPv4 advert of version 3.
//!
//! RFC 9568 5.2.8 sums the message alone. RFC 5798 could be read to want a pseudo-header before it,
//! and Linux peers read it so.

use core::net::IpAddr;

use super::{Format, ipv4};
use crate::{Checksum, ChecksumPolicy};

/// The one's complement sum of big-endian 16-bit words, not yet folded. Inputs are at most 64 KiB.
pub(super) fn sum(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<2>();
    let odd = rest.first().map_or(0, |byte| u32::from(*byte) << 8);
    words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum::<u32>() + odd
}

/// What goes into a checksum field that was zero in `sum`.
pub(super) const fn complement(sum: u32) -> u16 {
    !fold(sum)
}

/// Whether a sum over everything, the checksum field included, proves it whole.
pub(super) const fn is_whole(sum: u32) -> bool {
    fold(sum) == 0xffff
}

/// The checksum of a message whose checksum field is zero.
pub(super) fn of(format: Format, from: IpAddr, to: IpAddr, message: &[u8]) -> u16 {
    let before = match format {
        Format::V2(_) | Format::V3Ipv4(Checksum::Rfc9568) => 0,
        Format::V3Ipv4(Checksum::PseudoHeader) | Format::V3Ipv6 => pseudo(from, to, message),
    };
    complement(sum(message) + before)
}

/// Which of the sums that `policy` accepts a received message of version 3 over IPv4 carries. When
/// both are right, which takes a pseudo-header that sums to nothing, the one that Linux peers expect
/// back, unless it is refused.
pub(super) fn carried(
    policy: ChecksumPolicy,
    from: IpAddr,
    to: IpAddr,
    message: &[u8],
) -> Option<Checksum> {
    let bare = sum(message);
    let right = |form| match form {
        Checksum::Rfc9568 => is_whole(bare),
        Checksum::PseudoHeader => is_whole(bare + pseudo(from, to, message)),
    };
    match policy {
        ChecksumPolicy::Only(form) => right(form).then_some(form),
        ChecksumPolicy::Auto => {
            [Checksum::PseudoHeader, Checksum::Rfc9568].into_iter().find(|form| right(*form))
        }
    }
}

/// Whether a received message over IPv6 carries its sum (RFC 9568 5.2.8); there is only one.
pub(super) fn is_whole_v6(from: IpAddr, to: IpAddr, message: &[u8]) -> bool {
    is_whole(sum(message) + pseudo(from, to, message))
}

/// The pseudo-header: both addresses, the length and the protocol.
fn pseudo(from: IpAddr, to: IpAddr, message: &[u8]) -> u32 {
    let address = |address: IpAddr| match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    };
    let length = u32::try_from(message.len()).unwrap_or(0);
    address(from) + address(to) + u32::from(ipv4::PROTOCOL) + length
}

const fn fold(sum: u32) -> u16 {
    let once = (sum >> 16) + (sum & 0xffff);
    ((once >> 16) + (once & 0xffff)) as u16
}
