//! What woke the wire thread, and how it hears everything that waits without being late itself.
//!
//! A socket is drained before anything due is done, since the advert that forbids a claim may be the
//! last in its queue. Nobody who floods us may thereby keep us from advertising: between a few
//! batches the adverts of whoever holds its addresses go out in time.

use clock::Instant;
use nix::errno::Errno;
use nix::sys::epoll::EpollEvent;
use vrrp_proto::election::Event;
use vrrp_proto::{Family, LinkId};

use super::sys::BATCH;
use super::{STALL, Wire};
use crate::loops::now;

pub(super) const TIMER: u64 = 0;
pub(super) const ORDERS: u64 = 1;
pub(super) const NEWS: u64 = 2;
const SOCKETS: u64 = 3;

/// Batches received of one socket in one wakeup: more than it can hold.
const BATCHES: usize = 512;
/// Batches between two looks at the clock: a fraction of a millisecond's work.
const LOOK: usize = 8;

/// What epoll says of the receiver of one family on one port.
pub(super) fn token(port: usize, family: Family) -> u64 {
    let side = match family {
        Family::V4 => 0,
        Family::V6 => 1,
    };
    SOCKETS + 2 * port as u64 + side
}

/// What epoll found ready.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    events: &'a [EpollEvent],
    pub(super) orders: bool,
    pub(super) news: bool,
    /// There was no room for all that is ready.
    is_full: bool,
}

impl<'a> Ready<'a> {
    pub(super) fn new(events: &'a [EpollEvent], count: usize) -> Self {
        let is_full = count == events.len();
        let events = events.get(..count).unwrap_or(events);
        let has = |token| is_full || events.iter().any(|event| event.data() == token);
        Self { events, orders: has(ORDERS), news: has(NEWS), is_full }
    }
}

impl Wire {
    /// Hands every waiting datagram to the election; returns the time it is then.
    pub(super) fn receive(&mut self, mut now: Instant, ready: &Ready<'_>) -> Instant {
        if ready.is_full {
            return self.receive_all(now);
        }
        for event in ready.events {
            if let Some(socket) = event.data().checked_sub(SOCKETS) {
                let family = if socket % 2 == 0 { Family::V4 } else { Family::V6 };
                now = self.drain(now, (socket / 2) as usize, family);
            }
        }
        now
    }

    /// The same of every socket, whatever epoll knew a moment ago.
    pub(super) fn receive_all(&mut self, mut now: Instant) -> Instant {
        for port in 0..self.core.ports.len() {
            for family in [Family::V4, Family::V6] {
                now = self.drain(now, port, family);
            }
        }
        now
    }

    fn drain(&mut self, mut now: Instant, port: usize, family: Family) -> Instant {
        let link = LinkId(port as u32);
        for batch in 1..=BATCHES {
            let side = self.core.ports.get(port).map(|port| port.side(family));
            let Some(socket) = side.and_then(|side| side.receiver()) else { break };
            let count = match self.inbound.fill(socket) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                // EAGAIN: nothing more. ENETDOWN: told once by the link's own notice.
                Err(_) => break,
            };
            for at in 0..count {
                if let Some(datagram) = self.inbound.datagram(at, family) {
                    self.core.hear(now, link, datagram);
                }
            }
            if count < BATCH {
                break;
            }
            if batch % LOOK == 0 {
                now = self.advertise_in_time();
            }
        }
        now
    }

    /// Amid a flood: adverts that have just become due. After a stall they wait until all is heard,
    /// for whoever was replaced meanwhile must yield and not speak.
    fn advertise_in_time(&mut self) -> Instant {
        let now = now();
        let late = self.core.election.deadline().map(|deadline| now.since(deadline));
        if late.is_some_and(|late| !late.is_zero() && late <= STALL) {
            self.core.feed(now, Event::TickHolders);
            self.core.send(now);
        }
        now
    }
}
