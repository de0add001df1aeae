//! Adverts to datagrams.

use core::net::IpAddr;

use super::{AUTH_BYTES, Advert, Format, MAX_DATAGRAM, TYPE, ipv4, sum};
use crate::router::Auth;

/// Writes one datagram and returns its length: over IPv4 the header first, over IPv6 the message
/// alone.
///
/// `None` unless there are 1 to 255 addresses of the advert's family (1 to 90 over IPv6), and the
/// format can say the interval.
pub fn emit(
    advert: &Advert,
    addresses: &[IpAddr],
    buffer: &mut [u8; MAX_DATAGRAM],
) -> Option<usize> {
    let count = u8::try_from(addresses.len()).ok().filter(|count| *count > 0)?;
    match (advert.from, advert.to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let trailer = if matches!(advert.format, Format::V2(_)) { AUTH_BYTES } else { 0 };
            let length = ipv4::HEADER_BYTES + 8 + 4 * usize::from(count) + trailer;
            let (header, message) = buffer.get_mut(..length)?.split_first_chunk_mut()?;
            *header = ipv4::emit(from, to, advert.ttl, u16::try_from(length).ok()?);
            emit_message(advert, addresses, count, message)?;
            Some(length)
        }
        (IpAddr::V6(_), IpAddr::V6(_)) => {
            let length = 8 + 16 * usize::from(count);
            emit_message(advert, addresses, count, buffer.get_mut(..length)?)?;
            Some(length)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

fn emit_message(
    advert: &Advert,
    addresses: &[IpAddr],
    count: u8,
    message: &mut [u8],
) -> Option<()> {
    let (fixed, mut rest) = message.split_first_chunk_mut::<8>()?;
    let centis = advert.interval.centis();
    let (version, [fifth, sixth]) = match advert.format {
        Format::V2(_) if !centis.is_multiple_of(100) => return None,
        Format::V2(Auth::None) => (2, [0, u8::try_from(centis / 100).ok()?]),
        Format::V2(Auth::Password(_)) => (2, [1, u8::try_from(centis / 100).ok()?]),
        Format::V3Ipv4(_) | Format::V3Ipv6 => (3, centis.to_be_bytes()),
    };
    let (vrid, priority) = (advert.vrid.get(), advert.priority.get());
    *fixed = [version << 4 | TYPE, vrid, priority, count, fifth, sixth, 0, 0];
    for address in addresses {
        rest = match (address, advert.from) {
            (IpAddr::V4(address), IpAddr::V4(_)) => put(rest, address.octets())?,
            (IpAddr::V6(address), IpAddr::V6(_)) => put(rest, address.octets())?,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
        };
    }
    if let Format::V2(auth) = advert.format {
        let password = match auth {
            Auth::None => [0; AUTH_BYTES],
            Auth::Password(password) => password,
        };
        put(rest, password)?;
    }
    let checksum = sum::of(advert.format, advert.from, advert.to, message);
    message.get_mut(6..8)?.copy_from_slice(&checksum.to_be_bytes());
    Some(())
}

/// Writes `bytes` and returns what is left behind them.
fn put<const N: usize>(room: &mut [u8], bytes: [u8; N]) -> Option<&mut [u8]> {
    let (slot, rest) = room.split_first_chunk_mut()?;
    *slot = bytes;
    Some(rest)
}
