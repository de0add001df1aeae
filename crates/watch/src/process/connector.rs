//! The kernel's process events: netlink connector messages (`<linux/cn_proc.h>`).
//!
//! A filter in the kernel drops what concerns single threads only.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recv, send};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::filter::{accept, drop_it, is_kept, keep, load32, skip_if};

/// The socket.
#[derive(Debug)]
pub(super) struct Connector {
    socket: Socket,
}

/// What the kernel tells, of whole processes.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Event {
    /// It tells from now on, or why not.
    Listening(Result<(), Errno>),
    /// A process runs another program, or calls itself otherwise.
    Renamed(u32),
    /// A new process, which is called like its parent.
    Forked {
        /// The process that forked.
        parent: u32,
        /// The new one.
        child: u32,
    },
    /// A process ended.
    Ended(u32),
    /// Some events were lost.
    Overrun,
}

impl Connector {
    /// Asks the kernel to tell.
    pub(super) fn open() -> io::Result<Self> {
        let kind = Type::DGRAM.nonblocking().cloexec();
        let protocol = Some(Protocol::from(libc::NETLINK_CONNECTOR));
        let socket = Socket::new(Domain::from(libc::AF_NETLINK), kind, protocol)?;
        socket.attach_filter(&filter())?;
        crate::rtnetlink::widen(&socket)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, PROCESSES))?;
        send(socket.as_raw_fd(), &listen(), MsgFlags::empty())?;
        Ok(Self { socket })
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What waits, up to a bound that only a storm of forks reaches; the rest is told in the next
    /// wakeup.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut buffer = [0; 1024];
        let mut events = Vec::new();
        for _ in 0..MOST {
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => events.extend(read(buffer.get(..length).unwrap_or_default())),
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(_) => {
                    events.push(Event::Overrun);
                    break;
                }
            }
        }
        events
    }
}

/// `PROC_CN_MCAST_LISTEN` in a connector message in a netlink message.
fn listen() -> Vec<u8> {
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>();
    let halves = |halves: &[u16]| halves.iter().flat_map(|half| half.to_ne_bytes()).collect();
    let parts: [Vec<u8>; 6] = [
        words(&[WHAT as u32 + 4]),
        halves(&[libc::NLMSG_DONE as u16, 0]),
        words(&[0, 0]),
        words(&[PROCESSES, 1, 0, 0]),
        halves(&[4, 0]),
        words(&[1]),
    ];
    parts.concat()
}

/// One message, if it is an event that concerns a whole process.
pub(super) fn read(message: &[u8]) -> Option<Event> {
    let word = |at: usize| {
        let bytes = message.get(at..)?.first_chunk()?;
        Some(u32::from_ne_bytes(*bytes))
    };
    if word(WHAT - 20)? != PROCESSES {
        return None;
    }
    let whole = |pid: usize, tgid: usize| Some(word(tgid)?).filter(|tgid| word(pid) == Some(*tgid));
    match word(WHAT)? {
        NONE => {
            let error = word(DATA)?.cast_signed();
            Some(Event::Listening(if error == 0 { Ok(()) } else { Err(Errno::from_raw(error)) }))
        }
        FORK => {
            let child = whole(DATA + 8, DATA + 12)?;
            Some(Event::Forked { parent: word(DATA + 4)?, child })
        }
        EXEC | COMM => whole(DATA, DATA + 4).map(Event::Renamed),
        EXIT => whole(DATA, DATA + 4).map(Event::Ended),
        _ => None,
    }
}

/// Accepts what [`read`] reads. The kernel loads big-endian, and the words are the machine's.
fn filter() -> [SockFilter; 19] {
    let (what, data) = (WHAT as u32, DATA as u32);
    [
        load32(what),
        skip_if(NONE.to_be(), 15),
        skip_if(FORK.to_be(), 10),
        skip_if(EXEC.to_be(), 3),
        skip_if(COMM.to_be(), 2),
        skip_if(EXIT.to_be(), 1),
        drop_it(),
        // The thread's number and its process's are the same.
        load32(data),
        keep(),
        load32(data + 4),
        is_kept(1),
        accept(),
        drop_it(),
        // Of a fork: those of the child.
        load32(data + 8),
        keep(),
        load32(data + 12),
        is_kept(1),
        accept(),
        drop_it(),
    ]
}

/// Events in one wakeup: some 5 ms of work.
const MOST: usize = 1024;
/// `CN_IDX_PROC`, also the group.
const PROCESSES: u32 = 1;
/// Where the kind of event stands: after a netlink header of 16 bytes and a connector's of 20.
const WHAT: usize = 36;
/// Where its data begins: after the kind, the processor and the time.
const DATA: usize = WHAT + 16;
const NONE: u32 = 0;
const FORK: u32 = 1;
const EXEC: u32 = 2;
const COMM: u32 = 0x200;
const EXIT: u32 = 0x8000_0000;
