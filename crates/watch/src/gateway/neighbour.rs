//! Neighbour solicitation for one IPv6 gateway, and its advertisements (RFC 4861 4.3, 4.4).

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};

use super::{mac, own_mac};
use crate::filter::{accept, drop_it, is, load8, load32};
use crate::sys;

/// A raw socket on one interface that hears this gateway's advertisements.
#[derive(Debug)]
pub(super) struct Port {
    socket: Socket,
    /// Hears nothing; it knows our own MAC address.
    link: Socket,
    index: u32,
    gateway: Ipv6Addr,
}

impl Port {
    pub(super) fn open(index: u32, interface: &str, gateway: Ipv6Addr) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV6, Type::RAW.nonblocking(), Some(Protocol::ICMPV6))?;
        let target = |word: u32| (gateway.to_bits() >> (96 - 32 * word)) as u32;
        socket.attach_filter(&[
            // RFC 4861 7.1.2: the type, a hop limit of 255 (nobody off the link), the target.
            load8(0),
            is(ADVERTISEMENT.into(), 11),
            load8(HOP_LIMIT),
            is(255, 9),
            load32(8),
            is(target(0), 7),
            load32(12),
            is(target(1), 5),
            load32(16),
            is(target(2), 3),
            load32(20),
            is(target(3), 1),
            accept(),
            drop_it(),
        ])?;
        socket.bind_device(Some(interface.as_bytes()))?;
        socket.set_multicast_if_v6(index)?;
        socket.set_multicast_hops_v6(255)?;
        let link = Socket::new(Domain::PACKET, Type::DGRAM, None)?;
        sys::bind_packets(link.as_fd(), 0, index)?;
        Ok(Self { socket, link, index, gateway })
    }

    /// Asks the gateway's solicited-node group; the kernel picks the source and writes the checksum.
    pub(super) fn ask(&self) -> io::Result<()> {
        let to = SocketAddrV6::new(solicited_node(self.gateway), 0, 0, self.index);
        self.socket.send_to(&solicitation(own_mac(&self.link)?, self.gateway), &to.into())?;
        Ok(())
    }

    /// Drains the socket; who answered, if somebody did.
    pub(super) fn answer(&self) -> io::Result<Option<String>> {
        let mut packet = [0; 256];
        let mut who = None;
        for _ in 0..crate::DRAIN {
            match recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Ok(length) => {
                    let packet = packet.get(..length).unwrap_or_default();
                    who = advertised(packet, self.gateway).or(who);
                }
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(who.map(|from| match from {
            Some(bytes) => format!("answers from {}", mac(bytes)),
            None => "answers".to_owned(),
        }))
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The message with our link-layer address, which a multicast solicitation must name.
fn solicitation(mac: [u8; 6], gateway: Ipv6Addr) -> [u8; 32] {
    let parts: [&[u8]; 4] =
        [&[SOLICITATION, 0, 0, 0, 0, 0, 0, 0], &gateway.octets(), &[SOURCE_ADDRESS, 1], &mac];
    let mut message = [0; 32];
    for (place, byte) in message.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    message
}

/// If this is an advertisement for the gateway: the link-layer address it names, if it names one.
fn advertised(message: &[u8], gateway: Ipv6Addr) -> Option<Option<[u8; 6]>> {
    let (head, rest) = message.split_first_chunk::<8>()?;
    let (target, options) = rest.split_first_chunk::<16>()?;
    if head[0] != ADVERTISEMENT || Ipv6Addr::from(*target) != gateway {
        return None;
    }
    let mac = options.first_chunk::<8>().filter(|option| option[..2] == [TARGET_ADDRESS, 1]);
    Some(mac.map(|&[_, _, a, b, c, d, e, f]| [a, b, c, d, e, f]))
}

/// RFC 4291 2.7.1.
fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let group: u128 = 0xff02_0000_0000_0000_0000_0001_ff00_0000;
    Ipv6Addr::from_bits(group | (address.to_bits() & 0x00ff_ffff))
}

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// The options that name the sender's and the target's link-layer addresses.
const SOURCE_ADDRESS: u8 = 1;
const TARGET_ADDRESS: u8 = 2;
/// The seventh byte of the network header (`SKF_NET_OFF`).
const HOP_LIMIT: u32 = (libc::SKF_NET_OFF + 7) as u32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_an_address_ends_in_its_last_24_bits() {
        let address: Ipv6Addr = "2001:db8::12:3456".parse().unwrap();
        assert_eq!(solicited_node(address), "ff02::1:ff12:3456".parse::<Ipv6Addr>().unwrap());
    }

    #[test]
    fn a_solicitation_names_the_gateway_and_us() {
        let message = solicitation([2, 0, 0, 0, 0, 9], "fe80::1".parse().unwrap());
        let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "8700000000000000fe8000000000000000000000000000010101020000000009");
    }

    #[test]
    fn only_an_advertisement_of_the_gateway_counts() {
        let gateway: Ipv6Addr = "fe80::1".parse().unwrap();
        let mut message = solicitation([2, 0, 0, 0, 0, 9], gateway)[..24].to_vec();
        assert_eq!(advertised(&message, gateway), None, "a solicitation is none");
        message[0] = 136;
        assert_eq!(advertised(&message, gateway), Some(None));
        message.extend([2, 1, 2, 0, 0, 0, 0, 1]);
        assert_eq!(advertised(&message, gateway), Some(Some([2, 0, 0, 0, 0, 1])));
        assert_eq!(advertised(&message, "fe80::2".parse().unwrap()), None, "somebody else's");
        for length in 0..24 {
            assert_eq!(advertised(&message[..length], gateway), None, "cut to {length}");
        }
    }
}
