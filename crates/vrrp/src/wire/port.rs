//! One parent interface: its receiving and its sending socket, and the adverts on their way out.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd};

use clock::Instant;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockFilter, Socket, Type};
use vrrp_proto::wire::{MAX_DATAGRAM, MULTICAST};

use crate::mover::{LinkFact, widen};
use crate::sys::{self, BATCH, Frame};

/// RFC 9568 5.1.1.4.
const VRRP: i32 = 112;

/// One parent interface.
#[derive(Debug)]
pub(crate) struct Port {
    pub(super) name: String,
    sockets: Option<Sockets>,
    /// A fact whose sockets could not be opened, and when to try again.
    pub(super) failed: Option<(Instant, LinkFact)>,
    /// Adverts to send, the first `used` of them; each with the row it belongs to.
    frames: Vec<Frame>,
    owners: Vec<usize>,
    pub(super) send_errors: u64,
    /// Datagrams that closed sockets had dropped.
    drops: u64,
}

#[derive(Debug)]
struct Sockets {
    index: u32,
    receiver: Socket,
    sender: Socket,
}

impl Port {
    /// An interface that is not there yet.
    pub(crate) fn new(name: &str) -> Self {
        let frame = Frame { to: MULTICAST, length: 0, bytes: [0; MAX_DATAGRAM] };
        Self {
            name: name.to_owned(),
            sockets: None,
            failed: None,
            frames: vec![frame; 2 * BATCH],
            owners: Vec::with_capacity(2 * BATCH),
            send_errors: 0,
            drops: 0,
        }
    }

    /// Opens sockets for an interface that appeared, or came back with another index.
    ///
    /// # Errors
    /// Which socket of which interface, and why; it has none then.
    pub(super) fn follow(&mut self, fact: LinkFact, epoll: &Epoll) -> Result<(), String> {
        self.failed = None;
        if self.sockets.as_ref().map(|sockets| sockets.index) == fact.index {
            return Ok(());
        }
        self.drops = self.drops();
        self.sockets = None;
        let Some(index) = fact.index else { return Ok(()) };
        let opened = Sockets::open(&self.name, index).and_then(|sockets| {
            epoll.add(&sockets.receiver, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
            Ok(sockets)
        });
        match opened {
            Ok(sockets) => self.sockets = Some(sockets),
            Err(error) => return Err(format!("VRRP sockets on interface {}: {error}", self.name)),
        }
        Ok(())
    }

    /// The receiving socket, while there is one.
    pub(super) fn receiver(&self) -> Option<BorrowedFd<'_>> {
        self.sockets.as_ref().map(|sockets| sockets.receiver.as_fd())
    }

    /// Whether no advert more can be put.
    pub(super) fn is_full(&self) -> bool {
        self.owners.len() == self.frames.len()
    }

    /// Puts an advert of the row `owner` for [`Self::send`], unless there is nothing to build.
    pub(super) fn put(
        &mut self,
        owner: usize,
        to: IpAddr,
        build: impl FnOnce(&mut [u8; MAX_DATAGRAM]) -> Option<usize>,
    ) {
        if let Some(frame) = self.frames.get_mut(self.owners.len()) {
            match build(&mut frame.bytes) {
                Some(length) => {
                    frame.to = match to {
                        IpAddr::V4(to) => to,
                        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
                    };
                    frame.length = length;
                    self.owners.push(owner);
                }
                None => self.send_errors += 1,
            }
        }
    }

    /// Sends what was put, and says of which rows something left. An advert that cannot leave now
    /// is worth nothing later: it is counted and dropped.
    pub(super) fn send(&mut self, mut left: impl FnMut(usize)) {
        let mut at = 0;
        while at < self.owners.len() {
            let Some(sockets) = &self.sockets else {
                self.send_errors += (self.owners.len() - at) as u64;
                break;
            };
            match sys::send_batch(sockets.sender.as_fd(), &self.frames[at..self.owners.len()]) {
                Ok(count) if count > 0 => {
                    self.owners.iter().skip(at).take(count).for_each(|&owner| left(owner));
                    at += count;
                }
                Err(Errno::EINTR) => {}
                Ok(_) | Err(_) => {
                    self.send_errors += 1;
                    at += 1;
                }
            }
        }
        self.owners.clear();
    }

    /// How many datagrams were dropped because the receive queue was full.
    pub(super) fn drops(&self) -> u64 {
        let now = self.receiver().and_then(|socket| sys::receive_drops(socket).ok());
        self.drops + u64::from(now.unwrap_or(0))
    }
}

impl Sockets {
    fn open(name: &str, index: u32) -> io::Result<Self> {
        Ok(Self { index, receiver: receiver(name, index)?, sender: sender(name, index)? })
    }
}

/// Hears everything of protocol 112 that comes in on this interface, and the group's adverts.
fn receiver(name: &str, index: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(VRRP)))?;
    socket.bind_device(Some(name.as_bytes()))?;
    // Otherwise it hears the groups that others on this machine have joined.
    socket.set_multicast_all_v4(false)?;
    widen(&socket)?;
    socket.join_multicast_v4_n(&MULTICAST, &InterfaceIndexOrAddress::Index(index))?;
    Ok(socket)
}

/// Sends whole datagrams through this interface, and hears nothing.
fn sender(name: &str, index: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(VRRP)))?;
    // BPF_RET | BPF_K, 0: no byte of any datagram is kept.
    socket.attach_filter(&[SockFilter::new(0x06, 0, 0, 0)])?;
    socket.bind_device(Some(name.as_bytes()))?;
    socket.set_header_included_v4(true)?;
    socket.set_multicast_loop_v4(false)?;
    sys::set_multicast_index(socket.as_fd(), index)?;
    Ok(socket)
}
