//! Sources *address* and *route*: what the kernel's lists say.
//!
//! ```text
//!   monitor ──notice that may concern us, or overrun──► a list is wanted ──pause──► dump ──► samples
//!   round (the tracker's look) ────────────────────────┘
//! ```
//!
//! A notice decides nothing by itself: it only asks for the list, and the list decides. So nothing
//! drifts, and what the kernel changes without a word (routes that go with their link) is found by
//! the notice about the link. Dumps are read in pieces between other work, and pauses between them
//! grow with their length, so that a full routing table costs a tenth of a core at most.

mod list;
mod message;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use clock::Instant;
use coordinator::Source;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recv, send, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use track::Sample;

use list::List;
use message::{Kind, messages};

/// The two sockets, and how far each list is.
#[derive(Debug)]
pub(crate) struct Network {
    monitor: Socket,
    requests: Socket,
    sequence: u32,
    lists: Vec<List>,
    /// Room for one answer of the kernel.
    buffer: Vec<u8>,
}

impl Network {
    /// Listens to what the sources need; `None` if they need nothing.
    ///
    /// # Errors
    /// What `socket(2)` and `bind(2)` say.
    pub(crate) fn open(sources: &BTreeSet<Source>) -> io::Result<Option<Self>> {
        let lists: Vec<List> =
            Kind::ALL.into_iter().filter_map(|kind| List::of(kind, sources)).collect();
        if lists.is_empty() {
            return Ok(None);
        }
        let groups = lists.iter().fold(0, |groups, list| groups | list.kind.groups());
        let monitor = socket(groups)?;
        widen(&monitor)?;
        let requests = socket(0)?;
        Ok(Some(Self { monitor, requests, sequence: 0, lists, buffer: vec![0; BUFFER] }))
    }

    pub(crate) fn monitor(&self) -> BorrowedFd<'_> {
        self.monitor.as_fd()
    }

    pub(crate) fn requests(&self) -> BorrowedFd<'_> {
        self.requests.as_fd()
    }

    /// A round: the list that this source stands in is wanted.
    pub(crate) fn look(&mut self, source: &Source) {
        let list = self.lists.iter_mut().find(|list| list.sources.contains(source));
        if let Some(list) = list {
            list.wanted = true;
        }
    }

    /// Takes in notices, up to a bound.
    pub(crate) fn notices(&mut self) {
        for _ in 0..crate::DRAIN {
            match recv(self.monitor.as_raw_fd(), &mut self.buffer, MsgFlags::empty()) {
                Ok(length) => {
                    for message in messages(&self.buffer, length) {
                        let concerned = |list: &&mut List| message.concerns(list);
                        let lists = self.lists.iter_mut().filter(concerned);
                        lists.for_each(|list| list.wanted = true);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                // ENOBUFS, or anything that may have cost a notice.
                Err(_) => return self.lists.iter_mut().for_each(|list| list.wanted = true),
            }
        }
    }

    /// Asks for a list that is wanted; one at a time. What to tell if that cannot be done.
    pub(crate) fn ask(&mut self, now: Instant) -> Option<String> {
        if self.lists.iter().any(List::is_running) {
            return None;
        }
        let list = self.lists.iter_mut().find(|list| list.wanted && list.not_before <= now)?;
        self.sequence = self.sequence.wrapping_add(1);
        let request = message::dump(list.kind, self.sequence);
        match send(self.requests.as_raw_fd(), &request, MsgFlags::empty()) {
            Ok(_) => {
                list.begin(now, self.sequence);
                None
            }
            Err(errno) => list.failed(now, errno),
        }
    }

    /// Takes in a piece of the list that was asked for: samples when it is whole.
    pub(crate) fn pieces(&mut self, now: Instant) -> (Vec<(Source, Sample)>, Option<String>) {
        for _ in 0..crate::DRAIN {
            let length = match recv(self.requests.as_raw_fd(), &mut self.buffer, MsgFlags::empty())
            {
                Ok(length) => length,
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => break,
                Err(errno) => {
                    let running = self.lists.iter_mut().find(|list| list.is_running());
                    return (Vec::new(), running.and_then(|list| list.failed(now, errno)));
                }
            };
            for message in messages(&self.buffer, length) {
                let Some(list) = self.lists.iter_mut().find(|one| one.runs_as(message.sequence))
                else {
                    continue;
                };
                match message.end() {
                    None => list.row(&message),
                    Some(Ok(())) => return (list.end(now), None),
                    Some(Err(errno)) => return (Vec::new(), list.failed(now, errno)),
                }
            }
        }
        (Vec::new(), None)
    }

    /// When [`Self::ask`] must be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.lists.iter().any(List::is_running) {
            return None;
        }
        self.lists.iter().filter(|list| list.wanted).map(|list| list.not_before).min()
    }
}

/// A netlink socket of the routing family that hears `groups`, without waiting.
fn socket(groups: u32) -> io::Result<Socket> {
    let kind = Type::RAW.nonblocking().cloexec();
    let protocol = Some(Protocol::from(libc::NETLINK_ROUTE));
    let socket = Socket::new(Domain::from(libc::AF_NETLINK), kind, protocol)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

/// A receive buffer beyond `net.core.rmem_max` where that is allowed.
pub(crate) fn widen(socket: &impl AsFd) -> Result<(), Errno> {
    setsockopt(socket, sockopt::RcvBufForce, &RECEIVE_BUFFER)
        .or_else(|_| setsockopt(socket, sockopt::RcvBuf, &RECEIVE_BUFFER))
}

/// Bytes; what is lost nevertheless is found by a dump.
const RECEIVE_BUFFER: usize = 1 << 20;
/// The kernel fills at most 32 KiB of a dump at once.
const BUFFER: usize = 1 << 16;
