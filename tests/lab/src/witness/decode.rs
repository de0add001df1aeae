//! Frames to what they mean, by a decoder that shares nothing with gemel's own.
//!
//! Ethernet, IPv4 and ARP by `pnet_packet`; VRRP version 3 by RFC 9568 5.2 from the bytes. A
//! frame that is neither, or is cut short, is `None`: the witness reports what is well formed.

use std::fmt;
use std::net::Ipv4Addr;

use pnet_packet::Packet;
use pnet_packet::arp::{ArpOperations, ArpPacket};
use pnet_packet::ethernet::{EtherTypes, EthernetPacket};
use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::ipv4::Ipv4Packet;
use pnet_packet::util;

/// An Ethernet address.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Mac(pub [u8; 6]);

/// What a frame says.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// A VRRPv3 advertisement.
    Advert(Advert),
    /// A gratuitous ARP, request or reply: this address is at this MAC.
    Garp {
        /// The address announced.
        address: Ipv4Addr,
        /// Where it is said to be.
        mac: Mac,
    },
    /// Who has `target`? Tell `sender`.
    ArpRequest {
        /// Who asks; 0.0.0.0 in a probe for duplicates.
        sender: Ipv4Addr,
        /// What is asked for.
        target: Ipv4Addr,
    },
    /// `sender` is at `mac`, said to `target`.
    ArpReply {
        /// The address answered for.
        sender: Ipv4Addr,
        /// Where it is said to be.
        mac: Mac,
        /// Who asked.
        target: Ipv4Addr,
    },
}

/// A VRRPv3 advertisement and the header it came in.
#[derive(Clone, PartialEq)]
pub struct Advert {
    /// Sent from.
    pub source: Ipv4Addr,
    /// Sent to: 224.0.0.18 or a unicast peer.
    pub destination: Ipv4Addr,
    /// 255 unless somebody is wrong.
    pub ttl: u8,
    /// The virtual router.
    pub vrid: u8,
    /// 0 means: I leave.
    pub priority: u8,
    /// Max advertise interval, in centiseconds.
    pub interval_cs: u16,
    /// The virtual addresses.
    pub addresses: Vec<Ipv4Addr>,
    /// Which of the two forms in the field its checksum has.
    pub checksum: Checksum,
}

/// What a VRRPv3 checksum covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checksum {
    /// The message alone (RFC 9568 5.2.8).
    Message,
    /// A pseudo-header and the message (RFC 5798 as Linux implementations read it).
    PseudoHeader,
    /// Neither: it is wrong.
    Wrong,
}

/// Decodes an Ethernet frame; `None` if it is not VRRPv3 or ARP for IPv4, or cut short.
pub fn frame(bytes: &[u8]) -> Option<(Mac, Kind)> {
    let frame = EthernetPacket::new(bytes)?;
    let kind = match frame.get_ethertype() {
        EtherTypes::Arp => arp(frame.payload()),
        EtherTypes::Ipv4 => advert(frame.payload()),
        _ => None,
    }?;
    Some((Mac(frame.get_source().octets()), kind))
}

fn arp(bytes: &[u8]) -> Option<Kind> {
    let packet = ArpPacket::new(bytes)?;
    let sender = packet.get_sender_proto_addr();
    let target = packet.get_target_proto_addr();
    let mac = Mac(packet.get_sender_hw_addr().octets());
    if sender == target {
        return Some(Kind::Garp { address: sender, mac });
    }
    match packet.get_operation() {
        ArpOperations::Request => Some(Kind::ArpRequest { sender, target }),
        ArpOperations::Reply => Some(Kind::ArpReply { sender, mac, target }),
        _ => None,
    }
}

fn advert(bytes: &[u8]) -> Option<Kind> {
    let packet = Ipv4Packet::new(bytes)?;
    if packet.get_next_level_protocol() != VRRP {
        return None;
    }
    // `payload` ends where the header's length says, so Ethernet padding is not part of it.
    let message = packet.payload();
    let (head, list) = message.split_at_checked(8)?;
    let &[kind, vrid, priority, count, high, low, _, _] = head else { return None };
    if kind != VERSION_3_ADVERTISEMENT || list.len() != usize::from(count) * 4 {
        return None;
    }
    let (source, destination) = (packet.get_source(), packet.get_destination());
    Some(Kind::Advert(Advert {
        source,
        destination,
        ttl: packet.get_ttl(),
        vrid,
        priority,
        interval_cs: u16::from_be_bytes([high & 0x0f, low]),
        addresses: list.as_chunks().0.iter().map(|&octets: &[u8; 4]| octets.into()).collect(),
        checksum: checksum(message, source, destination),
    }))
}

fn checksum(message: &[u8], source: Ipv4Addr, destination: Ipv4Addr) -> Checksum {
    let &[_, _, _, _, _, _, high, low, ..] = message else { return Checksum::Wrong };
    let said = u16::from_be_bytes([high, low]);
    // Both skip the field itself: 16-bit word 3.
    if said == util::checksum(message, 3) {
        Checksum::Message
    } else if said == util::ipv4_checksum(message, 3, &[], &source, &destination, VRRP) {
        Checksum::PseudoHeader
    } else {
        Checksum::Wrong
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advert(advert) => write!(f, "{advert:?}"),
            Self::Garp { address, mac } => write!(f, "announces {address} at {mac}"),
            Self::ArpRequest { sender, target } => write!(f, "asks for {target}, being {sender}"),
            Self::ArpReply { sender, mac, target } => {
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
        let Self { source, destination, ttl, vrid, priority, interval_cs, .. } = self;
        write!(f, "advert vrid={vrid} priority={priority} interval={interval_cs}cs ")?;
        write!(f, "{source}->{destination} ttl={ttl} {:?} {:?}", self.addresses, self.checksum)
    }
}

const VRRP: IpNextHeaderProtocol = IpNextHeaderProtocol(112);

const VERSION_3_ADVERTISEMENT: u8 = 0x31;

#[cfg(test)]
mod tests;
