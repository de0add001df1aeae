//! ARP for one gateway: requests from our own address, replies from the gateway's (RFC 826).

use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, SockRef, Socket, Type};

use super::{mac, own_mac};
use crate::filter::{accept, drop_it, is, load16, load32};
use crate::sys;

/// A packet socket that hears this gateway's replies.
#[derive(Debug)]
pub(super) struct Port {
    socket: Socket,
    index: u32,
    gateway: Ipv4Addr,
    /// Whom to ask: who answered last, or everybody.
    to: [u8; 6],
    /// Whether the last question was answered.
    answered: bool,
}

impl Port {
    pub(super) fn open(index: u32, gateway: Ipv4Addr) -> io::Result<Self> {
        // Protocol 0 hears nothing until the filter stands and the interface is known.
        let socket = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), None)?;
        socket.attach_filter(&[
            load16(OPERATION),
            is(REPLY.into(), 3),
            load32(SENDER),
            is(gateway.to_bits(), 1),
            accept(),
            drop_it(),
        ])?;
        sys::bind_packets(socket.as_fd(), PROTOCOL, index)?;
        Ok(Self { socket, index, gateway, to: BROADCAST, answered: false })
    }

    /// Asks who answered last time, so that not every host of the link is woken each second; or
    /// everybody, when that one is silent (RFC 1122 2.3.2.1).
    pub(super) fn ask(&mut self, interface: &str) -> io::Result<()> {
        if !std::mem::replace(&mut self.answered, false) {
            self.to = BROADCAST;
        }
        let own = own_mac(&self.socket)?;
        let request = request(own, own_address(interface, self.gateway), self.gateway);
        sys::send_packet(self.socket.as_fd(), PROTOCOL, self.index, self.to, &request)?;
        Ok(())
    }

    /// Drains the socket; who answered, if somebody did.
    pub(super) fn answer(&mut self) -> io::Result<Option<String>> {
        let mut packet = [0; 64];
        let mut who = None;
        for _ in 0..crate::DRAIN {
            match recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Ok(length) => {
                    who = replied(packet.get(..length).unwrap_or_default(), self.gateway).or(who);
                }
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        if let Some(who) = who {
            self.to = who;
            self.answered = true;
        }
        Ok(who.map(|who| format!("answers from {}", mac(who))))
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Which of our addresses on this interface the kernel would speak to the gateway from. Without one
/// the request is a probe (RFC 5227 1.1), which is answered as well.
fn own_address(interface: &str, gateway: Ipv4Addr) -> Ipv4Addr {
    let asked = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        SockRef::from(&socket).bind_device(Some(interface.as_bytes()))?;
        // No packet leaves: connecting a datagram socket only asks the routing table.
        socket.connect((gateway, 9))?;
        socket.local_addr()
    });
    match asked.map(|address| address.ip()) {
        Ok(IpAddr::V4(address)) => address,
        Ok(IpAddr::V6(_)) | Err(_) => Ipv4Addr::UNSPECIFIED,
    }
}

fn request(mac: [u8; 6], own: Ipv4Addr, gateway: Ipv4Addr) -> [u8; LENGTH] {
    let parts: [&[u8]; 6] =
        [&ETHERNET_IPV4, &[0, 1], &mac, &own.octets(), &[0; 6], &gateway.octets()];
    let mut packet = [0; LENGTH];
    for (place, byte) in packet.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    packet
}

/// Who replied, if this is the gateway's reply.
fn replied(packet: &[u8], gateway: Ipv4Addr) -> Option<[u8; 6]> {
    let (kind, rest) = packet.split_first_chunk::<6>()?;
    let (operation, rest) = rest.split_first_chunk::<2>()?;
    let (mac, rest) = rest.split_first_chunk::<6>()?;
    let sender = rest.first_chunk::<4>()?;
    let theirs = Ipv4Addr::from(*sender) == gateway && u16::from_be_bytes(*operation) == REPLY;
    (*kind == ETHERNET_IPV4 && theirs).then_some(*mac)
}

/// Hardware type 1 with 6 bytes of address, protocol 0x0800 with 4.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];
const REPLY: u16 = 2;
/// Offsets of the operation and of the sender's protocol address.
const OPERATION: u32 = 6;
const SENDER: u32 = 14;
const LENGTH: usize = 28;
/// `ETH_P_ARP`.
const PROTOCOL: u16 = 0x0806;
const BROADCAST: [u8; 6] = [0xff; 6];

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    #[test]
    fn a_request_asks_for_the_gateway_from_our_address() {
        let packet = request(MAC, Ipv4Addr::new(192, 0, 2, 11), Ipv4Addr::new(192, 0, 2, 1));
        let hex: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "0001080006040001020000000001c000020b000000000000c0000201");
    }

    #[test]
    fn only_a_reply_of_the_gateway_counts() {
        let gateway = Ipv4Addr::new(192, 0, 2, 1);
        let mut packet = request(MAC, gateway, Ipv4Addr::new(192, 0, 2, 11));
        assert_eq!(replied(&packet, gateway), None, "a request is none");
        packet[7] = 2;
        assert_eq!(replied(&packet, gateway), Some(MAC));
        assert_eq!(replied(&packet, Ipv4Addr::new(192, 0, 2, 2)), None, "somebody else's");
        for length in 0..18 {
            assert_eq!(replied(&packet[..length], gateway), None, "cut to {length}");
        }
    }
}
