//! Addresses by rtnetlink, as fast as the kernel takes them, and a monitor of what happens to them.
//!
//! By bytes, so that it shares nothing with gemel: `struct nlmsghdr` and `struct ifaddrmsg` of
//! rtnetlink(7), one IFA_LOCAL.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket, sockopt,
};

use crate::net::Host;

/// What becomes of an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Add,
    Remove,
}

/// Changes the addresses of one interface.
pub(crate) struct Hand {
    socket: OwnedFd,
    interface: u32,
}

impl Hand {
    pub(crate) fn open(host: &Host, interface: &str) -> Result<Self> {
        host.enter(|| Self::open_here(interface))
    }

    /// In the network that the calling thread is in.
    pub(crate) fn open_here(interface: &str) -> Result<Self> {
        let interface = if_nametoindex(interface)?;
        Ok(Self { socket: route_socket(0, SockFlag::empty())?, interface })
    }

    /// Does it to all of them, in order, as /32; returns how long the kernel took.
    pub(crate) fn apply(&self, change: Change, addresses: &[Ipv4Addr]) -> Result<Duration> {
        let began = Instant::now();
        for batch in addresses.chunks(BATCH) {
            let mut request = Vec::with_capacity(batch.len() * REQUEST_LEN);
            for (number, address) in batch.iter().enumerate() {
                let is_last = number + 1 == batch.len();
                request.extend(self.request(change, *address, is_last));
            }
            send(self.socket.as_raw_fd(), &request, MsgFlags::empty())?;
            self.await_answer(change)
                .with_context(|| format!("{change:?} {} addresses", batch.len()))?;
        }
        Ok(began.elapsed())
    }

    /// The kernel answers the last, and before it whatever it refuses. That an address to remove is
    /// gone is no refusal: somebody else may be at work too.
    fn await_answer(&self, change: Change) -> Result<()> {
        let mut refused = Ok(());
        let mut answer = [0_u8; 8192];
        loop {
            let length = recv(self.socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
            let number = |at: usize| answer[..length].get(at..at + 4)?.first_chunk().copied();
            let error = number(HEADER_LEN).map(i32::from_ne_bytes).context("a short answer")?;
            // 0, all is well, is UnknownErrno.
            let error = Errno::from_raw(-error);
            let gone = change == Change::Remove && error == Errno::EADDRNOTAVAIL;
            if error != Errno::UnknownErrno && !gone {
                refused = refused.and(Err(error));
            }
            if number(SEQUENCE_AT) == Some(LAST) {
                return Ok(refused?);
            }
        }
    }

    fn request(&self, change: Change, address: Ipv4Addr, wants_answer: bool) -> Vec<u8> {
        let (kind, mut flags) = match change {
            Change::Add => (libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_EXCL),
            Change::Remove => (libc::RTM_DELADDR, 0),
        };
        flags |= libc::NLM_F_REQUEST;
        if wants_answer {
            flags |= libc::NLM_F_ACK;
        }
        let mut message = Vec::with_capacity(REQUEST_LEN);
        message.extend((REQUEST_LEN as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend((flags as u16).to_ne_bytes());
        message.extend(if wants_answer { LAST } else { [0; 4] });
        message.extend([0; 4]);
        message.extend([libc::AF_INET as u8, 32, 0, 0]);
        message.extend(self.interface.to_ne_bytes());
        message.extend(8_u16.to_ne_bytes());
        message.extend(libc::IFA_LOCAL.to_ne_bytes());
        message.extend(address.octets());
        message
    }
}

/// Hears of every change of a host's IPv4 addresses.
pub(crate) struct Monitor(OwnedFd);

impl Monitor {
    pub(crate) fn open(host: &Host) -> Result<Self> {
        let groups = libc::RTMGRP_IPV4_IFADDR as u32;
        host.enter(|| route_socket(groups, SockFlag::SOCK_NONBLOCK).map(Self))
    }

    /// The next changes; waits for them until the deadline, then none.
    pub(crate) fn next(&self, deadline: Instant) -> Result<Vec<(Change, Ipv4Addr)>> {
        let mut notice = [0_u8; 16384];
        loop {
            match recv(self.0.as_raw_fd(), &mut notice, MsgFlags::empty()) {
                Ok(length) => return Ok(changes(&notice[..length])),
                Err(Errno::EAGAIN) => {}
                Err(Errno::ENOBUFS) => bail!("more changes of addresses than were heard"),
                Err(error) => return Err(error.into()),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            let mut ready = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            poll(&mut ready, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))?;
        }
    }
}

fn route_socket(groups: u32, flags: SockFlag) -> Result<OwnedFd> {
    let flags = flags | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
    setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

/// The changes in one datagram of notices.
fn changes(mut notice: &[u8]) -> Vec<(Change, Ipv4Addr)> {
    let mut changes = Vec::new();
    while let Some(length) = notice.first_chunk().map(|length| u32::from_ne_bytes(*length)) {
        let length = (length as usize).next_multiple_of(4).max(HEADER_LEN);
        let Some((message, rest)) = notice.split_at_checked(length) else { break };
        changes.extend(change(message));
        notice = rest;
    }
    changes
}

fn change(message: &[u8]) -> Option<(Change, Ipv4Addr)> {
    let change = match u16::from_ne_bytes(*message.get(4..6)?.first_chunk()?) {
        libc::RTM_NEWADDR => Change::Add,
        libc::RTM_DELADDR => Change::Remove,
        _ => return None,
    };
    let mut attributes = message.get(HEADER_LEN + 8..)?;
    loop {
        let length = u16::from_ne_bytes(*attributes.first_chunk()?);
        let kind = u16::from_ne_bytes(*attributes.get(2..4)?.first_chunk()?);
        if kind == libc::IFA_LOCAL {
            return Some((change, Ipv4Addr::from(*attributes.get(4..8)?.first_chunk::<4>()?)));
        }
        attributes = attributes.get(usize::from(length).next_multiple_of(4).max(4)..)?;
    }
}

const HEADER_LEN: usize = 16;

/// Where a message has its sequence number, and the one that the last of a batch has.
const SEQUENCE_AT: usize = 8;
const LAST: [u8; 4] = [1; 4];

/// Header, `ifaddrmsg`, one attribute.
const REQUEST_LEN: usize = HEADER_LEN + 8 + 8;

/// Requests a send.
const BATCH: usize = 64;

/// Notices of tens of thousands of changes.
const RECEIVE_BUFFER: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Lab;

    #[test]
    fn what_a_hand_changes_a_monitor_hears_in_order() {
        let mut lab = Lab::new().unwrap();
        let host = lab.host("one", &[("eth0", "front", "192.0.2.1/24")]).unwrap();
        let (hand, monitor) = (Hand::open(&host, "eth0").unwrap(), Monitor::open(&host).unwrap());
        let addresses: Vec<Ipv4Addr> = (0..100).map(|last| Ipv4Addr::new(10, 0, 0, last)).collect();
        for change in [Change::Add, Change::Remove] {
            hand.apply(change, &addresses).unwrap();
            let mut heard = Vec::new();
            while heard.len() < addresses.len() {
                let next = monitor.next(Instant::now() + Duration::from_secs(5)).unwrap();
                assert!(!next.is_empty(), "{heard:?}");
                heard.extend(next);
            }
            let wanted: Vec<_> = addresses.iter().map(|address| (change, *address)).collect();
            assert_eq!(heard, wanted);
        }
        // Gone already is fine; there already is not, but hinders no other.
        hand.apply(Change::Remove, &addresses).unwrap();
        hand.apply(Change::Add, &addresses[..1]).unwrap();
        let error = hand.apply(Change::Add, &addresses[..50]).unwrap_err();
        assert!(format!("{error:#}").contains("EEXIST"), "{error:#}");
        assert_eq!(host.addresses("eth0").unwrap().len(), 1 + 50);
    }
}
