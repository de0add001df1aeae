//! Datagrams to adverts, in the order of RFC 9568 7.1.

use core::net::IpAddr;

use clock::Interval;

use super::{AUTH_BYTES, Addresses, Advert, Datagram, Discard, Format, List, TYPE, ipv4, sum};
use crate::router::Auth;
use crate::{Priority, Vrid};

/// Reads one datagram, in the order of RFC 9568 7.1 but for the length that the address count calls
/// for: it is compared after the version, whose format it belongs to.
///
/// Both checksums of version 3 over IPv4 are tried; the advert says which one it carried.
///
/// # Errors
/// The first check that failed.
pub fn parse(datagram: Datagram<'_>) -> Result<(Advert, Addresses<'_>), Discard> {
    let (from, to, ttl, message) = match datagram {
        Datagram::V4(bytes) => ipv4::parse(bytes)?,
        Datagram::V6 { from, to, hops, message } => (from.into(), to.into(), hops, message),
    };
    if to.is_multicast() && ttl != ipv4::TTL {
        return Err(Discard::Ttl);
    }
    let (fixed, rest) = message.split_first_chunk::<8>().ok_or(Discard::Length)?;
    let [version_and_type, vrid, priority, count, fifth, sixth, _, _] = *fixed;
    let (address_bytes, trailer_bytes) = match (version_and_type >> 4, from) {
        (2, IpAddr::V4(_)) => (4, AUTH_BYTES),
        (3, IpAddr::V4(_)) => (4, 0),
        (3, IpAddr::V6(_)) => (16, 0),
        _ => return Err(Discard::Version),
    };
    let list_bytes = address_bytes * usize::from(count);
    if rest.len() != list_bytes + trailer_bytes {
        return Err(Discard::Length);
    }
    if version_and_type & 0x0f != TYPE {
        return Err(Discard::Type);
    }
    let (list, trailer) = rest.split_at_checked(list_bytes).ok_or(Discard::Length)?;
    let (format, interval) = match from {
        IpAddr::V4(_) if trailer_bytes > 0 => {
            if !sum::is_whole(sum::sum(message)) {
                return Err(Discard::Checksum);
            }
            (Format::V2(auth(fifth, trailer)?), u16::from(sixth) * 100)
        }
        IpAddr::V4(_) => {
            let form = sum::carried(from, to, message).ok_or(Discard::Checksum)?;
            (Format::V3Ipv4(form), centis(fifth, sixth))
        }
        IpAddr::V6(_) => {
            sum::carried(from, to, message).ok_or(Discard::Checksum)?;
            (Format::V3Ipv6, centis(fifth, sixth))
        }
    };
    let vrid = Vrid::new(vrid).ok_or(Discard::Vrid)?;
    if count == 0 {
        return Err(Discard::NoAddresses);
    }
    let interval = Interval::from_centis(interval).ok_or(Discard::Interval)?;
    let priority = Priority::from_wire(priority);
    let list = match from {
        IpAddr::V4(_) => List::V4(list.as_chunks().0),
        IpAddr::V6(_) => List::V6(list.as_chunks().0),
    };
    Ok((Advert { from, to, ttl, vrid, priority, interval, format }, Addresses(list)))
}

/// Whom a datagram is about, even if it is malformed: for the counters of that virtual router.
pub fn vrid(datagram: Datagram<'_>) -> Option<Vrid> {
    let message = match datagram {
        Datagram::V4(bytes) => bytes.get(4 * usize::from(bytes.first()? & 0x0f)..)?,
        Datagram::V6 { message, .. } => message,
    };
    Vrid::new(*message.get(1)?)
}

/// The upper four bits are reserved: ignored (RFC 9568 5.2.6).
fn centis(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high & 0x0f, low])
}

fn auth(kind: u8, data: &[u8]) -> Result<Auth, Discard> {
    match (kind, data.first_chunk()) {
        (0, _) => Ok(Auth::None),
        (1, Some(password)) => Ok(Auth::Password(*password)),
        _ => Err(Discard::AuthType),
    }
}
