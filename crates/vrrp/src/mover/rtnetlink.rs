//! The real kernel: one rtnetlink socket for requests, one for notices, a packet socket for
//! gratuitous ARP, and `arp_ignore` under `/proc/sys`. Opened by [`crate::start`], then owned by the
//! mover thread.

use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send, setsockopt, sockopt};
use nix::sys::time::TimeVal;
use socket2::{Domain, Type};

use super::kernel::{Answer, Kernel, Notice, Origin, Request};
use super::picture::{AddressRow, LinkRow};
use crate::sys;

mod arp;
mod messages;

use messages::{Message, messages, write};

/// Room for the notices and answers of a burst: 1,000 of each fit several times.
const RECEIVE_BUFFER: usize = 8 << 20;
/// The kernel answers within its send call; this bounds a wait that cannot happen.
const ANSWER_TIMEOUT: TimeVal = TimeVal::new(1, 0);

/// The sockets.
#[derive(Debug)]
pub(crate) struct Rtnetlink {
    requests: Socket,
    /// Our name on the request socket, which notices of our requests carry.
    port: u32,
    sequence: u32,
    monitor: Socket,
    packets: socket2::Socket,
    buffer: Vec<u8>,
}

impl Rtnetlink {
    /// Opens everything in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What could not be opened, and why.
    pub(crate) fn open() -> Result<Self, String> {
        let (requests, port) = netlink(0).map_err(|e| format!("rtnetlink socket: {e}"))?;
        let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR;
        let (monitor, _) =
            netlink(groups as u32).map_err(|e| format!("rtnetlink monitor socket: {e}"))?;
        // Protocol 0: nothing is received on it.
        let packets = socket2::Socket::new(Domain::PACKET, Type::RAW, None)
            .map_err(|e| format!("packet socket for gratuitous ARP: {e}"))?;
        Ok(Self { requests, port, sequence: 0, monitor, packets, buffer: vec![0; 1 << 18] })
    }

    /// The descriptor that is readable when notices wait.
    pub(crate) fn monitor(&self) -> BorrowedFd<'_> {
        self.monitor.as_fd()
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Reads until every request from `first` on has its answer.
    fn answers(&mut self, first: u32, count: usize) -> Vec<Answer> {
        // An answer that does not come within the timeout is an effect that is not known.
        let unknown = |at: usize| Answer {
            sequence: first.wrapping_add(at as u32),
            result: Err(Errno::ENOBUFS),
        };
        let mut answers: Vec<Answer> = (0..count).map(unknown).collect();
        let mut missing = count;
        while missing > 0 {
            let length = match recv(self.requests.as_raw_fd(), &mut self.buffer, MsgFlags::empty())
            {
                Ok(length) => length,
                Err(Errno::EINTR) => continue,
                Err(_) => break,
            };
            for message in messages(&self.buffer, length) {
                let Message::Answer { sequence, result } = message else { continue };
                let at = sequence.wrapping_sub(first) as usize;
                if let Some(answer) = answers.get_mut(at) {
                    answer.result = result;
                    missing -= 1;
                }
            }
        }
        answers
    }

    /// One dump; `None` from `row` leaves a message out.
    fn dump_of<T>(
        &mut self,
        ask: RouteNetlinkMessage,
        row: impl Fn(RouteNetlinkMessage) -> Option<T>,
    ) -> Result<Vec<T>, Errno> {
        let ours = self.next_sequence();
        let mut bytes = Vec::new();
        write(&mut bytes, ask, ours, NLM_F_DUMP);
        send(self.requests.as_raw_fd(), &bytes, MsgFlags::empty())?;
        let mut rows = Vec::new();
        loop {
            let length = match recv(self.requests.as_raw_fd(), &mut self.buffer, MsgFlags::empty())
            {
                Err(Errno::EINTR) => continue,
                length => length?,
            };
            for message in messages(&self.buffer, length) {
                match message {
                    Message::Inner { sequence, message, .. } if sequence == ours => {
                        rows.extend(row(message));
                    }
                    Message::Done { sequence } if sequence == ours => return Ok(rows),
                    Message::Answer { sequence, result } if sequence == ours => {
                        return result.map(|()| rows);
                    }
                    Message::Inner { .. } | Message::Done { .. } | Message::Answer { .. } => {}
                }
            }
        }
    }
}

impl Kernel for Rtnetlink {
    fn request(&mut self, requests: &[Request]) -> Vec<Answer> {
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::with_capacity(requests.len() * 64);
        for request in requests {
            let sequence = self.next_sequence();
            let (message, flags) = messages::of(request);
            write(&mut bytes, message, sequence, flags);
        }
        match send(self.requests.as_raw_fd(), &bytes, MsgFlags::empty()) {
            Ok(_) => self.answers(first, requests.len()),
            Err(errno) => (first..)
                .take(requests.len())
                .map(|sequence| Answer { sequence, result: Err(errno) })
                .collect(),
        }
    }

    fn dump(&mut self) -> Result<(Vec<LinkRow>, Vec<AddressRow>), Errno> {
        let (ask_links, ask_addresses) = messages::dumps();
        let links = self.dump_of(ask_links, messages::dumped_link)?;
        let addresses = self.dump_of(ask_addresses, messages::dumped_address)?;
        Ok((links, addresses))
    }

    fn notices(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        loop {
            let length =
                match recv(self.monitor.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT) {
                    Ok(length) => length,
                    Err(Errno::EINTR) => continue,
                    Err(Errno::EAGAIN) => return notices,
                    // ENOBUFS, or anything that may have cost a notice.
                    Err(_) => {
                        notices.push(Notice::Overrun);
                        return notices;
                    }
                };
            for message in messages(&self.buffer, length) {
                let Message::Inner { sequence, port, message } = message else { continue };
                let own = port == self.port;
                let origin = if own { Origin::Own(sequence) } else { Origin::Foreign };
                notices.extend(messages::notice(message, origin));
            }
        }
    }

    fn announce(&mut self, index: u32, mac: [u8; 6], address: Ipv4Addr) -> Result<(), Errno> {
        sys::send_frame(self.packets.as_fd(), index, &arp::gratuitous(mac, address))
    }

    fn arp_ignore(&mut self, interface: &str) -> Result<u8, Errno> {
        let text = fs::read_to_string(arp_ignore_path(interface)).map_err(errno_of)?;
        text.trim().parse().map_err(|_| Errno::EINVAL)
    }

    fn set_arp_ignore(&mut self, interface: &str, value: u8) -> Result<(), Errno> {
        fs::write(arp_ignore_path(interface), value.to_string()).map_err(errno_of)
    }
}

/// An rtnetlink socket that hears `groups`, and its port number.
fn netlink(groups: u32) -> std::io::Result<(Socket, u32)> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind(&SocketAddr::new(0, groups))?;
    let mut address = SocketAddr::new(0, 0);
    socket.get_address(&mut address)?;
    widen(&socket)?;
    setsockopt(&socket, sockopt::ReceiveTimeout, &ANSWER_TIMEOUT)?;
    Ok((socket, address.port_number()))
}

/// A receive buffer beyond `net.core.rmem_max` where that is allowed.
pub(crate) fn widen(socket: &impl AsFd) -> Result<(), Errno> {
    setsockopt(socket, sockopt::RcvBufForce, &RECEIVE_BUFFER)
        .or_else(|_| setsockopt(socket, sockopt::RcvBuf, &RECEIVE_BUFFER))
}

fn arp_ignore_path(interface: &str) -> String {
    format!("/proc/sys/net/ipv4/conf/{interface}/arp_ignore")
}

fn errno_of(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
