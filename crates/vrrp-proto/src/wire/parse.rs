//! Datagrams to adverts. What a datagram costs before it is known to concern us is its header alone.

use core::net::IpAddr;

use clock::Interval;

use super::{AUTH_BYTES, Addresses, Advert, Datagram, Discard, Format, List, TYPE, ipv4, sum};
use crate::router::{Auth, Protocol};
use crate::{Priority, Vrid};

/// A datagram of which only the IP header was read: enough to find out whom it concerns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Envelope<'a> {
    /// The source.
    pub from: IpAddr,
    /// The destination.
    pub to: IpAddr,
    /// The TTL or hop limit.
    pub ttl: u8,
    message: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Discard::Header`] and [`Discard::Length`]: no kernel delivers such a datagram.
    pub fn open(datagram: Datagram<'a>) -> Result<Self, Discard> {
        match datagram {
            Datagram::V4(bytes) => {
                let (from, to, ttl, message) = ipv4::parse(bytes)?;
                Ok(Self { from, to, ttl, message })
            }
            Datagram::V6 { from, to, hops, message } => {
                Ok(Self { from: from.into(), to: to.into(), ttl: hops, message })
            }
        }
    }

    /// Whom it names, although the rest may be malformed and the checksum wrong.
    ///
    /// # Errors
    /// [`Discard::Length`] if it ends before that, [`Discard::Vrid`] if it names 0.
    pub fn vrid(&self) -> Result<Vrid, Discard> {
        let [_, vrid, ..] = self.message else { return Err(Discard::Length) };
        Vrid::new(*vrid).ok_or(Discard::Vrid)
    }

    /// Reads the rest as an advert of `protocol`: its length, version, type, checksum,
    /// authentication, address count and interval, in this order (RFC 9568 7.1), the first broken
    /// one tells. But for the length that the address count calls for: it belongs to a version's
    /// format, and is compared after the version.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn read(&self, protocol: Protocol) -> Result<(Advert, Addresses<'a>), Discard> {
        let Self { from, to, ttl, message } = *self;
        let (fixed, rest) = message.split_first_chunk::<8>().ok_or(Discard::Length)?;
        let [version_and_type, _, priority, count, fifth, sixth, _, _] = *fixed;
        let (version, address_bytes, trailer_bytes) = match (protocol, from) {
            (Protocol::V2(_), IpAddr::V4(_)) => (2, 4, AUTH_BYTES),
            (Protocol::V3Ipv4(_), IpAddr::V4(_)) => (3, 4, 0),
            (Protocol::V3Ipv6, IpAddr::V6(_)) => (3, 16, 0),
            (Protocol::V2(_) | Protocol::V3Ipv4(_), IpAddr::V6(_))
            | (Protocol::V3Ipv6, IpAddr::V4(_)) => return Err(Discard::Version),
        };
        if version_and_type >> 4 != version {
            return Err(Discard::Version);
        }
        let list_bytes = address_bytes * usize::from(count);
        if rest.len() != list_bytes + trailer_bytes {
            return Err(Discard::Length);
        }
        if version_and_type & 0x0f != TYPE {
            return Err(Discard::Type);
        }
        let (list, trailer) = rest.split_at_checked(list_bytes).ok_or(Discard::Length)?;
        let (format, centis) = match protocol {
            Protocol::V2(ours) => {
                if !sum::is_whole(sum::sum(message)) {
                    return Err(Discard::Checksum);
                }
                (Format::V2(auth(ours, fifth, trailer)?), u16::from(sixth) * 100)
            }
            Protocol::V3Ipv4(policy) => {
                let form = sum::carried(policy, from, to, message).ok_or(Discard::Checksum)?;
                (Format::V3Ipv4(form), centis(fifth, sixth))
            }
            Protocol::V3Ipv6 => {
                if !sum::is_whole_v6(from, to, message) {
                    return Err(Discard::Checksum);
                }
                (Format::V3Ipv6, centis(fifth, sixth))
            }
        };
        let vrid = self.vrid()?;
        if count == 0 {
            return Err(Discard::NoAddresses);
        }
        // Version 2 can say up to 255 s. No router of ours is that slow, so it is another's interval.
        let interval = Interval::from_centis(centis).ok_or(Discard::Interval)?;
        let priority = Priority::from_wire(priority);
        let list = match from {
            IpAddr::V4(_) => List::V4(list.as_chunks().0),
            IpAddr::V6(_) => List::V6(list.as_chunks().0),
        };
        Ok((Advert { from, to, ttl, vrid, priority, interval, format }, Addresses(list)))
    }
}

/// The upper four bits are reserved: ignored (RFC 9568 5.2.6).
fn centis(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high & 0x0f, low])
}

/// RFC 2338 5.3.6 and 7.1: a known type, the one we use, and our password. What stands in the
/// trailer of an advert without authentication is ignored.
fn auth(ours: Auth, kind: u8, data: &[u8]) -> Result<Auth, Discard> {
    let theirs = match (kind, data.first_chunk()) {
        (0, _) => Auth::None,
        (1, Some(password)) => Auth::Password(*password),
        _ => return Err(Discard::AuthType),
    };
    match (ours, theirs) {
        (Auth::None, Auth::None) => Ok(theirs),
        (Auth::Password(ours), Auth::Password(password)) if ours == password => Ok(theirs),
        (Auth::Password(_), Auth::Password(_)) => Err(Discard::AuthFailure),
        (Auth::None, Auth::Password(_)) | (Auth::Password(_), Auth::None) => {
            Err(Discard::AuthMismatch)
        }
    }
}
