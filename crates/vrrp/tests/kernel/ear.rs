//! An ear on the cable of one host: what that host sends, whatever MAC address it sends from, with
//! the kernel's time of arrival. Decoded by place, not by our own code.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::net::Lab;

/// One advert on the cable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Said {
    /// Nanoseconds on the wall clock: only differences mean something.
    pub(crate) at: i64,
    /// The MAC addresses it came from and went to.
    pub(crate) mac: [u8; 6],
    pub(crate) to_mac: [u8; 6],
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) ttl: u8,
    pub(crate) version: u8,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
}

/// Listens from the moment it is made.
pub(crate) struct Ear {
    socket: Socket,
    /// The switch's end of the cable.
    index: usize,
}

impl Ear {
    pub(crate) fn new(lab: &Lab, host: char) -> Self {
        lab.inside('s', || {
            let all = Protocol::from(i32::from(0x0003_u16.to_be()));
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(all)).unwrap();
            setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
            setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).unwrap();
            let index = nix::net::if_::if_nametoindex(format!("{host}-eth0").as_str()).unwrap();
            // <linux/filter.h>: load the interface's index; that one is kept whole, others not.
            let load = SockFilter::new(0x20, 0, 0, 0xffff_f000 + 8);
            let compare = SockFilter::new(0x15, 0, 1, index);
            let [keep, drop] = [u32::MAX, 0].map(|bytes| SockFilter::new(0x06, 0, 0, bytes));
            socket.attach_filter(&[load, compare, keep, drop]).unwrap();
            Self { socket, index: index as usize }
        })
    }

    /// Every advert since the last call, in order.
    pub(crate) fn heard(&self) -> Vec<Said> {
        let mut said = Vec::new();
        while let Some((at, frame)) = self.frame() {
            said.extend(decode(at, &frame));
        }
        said
    }

    /// The times of all frames from these MAC addresses.
    pub(crate) fn frames_of(&self, macs: &[[u8; 6]]) -> Vec<i64> {
        let frames = std::iter::from_fn(|| self.frame());
        frames
            .filter(|(_, frame)| macs.iter().any(|mac| frame[6..12] == *mac))
            .map(|(at, _)| at)
            .collect()
    }

    /// The next frame that came in from the host.
    pub(crate) fn frame(&self) -> Option<(i64, Vec<u8>)> {
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
                Err(Errno::EAGAIN) => return None,
                message => message.unwrap(),
            };
            let at = message.cmsgs().unwrap().find_map(|cmsg| {
                let ControlMessageOwned::ScmTimestampns(time) = cmsg else { return None };
                Some(time.tv_sec() * 1_000_000_000 + time.tv_nsec())
            });
            // <linux/if_packet.h>, PACKET_OUTGOING: what others say to the host.
            let is_own = |at: LinkAddr| at.ifindex() == self.index && at.pkttype() != 4;
            let length = message.bytes;
            if message.address.is_some_and(is_own) {
                return Some((at.unwrap(), frame[..length].to_vec()));
            }
        }
    }
}

fn decode(at: i64, frame: &[u8]) -> Option<Said> {
    let (to_mac, rest) = frame.split_first_chunk::<6>()?;
    let (mac, rest) = rest.split_first_chunk::<6>()?;
    let (kind, packet) = rest.split_first_chunk::<2>()?;
    let (protocol, ttl, from, to, message): (u8, u8, IpAddr, IpAddr, &[u8]) = match kind {
        [0x08, 0x00] => (
            *packet.get(9)?,
            *packet.get(8)?,
            Ipv4Addr::from(*packet.get(12..)?.first_chunk::<4>()?).into(),
            Ipv4Addr::from(*packet.get(16..)?.first_chunk::<4>()?).into(),
            packet.get(20..)?,
        ),
        [0x86, 0xdd] => (
            *packet.get(6)?,
            *packet.get(7)?,
            Ipv6Addr::from(*packet.get(8..)?.first_chunk::<16>()?).into(),
            Ipv6Addr::from(*packet.get(24..)?.first_chunk::<16>()?).into(),
            packet.get(40..)?,
        ),
        _ => return None,
    };
    let [version, vrid, priority] = *message.first_chunk()?;
    let (mac, to_mac, version) = (*mac, *to_mac, version >> 4);
    (protocol == 112).then_some(Said { at, mac, to_mac, from, to, ttl, version, vrid, priority })
}
