//! One parent interface: for each family its sockets, and the adverts that are to leave.
//!
//! An advert is only noted here; it is built when it is sent, so that what was decided meanwhile
//! counts, and one that is no longer wanted never leaves.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use clock::Instant;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use socket2::Socket;
use vrrp_proto::held::{Mac, MemberSetup};
use vrrp_proto::router::{Adverts, Link, Member};
use vrrp_proto::{Election, Family, MemberId, Priority, Vrid};

use super::frame;
use super::sockets::{Frames, Sockets};
use super::sys::{self, Frame, OUT_BATCH};
use crate::mover::LinkFact;

/// One parent interface.
#[derive(Debug)]
pub(crate) struct Port {
    pub(super) name: String,
    v4: Side,
    v6: Side,
    /// A fact whose sockets could not be opened, and when to try again.
    pub(super) failed: Option<(Instant, LinkFact)>,
}

/// One family on an interface.
#[derive(Debug)]
pub(super) struct Side {
    family: Family,
    /// `None`: no virtual router here is of this family.
    need: Option<Frames>,
    sockets: Option<Sockets>,
    /// Whether the family could be used when that was last heard.
    usable: bool,
    raw: Vec<Pending>,
    framed: Vec<Pending>,
    pub(super) send_errors: u64,
    /// Datagrams that closed sockets had dropped.
    drops: u64,
}

/// An advert that is to leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) member: MemberId,
    pub(super) vrid: Vrid,
    pub(super) priority: Priority,
    pub(super) to: IpAddr,
    /// The row it belongs to.
    pub(super) row: usize,
}

/// How an advert leaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// By the interface's own MAC address.
    Raw,
    /// From the virtual one.
    Framed,
}

impl Way {
    /// Unicast adverts leave by the interface's own MAC address also beside a virtual one: answers
    /// to it must arrive here, and the next hop's MAC address is the kernel's to know.
    pub(super) const fn of(member: &Member, setup: &MemberSetup) -> Self {
        match (&member.adverts, &setup.mac) {
            (Adverts::Multicast, Mac::Virtual(_)) => Self::Framed,
            (Adverts::Multicast, Mac::Interface) | (Adverts::Unicast { .. }, _) => Self::Raw,
        }
    }
}

impl Port {
    /// An interface that is not there yet, and that nobody needs yet.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            v4: Side::new(Family::V4),
            v6: Side::new(Family::V6),
            failed: None,
        }
    }

    pub(super) fn side(&self, family: Family) -> &Side {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    fn side_mut(&mut self, family: Family) -> &mut Side {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    /// This virtual router uses it: from now on it has the sockets for that.
    pub(crate) fn serve(&mut self, member: &Member, setup: &MemberSetup) {
        let frames = match Way::of(member, setup) {
            Way::Raw => Frames::Unused,
            Way::Framed => Frames::Used,
        };
        let need = &mut self.side_mut(member.protocol.family()).need;
        *need = (*need).max(Some(frames));
    }

    /// Opens and closes sockets as the interface appears, goes, or comes back with another index.
    /// `tokens` are what epoll says of the receivers, by family.
    ///
    /// # Errors
    /// Which sockets of which interface, and why; that family has none then.
    pub(super) fn follow(
        &mut self,
        fact: LinkFact,
        epoll: &Epoll,
        tokens: [u64; 2],
    ) -> Result<(), String> {
        self.failed = None;
        let name = &self.name;
        let v4 = self.v4.follow(name, fact.index, fact.v4, (epoll, tokens[0]));
        let v6 = self.v6.follow(name, fact.index, fact.v6, (epoll, tokens[1]));
        v4.and(v6)
    }

    pub(super) fn note(&mut self, family: Family, way: Way, advert: Pending) {
        let side = self.side_mut(family);
        match way {
            Way::Raw => side.raw.push(advert),
            Way::Framed => side.framed.push(advert),
        }
    }

    /// Builds and sends what was noted, through `frames`; says of which rows something left.
    pub(super) fn send(
        &mut self,
        election: &Election,
        frames: &mut [Frame],
        mut left: impl FnMut(usize),
    ) {
        self.v4.send(election, frames, &mut left);
        self.v6.send(election, frames, &mut left);
    }
}

impl Side {
    const fn new(family: Family) -> Self {
        Self {
            family,
            need: None,
            sockets: None,
            usable: false,
            raw: Vec::new(),
            framed: Vec::new(),
            send_errors: 0,
            drops: 0,
        }
    }

    /// The receiving socket, while there is one.
    pub(super) fn receiver(&self) -> Option<BorrowedFd<'_>> {
        self.sockets.as_ref().map(|sockets| sockets.receiver.as_fd())
    }

    /// Whether it should have sockets and has none.
    pub(super) const fn is_deaf(&self) -> bool {
        self.need.is_some() && self.sockets.is_none()
    }

    /// How many datagrams were dropped because the receive queue was full.
    pub(super) fn drops(&self) -> u64 {
        let now = self.receiver().and_then(|socket| crate::sys::receive_drops(socket).ok());
        self.drops + u64::from(now.unwrap_or(0))
    }

    /// IPv6 that comes back may have lost its multicast groups, without a change of index (an MTU
    /// below 1280, `disable_ipv6`): then too the sockets are opened anew.
    fn follow(
        &mut self,
        name: &str,
        index: Option<u32>,
        link: Link,
        (epoll, token): (&Epoll, u64),
    ) -> Result<(), String> {
        let returned = !std::mem::replace(&mut self.usable, link != Link::Down) && self.usable;
        let known = self.sockets.as_ref().map(|sockets| sockets.index);
        if known == index && !(returned && self.family == Family::V6) {
            return Ok(());
        }
        self.drops = self.drops();
        self.sockets = None;
        let Some((index, frames)) = index.zip(self.need) else { return Ok(()) };
        let opened = Sockets::open(name, index, self.family, frames).and_then(|sockets| {
            epoll.add(&sockets.receiver, EpollEvent::new(EpollFlags::EPOLLIN, token))?;
            Ok(sockets)
        });
        match opened {
            Ok(sockets) => self.sockets = Some(sockets),
            Err(error) => {
                return Err(format!("{} VRRP sockets on interface {name}: {error}", self.family));
            }
        }
        Ok(())
    }

    fn send(&mut self, election: &Election, frames: &mut [Frame], left: &mut impl FnMut(usize)) {
        let index = self.sockets.as_ref().map_or(0, |sockets| sockets.index);
        let raw = self.sockets.as_ref().map(|sockets| &sockets.raw);
        let packet = self.sockets.as_ref().and_then(|sockets| sockets.packet.as_ref());
        let mut errors = 0;
        errors += send_all(&self.raw, raw, None, (election, &mut *frames), left);
        errors += send_all(&self.framed, packet, Some(index), (election, frames), left);
        self.raw.clear();
        self.framed.clear();
        self.send_errors += errors;
    }
}

/// Builds and sends adverts batch by batch; returns how many could not leave. Such an advert is
/// worth nothing later: it is counted and dropped.
fn send_all(
    adverts: &[Pending],
    socket: Option<&Socket>,
    index: Option<u32>,
    (election, frames): (&Election, &mut [Frame]),
    left: &mut impl FnMut(usize),
) -> u64 {
    let mut errors = 0;
    for batch in adverts.chunks(OUT_BATCH.min(frames.len().max(1))) {
        let Some(socket) = socket else {
            errors += batch.len() as u64;
            continue;
        };
        let mut rows = [0; OUT_BATCH];
        let mut built = 0;
        for advert in batch {
            let Some(frame) = frames.get_mut(built) else { break };
            let virtual_mac = index.map(|index| (index, advert.vrid));
            match build(election, frame, advert, virtual_mac) {
                Some(()) => {
                    rows[built] = advert.row;
                    built += 1;
                }
                None => errors += 1,
            }
        }
        errors += send_batch(socket, &frames[..built], |at| left(rows[at]));
    }
    errors
}

/// RFC 9568 5.2: from the state of this moment.
fn build(
    election: &Election,
    frame: &mut Frame,
    advert: &Pending,
    virtual_mac: Option<(u32, Vrid)>,
) -> Option<()> {
    let Pending { member, priority, to, .. } = *advert;
    let seat = election.seats(member.router).get(member.at)?;
    let Link::Up(from) = seat.link() else { return None };
    frame::build(frame, from, to, virtual_mac, |bytes| election.emit(member, priority, to, bytes))
}

/// Sends frames; `left` hears of each that left by its place. Returns how many did not.
fn send_batch(socket: &Socket, frames: &[Frame], mut left: impl FnMut(usize)) -> u64 {
    let (mut at, mut errors) = (0, 0);
    while at < frames.len() {
        match sys::send_batch(socket.as_fd(), &frames[at..]) {
            Ok(count) if count > 0 => {
                (at..at + count).for_each(&mut left);
                at += count;
            }
            Err(Errno::EINTR) => {}
            Ok(_) | Err(_) => {
                errors += 1;
                at += 1;
            }
        }
    }
    errors
}
