//! The real kernel: one rtnetlink socket for requests, one for notices, packet sockets for
//! announcements and for what others claim, and settings under `/proc/sys`. Opened by
//! [`crate::start`], then owned by the mover thread.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send, setsockopt, sockopt};
use nix::sys::time::TimeVal;
use socket2::{Domain, Type};
use vrrp_proto::Family;

use super::kernel::{
    Alike, Announcement, Answer, Claim, Kernel, Notice, Origin, Path, Request, Setting,
};
use super::rows::{AddressRow, LinkRow};
use super::sys::{self, Frame};

mod arp;
mod ears;
mod messages;
mod na;
mod readings;
mod requests;

use ears::Ears;
pub use ears::read as read_claim;
use messages::{Message, messages, write};

/// Room for the notices and answers of a burst: 1,000 of each fit several times.
const RECEIVE_BUFFER: usize = 8 << 20;
/// <linux/rtnetlink.h>: RTNLGRP_IPV4_ROUTE, _IPV6_ROUTE, _IPV4_RULE, _IPV6_RULE.
const PATH_GROUPS: [u32; 4] = [7, 11, 8, 19];
/// The kernel answers within its send call; this bounds a wait that cannot happen.
const ANSWER_TIMEOUT: TimeVal = TimeVal::new(1, 0);

/// What one datagram of the monitor tells, for who has the name `port` on the request socket. What
/// cannot be read is left out.
pub fn read_notices(bytes: &[u8], port: u32) -> impl Iterator<Item = Notice> {
    messages(bytes, bytes.len()).filter_map(move |message| {
        let Message::Inner { sequence, port: sender, message } = message else { return None };
        let origin = if sender == port { Origin::Own(sequence) } else { Origin::Foreign };
        readings::notice(message, origin)
    })
}

/// The sockets.
#[derive(Debug)]
pub(crate) struct Rtnetlink {
    requests: Socket,
    /// Our name on the request socket, which notices of our requests carry.
    port: u32,
    sequence: u32,
    monitor: Socket,
    packets: socket2::Socket,
    ears: Ears,
    buffer: Vec<u8>,
}

impl Rtnetlink {
    /// Opens everything in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What could not be opened, and why.
    pub(crate) fn open() -> Result<Self, String> {
        let (requests, port) = netlink(0).map_err(|e| format!("rtnetlink socket: {e}"))?;
        // Dumps are filtered by the kernel, and refusals do not repeat the request. Without
        // (before Linux 4.20 and 4.2) both cost more and say the same.
        requests
            .set_netlink_get_strict_chk(true)
            .and_then(|()| requests.set_cap_ack(true))
            .unwrap_or(());
        let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR;
        let (monitor, _) =
            netlink(groups as u32).map_err(|e| format!("rtnetlink monitor socket: {e}"))?;
        // Protocol 0: nothing is received on it.
        let packets = socket2::Socket::new(Domain::PACKET, Type::RAW, None)
            .map_err(|e| format!("packet socket for announcements: {e}"))?;
        let ears = Ears::new().map_err(|e| format!("epoll: {}", e.desc()))?;
        let buffer = vec![0; 1 << 18];
        Ok(Self { requests, port, sequence: 0, monitor, packets, ears, buffer })
    }

    /// The descriptor that is readable when notices wait.
    pub(crate) fn monitor(&self) -> BorrowedFd<'_> {
        self.monitor.as_fd()
    }

    /// The descriptor that is readable when somebody claims something.
    pub(crate) fn ears(&self) -> BorrowedFd<'_> {
        self.ears.fd()
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
            let (message, flags) = requests::of(request);
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
        let (ask_links, ask_addresses) = requests::dumps();
        let links = self.dump_of(ask_links, readings::dumped_link)?;
        let addresses = self.dump_of(ask_addresses, readings::dumped_address)?;
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
            let bytes = self.buffer.get(..length).unwrap_or_default();
            notices.extend(read_notices(bytes, self.port));
        }
    }

    fn dump_paths(&mut self) -> Result<Vec<Path>, Errno> {
        let mut paths = Vec::new();
        for family in [Family::V4, Family::V6] {
            let (routes, rules) = requests::path_dumps(family);
            for ask in [routes, rules] {
                match self.dump_of(ask, readings::path) {
                    Ok(some) => paths.extend(some),
                    // A kernel without IPv6, or without policy rules.
                    Err(Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => {}
                    Err(errno) => return Err(errno),
                }
            }
        }
        Ok(paths)
    }

    fn watch_paths(&mut self) -> Result<(), Errno> {
        for group in PATH_GROUPS {
            self.monitor.add_membership(group).map_err(errno_of)?;
        }
        Ok(())
    }

    fn announce(&mut self, announcements: &[Announcement]) -> Result<usize, Errno> {
        let mut frames = Vec::with_capacity(announcements.len());
        let mut forwarding = BTreeMap::new();
        for &Announcement { index, mac, address } in announcements {
            let mut frame = Frame { index, length: 0, bytes: [0; na::LENGTH] };
            match address {
                IpAddr::V4(address) => put(&mut frame, &arp::gratuitous(mac, address)),
                IpAddr::V6(address) => {
                    let forwards = *forwarding.entry(index).or_insert_with(|| forwards(index));
                    put(&mut frame, &na::unsolicited(mac, address, forwards));
                }
            }
            frames.push(frame);
        }
        let mut sent = 0;
        while let Some(rest) = frames.get(sent..).filter(|rest| !rest.is_empty()) {
            match sys::send_frames(self.packets.as_fd(), rest) {
                Ok(count) => sent += count.max(1),
                Err(Errno::EINTR) => {}
                Err(errno) if sent == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    fn setting(&mut self, setting: &Setting<'_>) -> Result<u8, Errno> {
        let text = fs::read_to_string(path_of(setting)).map_err(errno_of)?;
        text.trim().parse().map_err(|_| Errno::EINVAL)
    }

    fn set(&mut self, setting: &Setting<'_>, value: u8) -> Result<(), Errno> {
        fs::write(path_of(setting), value.to_string()).map_err(errno_of)
    }

    fn listen(&mut self, index: u32, alike: Option<Alike>) -> Result<(), Errno> {
        self.ears.listen(index, alike)
    }

    fn claims(&mut self) -> Vec<Claim> {
        self.ears.claims()
    }
}

fn put(frame: &mut Frame, bytes: &[u8]) {
    if let Some(room) = frame.bytes.get_mut(..bytes.len()) {
        room.copy_from_slice(bytes);
        frame.length = bytes.len();
    }
}

/// Whether this machine forwards what comes in on an interface: read as it is now, since nothing
/// tells of a change. In doubt it does not say that it is a router.
fn forwards(index: u32) -> na::Forwards {
    let name = nix::net::if_::if_indextoname(index).ok();
    let name = name.as_deref().and_then(|name| name.to_str().ok());
    let path = |interface| Setting { family: Family::V6, interface, name: "forwarding" };
    match name.map(|name| fs::read_to_string(path_of(&path(name)))) {
        Some(Ok(text)) if text.trim() != "0" => na::Forwards::Yes,
        _ => na::Forwards::No,
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

fn path_of(setting: &Setting<'_>) -> String {
    let Setting { family, interface, name } = setting;
    let family = match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    };
    format!("/proc/sys/net/{family}/conf/{interface}/{name}")
}

fn errno_of(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
