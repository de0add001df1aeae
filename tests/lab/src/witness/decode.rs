//! Frames to what they mean, by a decoder that shares nothing with gemel's own.
//!
//! Ethernet, IPv4, IPv6 and ARP by `pnet_packet`; VRRP version 2 by RFC 2338 5.1 and version 3 by
//! RFC 9568 5.2, neighbour discovery by RFC 4861 4.3 and 4.4, all from the bytes. A frame that is
//! none of these, or is cut short, is `None`: the witness reports what is well formed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet_packet::Packet;
use pnet_packet::arp::{ArpOperations, ArpPacket};
use pnet_packet::ethernet::{EtherTypes, EthernetPacket};
use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::ipv4::Ipv4Packet;
use pnet_packet::ipv6::Ipv6Packet;
use pnet_packet::util;

/// An Ethernet address.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Mac(pub [u8; 6]);

/// What a frame says.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// A VRRP advertisement.
    Advert(Advert),
    /// A gratuitous ARP, request or reply, or an unsolicited neighbour advertisement: this address
    /// is at this MAC.
    Garp {
        /// The address announced.
        address: IpAddr,
        /// Where it is said to be.
        mac: Mac,
    },
    /// Who has `target`? Tell `sender`. By ARP, or a neighbour solicitation.
    Question {
        /// Who asks; the unspecified address in a probe for duplicates.
        sender: IpAddr,
        /// What is asked for.
        target: IpAddr,
    },
    /// `sender` is at `mac`, said to `target`.
    Answer {
        /// The address answered for.
        sender: IpAddr,
        /// Where it is said to be.
        mac: Mac,
        /// Who asked.
        target: IpAddr,
    },
}

/// A VRRP advertisement and the header it came in.
#[derive(Clone, PartialEq)]
pub struct Advert {
    /// 2 or 3.
    pub version: u8,
    /// Sent from.
    pub source: IpAddr,
    /// Sent to: 224.0.0.18, ff02::12 or a unicast peer.
    pub destination: IpAddr,
    /// 255 unless somebody is wrong; the hop limit of IPv6.
    pub ttl: u8,
    /// The virtual router.
    pub vrid: u8,
    /// 0 means: I leave.
    pub priority: u8,
    /// The advertisement interval, in centiseconds whatever the version.
    pub interval_cs: u16,
    /// The virtual addresses.
    pub addresses: Vec<IpAddr>,
    /// Which of the forms in the field its checksum has.
    pub checksum: Checksum,
    /// The simple password of version 2, without its padding.
    pub password: Option<String>,
}

/// What a checksum covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checksum {
    /// The message alone (RFC 9568 5.2.8 for IPv4; version 2).
    Message,
    /// A pseudo-header and the message (RFC 9568 5.2.8 for IPv6; RFC 5798 for IPv4 as Linux
    /// implementations read it).
    PseudoHeader,
    /// Neither: it is wrong.
    Wrong,
}

/// Decodes an Ethernet frame; `None` if it is none of [`Kind`], or cut short.
pub fn frame(bytes: &[u8]) -> Option<(Mac, Kind)> {
    let frame = EthernetPacket::new(bytes)?;
    let kind = match frame.get_ethertype() {
        EtherTypes::Arp => arp(frame.payload()),
        EtherTypes::Ipv4 => ipv4(frame.payload()),
        EtherTypes::Ipv6 => ipv6(frame.payload()),
        _ => None,
    }?;
    Some((Mac(frame.get_source().octets()), kind))
}

fn arp(bytes: &[u8]) -> Option<Kind> {
    let packet = ArpPacket::new(bytes)?;
    let sender = packet.get_sender_proto_addr().into();
    let target = packet.get_target_proto_addr().into();
    let mac = Mac(packet.get_sender_hw_addr().octets());
    if sender == target {
        return Some(Kind::Garp { address: sender, mac });
    }
    match packet.get_operation() {
        ArpOperations::Request => Some(Kind::Question { sender, target }),
        ArpOperations::Reply => Some(Kind::Answer { sender, mac, target }),
        _ => None,
    }
}

fn ipv4(bytes: &[u8]) -> Option<Kind> {
    let packet = Ipv4Packet::new(bytes)?;
    if packet.get_next_level_protocol() != VRRP {
        return None;
    }
    let ends = Ends {
        source: packet.get_source().into(),
        destination: packet.get_destination().into(),
        ttl: packet.get_ttl(),
    };
    // `payload` ends where the header's length says, so Ethernet padding is not part of it.
    advert(&ends, packet.payload())
}

fn ipv6(bytes: &[u8]) -> Option<Kind> {
    let packet = Ipv6Packet::new(bytes)?;
    let ends = Ends {
        source: packet.get_source().into(),
        destination: packet.get_destination().into(),
        ttl: packet.get_hop_limit(),
    };
    match packet.get_next_header() {
        VRRP => advert(&ends, packet.payload()),
        ICMP => neighbour(&ends, packet.payload()),
        _ => None,
    }
}

/// A neighbour solicitation or advertisement.
fn neighbour(ends: &Ends, message: &[u8]) -> Option<Kind> {
    let (head, rest) = message.split_at_checked(8)?;
    let (target, options) = rest.split_first_chunk::<16>()?;
    let target = IpAddr::from(Ipv6Addr::from(*target));
    match head {
        [SOLICITATION, ..] => Some(Kind::Question { sender: ends.source, target }),
        [ADVERTISEMENT, _, _, _, flags, ..] => {
            let &[TARGET_LINK, 1, a, b, c, d, e, g, ..] = options else { return None };
            let mac = Mac([a, b, c, d, e, g]);
            if flags & SOLICITED == 0 {
                Some(Kind::Garp { address: target, mac })
            } else {
                Some(Kind::Answer { sender: target, mac, target: ends.destination })
            }
        }
        _ => None,
    }
}

/// What the header of an advert says.
struct Ends {
    source: IpAddr,
    destination: IpAddr,
    ttl: u8,
}

fn advert(ends: &Ends, message: &[u8]) -> Option<Kind> {
    let (head, body) = message.split_at_checked(8)?;
    let &[kind, vrid, priority, count, high, low, _, _] = head else { return None };
    let width = if ends.source.is_ipv4() { 4 } else { 16 };
    let (list, trailer) = body.split_at_checked(usize::from(count) * width)?;
    let (version, interval_cs, password) = match (kind, trailer.len()) {
        (VERSION_3_ADVERTISEMENT, 0) => (3, u16::from_be_bytes([high & 0x0f, low]), None),
        (VERSION_2_ADVERTISEMENT, 8) if width == 4 => {
            let end = trailer.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let text = String::from_utf8_lossy(trailer.get(..end)?).into_owned();
            (2, u16::from(low) * 100, (high == SIMPLE_PASSWORD).then_some(text))
        }
        _ => return None,
    };
    let addresses = list.chunks_exact(width).map(address).collect::<Option<_>>()?;
    let checksum = checksum(message, version, ends);
    let &Ends { source, destination, ttl } = ends;
    Some(Kind::Advert(Advert {
        version,
        source,
        destination,
        ttl,
        vrid,
        priority,
        interval_cs,
        addresses,
        checksum,
        password,
    }))
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).into());
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

fn checksum(message: &[u8], version: u8, ends: &Ends) -> Checksum {
    let &[_, _, _, _, _, _, high, low, ..] = message else { return Checksum::Wrong };
    let said = u16::from_be_bytes([high, low]);
    // All skip the field itself: 16-bit word 3.
    let with_header = match (ends.source, ends.destination) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            util::ipv4_checksum(message, 3, &[], &from, &to, VRRP)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            util::ipv6_checksum(message, 3, &[], &from, &to, VRRP)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Checksum::Wrong,
    };
    if said == with_header && version == 3 {
        Checksum::PseudoHeader
    } else if said == util::checksum(message, 3) {
        Checksum::Message
    } else {
        Checksum::Wrong
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advert(advert) => write!(f, "{advert:?}"),
            Self::Garp { address, mac } => write!(f, "announces {address} at {mac}"),
            Self::Question { sender, target } => write!(f, "asks for {target}, being {sender}"),
            Self::Answer { sender, mac, target } => {
                write!(f, "answers {target}: {sender} is at {mac}")
            }
        }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Advert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, source, destination, ttl, vrid, priority, interval_cs, .. } = self;
        write!(f, "advert v{version} vrid={vrid} priority={priority} interval={interval_cs}cs ")?;
        write!(f, "{source}->{destination} ttl={ttl} {:?} {:?}", self.addresses, self.checksum)?;
        self.password.as_ref().map_or(Ok(()), |password| write!(f, " password={password}"))
    }
}

const VRRP: IpNextHeaderProtocol = IpNextHeaderProtocol(112);

const ICMP: IpNextHeaderProtocol = IpNextHeaderProtocol(58);

const VERSION_2_ADVERTISEMENT: u8 = 0x21;

const VERSION_3_ADVERTISEMENT: u8 = 0x31;

/// Authentication type 1 (RFC 2338 5.3.6).
const SIMPLE_PASSWORD: u8 = 1;

const SOLICITATION: u8 = 135;

const ADVERTISEMENT: u8 = 136;

/// The flag of a neighbour advertisement that answers.
const SOLICITED: u8 = 0x40;

/// The option with the target's MAC.
const TARGET_LINK: u8 = 2;

#[cfg(test)]
mod tests;
