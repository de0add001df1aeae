//! An independent ear on the switch: every frame with the kernel's time of arrival, decoded by
//! pnet and not by our own code.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use pnet_packet::Packet;
use pnet_packet::arp::{ArpOperations, ArpPacket};
use pnet_packet::ethernet::{EtherTypes, EthernetPacket};
use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::ipv4::Ipv4Packet;
use socket2::{Domain, Protocol, Socket, Type};

use crate::net::Lab;

/// One frame, and when the switch had it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    /// Nanoseconds on the wall clock: only differences mean something.
    pub(crate) at: i64,
    /// The host that sent it, from its MAC address.
    pub(crate) host: char,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// Priority, source and destination.
    Advert(u8, Ipv4Addr, Ipv4Addr),
    /// An ARP request from and for the same address.
    Gratuitous(Ipv4Addr),
    /// "This address is me."
    ArpReply(Ipv4Addr),
    /// A datagram from the echo port.
    Echo,
}

/// The port that [`What::Echo`] comes from.
pub(crate) const ECHO_PORT: u16 = 7007;

/// Listens from the moment it is made.
pub(crate) struct Witness {
    socket: OwnedFd,
    bridge: usize,
}

impl Witness {
    pub(crate) fn new(lab: &Lab) -> Self {
        lab.inside('s', || {
            let all = Protocol::from(i32::from(0x0003_u16.to_be()));
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(all)).unwrap();
            setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
            setsockopt(&socket, sockopt::RcvBufForce, &(8 << 20)).unwrap();
            let bridge = nix::net::if_::if_nametoindex("br0").unwrap() as usize;
            Self { socket: socket.into(), bridge }
        })
    }

    /// Everything heard since the last call, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut frame = [0; 2048];
        loop {
            let mut room = nix::cmsg_space!(TimeSpec);
            let mut vectors = [std::io::IoSliceMut::new(&mut frame)];
            let message = recvmsg::<LinkAddr>(
                self.socket.as_raw_fd(),
                &mut vectors,
                Some(&mut room),
                MsgFlags::MSG_DONTWAIT,
            );
            let message = match message {
                Err(Errno::EAGAIN) => return seen,
                message => message.unwrap(),
            };
            let at = message.cmsgs().unwrap().find_map(|cmsg| {
                let ControlMessageOwned::ScmTimestampns(time) = cmsg else { return None };
                Some(time.tv_sec() * 1_000_000_000 + time.tv_nsec())
            });
            let on_bridge = message.address.is_some_and(|from| from.ifindex() == self.bridge);
            let bytes = message.bytes;
            if on_bridge && let Some((host, what)) = decode(&frame[..bytes]) {
                seen.push(Seen { at: at.unwrap(), host, what });
            }
        }
    }
}

/// When something was first or last seen.
pub(crate) fn times(seen: &[Seen], host: char, is: impl Fn(What) -> bool) -> Vec<i64> {
    seen.iter().filter(|one| one.host == host && is(one.what)).map(|one| one.at).collect()
}

pub(crate) fn is_advert(what: What) -> bool {
    matches!(what, What::Advert(..))
}

pub(crate) fn is_gratuitous(what: What) -> bool {
    matches!(what, What::Gratuitous(_))
}

fn decode(frame: &[u8]) -> Option<(char, What)> {
    let ethernet = EthernetPacket::new(frame)?;
    let host = char::from(b'a'.checked_add(frame.get(11)?.checked_sub(1)?)?);
    let what = if ethernet.get_ethertype() == EtherTypes::Arp {
        let arp = ArpPacket::new(ethernet.payload())?;
        let (from, to) = (arp.get_sender_proto_addr(), arp.get_target_proto_addr());
        match arp.get_operation() {
            ArpOperations::Request if from == to => What::Gratuitous(from),
            ArpOperations::Reply => What::ArpReply(from),
            _ => return None,
        }
    } else if ethernet.get_ethertype() == EtherTypes::Ipv4 {
        let ip = Ipv4Packet::new(ethernet.payload())?;
        match ip.get_next_level_protocol() {
            IpNextHeaderProtocol(112) => {
                What::Advert(*ip.payload().get(2)?, ip.get_source(), ip.get_destination())
            }
            IpNextHeaderProtocol(17)
                if ip.payload().first_chunk() == Some(&ECHO_PORT.to_be_bytes()) =>
            {
                What::Echo
            }
            _ => return None,
        }
    } else {
        return None;
    };
    Some((host, what))
}
