//! Frames that the bench itself sends: adverts of a synthetic Active, and every kind of bad one.

use std::net::Ipv4Addr;
use std::time::Duration;

/// An advert to be, with all that can be wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) mac: [u8; 6],
    pub(crate) source: Ipv4Addr,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
    pub(crate) interval: Duration,
    pub(crate) addresses: Vec<Ipv4Addr>,
}

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flaw {
    Checksum,
    /// Four bytes of message.
    Short,
    /// TTL 1 instead of 255.
    Ttl,
    /// VRRPv2 where v3 is spoken.
    Version,
    /// It says two addresses and has one.
    Length,
    /// Well formed, of lower priority, with an address that is not ours.
    List,
}

impl Flaw {
    pub(crate) const ALL: [Self; 6] =
        [Self::Checksum, Self::Short, Self::Ttl, Self::Version, Self::Length, Self::List];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Checksum => "bad checksum",
            Self::Short => "short",
            Self::Ttl => "TTL 1",
            Self::Version => "version 2",
            Self::Length => "lying length",
            Self::List => "address list",
        }
    }
}

impl Frame {
    /// As it should be: VRRPv3, with the checksum that every Linux implementation takes.
    pub(crate) fn good(&self) -> Vec<u8> {
        self.ethernet(255, self.version_3(self.addresses.len()))
    }

    /// As it should not be; but for `List` of a priority that would win if it were taken.
    pub(crate) fn bad(&self, flaw: Flaw) -> Vec<u8> {
        let mut frame = self.clone();
        frame.priority = if flaw == Flaw::List { LOSER } else { WINNER };
        let count = frame.addresses.len();
        match flaw {
            Flaw::Checksum => {
                let mut message = frame.version_3(count);
                message[6] ^= 0x55;
                frame.ethernet(255, message)
            }
            Flaw::Short => {
                let mut message = frame.version_3(count);
                message.truncate(4);
                frame.ethernet(255, message)
            }
            Flaw::Ttl => frame.ethernet(1, frame.version_3(count)),
            Flaw::Version => frame.ethernet(255, frame.version_2()),
            Flaw::Length => frame.ethernet(255, frame.version_3(count + 1)),
            Flaw::List => {
                frame.addresses = vec![FOREIGN];
                frame.ethernet(255, frame.version_3(1))
            }
        }
    }

    fn version_3(&self, count: usize) -> Vec<u8> {
        let centiseconds = (self.interval.as_millis() / 10) as u16;
        let [high, low] = centiseconds.to_be_bytes();
        let mut message = vec![0x31, self.vrid, self.priority, count as u8, high, low, 0, 0];
        message.extend(self.addresses.iter().flat_map(Ipv4Addr::octets));
        let mut covered = self.source.octets().to_vec();
        covered.extend(GROUP.octets());
        covered.extend([0, VRRP]);
        covered.extend((message.len() as u16).to_be_bytes());
        covered.extend(&message);
        message[6..8].copy_from_slice(&checksum(&covered));
        message
    }

    fn version_2(&self) -> Vec<u8> {
        let count = self.addresses.len() as u8;
        let mut message = vec![0x21, self.vrid, self.priority, count, 0, 1, 0, 0];
        message.extend(self.addresses.iter().flat_map(Ipv4Addr::octets));
        message.extend([0; 8]);
        let sum = checksum(&message);
        message[6..8].copy_from_slice(&sum);
        message
    }

    fn ethernet(&self, ttl: u8, message: Vec<u8>) -> Vec<u8> {
        let mut frame = vec![0x01, 0x00, 0x5e, 0x00, 0x00, 0x12];
        frame.extend(self.mac);
        frame.extend([0x08, 0x00]);
        let [high, low] = (20 + message.len() as u16).to_be_bytes();
        let mut header = vec![0x45, 0xc0, high, low, 0, 0, 0, 0, ttl, VRRP, 0, 0];
        header.extend(self.source.octets());
        header.extend(GROUP.octets());
        let sum = checksum(&header);
        header[10..12].copy_from_slice(&sum);
        frame.extend(header);
        frame.extend(message);
        frame
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    (!(sum as u16)).to_be_bytes()
}

/// Where adverts go.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

const VRRP: u8 = 112;

/// Above both directors.
const WINNER: u8 = 200;

/// Below both.
const LOSER: u8 = 50;

/// Nobody's address.
const FOREIGN: Ipv4Addr = Ipv4Addr::new(10, 0, 99, 99);

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    use crate::witness::decode::{self, Checksum, Kind};

    fn frame() -> Frame {
        Frame {
            mac: [2, 0, 0, 0, 0, 1],
            source: Ipv4Addr::new(10, 0, 0, 66),
            vrid: 7,
            priority: 150,
            interval: Duration::from_millis(100),
            addresses: vec![Ipv4Addr::new(10, 0, 1, 1)],
        }
    }

    #[test]
    fn a_good_frame_is_what_the_independent_decoder_reads() {
        let Some((_, Kind::Advert(advert))) = decode::frame(&frame().good()) else { panic!() };
        assert_eq!(
            (advert.vrid, advert.priority, advert.interval_cs, advert.ttl),
            (7, 150, 10, 255)
        );
        assert_eq!(advert.addresses, [IpAddr::from([10, 0, 1, 1])]);
        assert_eq!(advert.checksum, Checksum::PseudoHeader);
    }

    #[test]
    fn each_bad_frame_has_its_flaw() {
        let read = |flaw| match decode::frame(&frame().bad(flaw)) {
            Some((_, Kind::Advert(advert))) => Some(advert),
            _ => None,
        };
        assert_eq!(read(Flaw::Checksum).unwrap().checksum, Checksum::Wrong);
        assert_eq!(read(Flaw::Ttl).unwrap().ttl, 1);
        for unreadable in [Flaw::Short, Flaw::Length] {
            assert!(read(unreadable).is_none(), "{unreadable:?}");
        }
        assert!(read(Flaw::Version).is_none_or(|advert| advert.version != 3));
        let list = read(Flaw::List).unwrap();
        assert_eq!((list.priority, list.addresses), (50, vec![FOREIGN.into()]));
        assert_eq!(list.checksum, Checksum::PseudoHeader);
    }
}
