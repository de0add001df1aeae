//! What woke the wire thread, and how it hears everything that waits without being late itself.
//!
//! A socket is drained before anything due is done, since the advert that forbids a claim may be the
//! last in its queue. Nobody who floods us may thereby keep us from advertising: between a few
//! batches the adverts of whoever holds its addresses go out in time.

use std::thread;

use clock::{Duration, Instant};
use nix::errno::Errno;
use nix::sys::epoll::EpollEvent;
use vrrp_proto::election::Event;
use vrrp_proto::{Family, LinkId};

use super::sys::BATCH;
use super::{STALL, Wire};
use crate::loops::{now, wall_nanos};

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

/// Datagrams that follow each other closely are read together: one wakeup each would cost more than
/// they do. The first of them never waits.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// When something was last received.
    last: Instant,
    /// How long the next reading waits for more; zero outside a burst.
    nap: Duration,
}

/// Datagrams closer to each other than this are a burst.
const CLOSE: Duration = Duration::from_micros(200);
const FIRST_NAP: Duration = Duration::from_micros(125);
const LONGEST_NAP: Duration = Duration::from_millis(1);
/// How long before a deadline no nap ends: what is due comes first.
const WAKEFUL: Duration = Duration::from_micros(200);

impl Burst {
    /// How long to wait for more, when something came in `now`, the next deadline is in `left`, and
    /// the shortest interval is `shortest`.
    fn nap(&mut self, now: Instant, left: Duration, shortest: Duration) -> Duration {
        let is_close = now.since(self.last) < CLOSE;
        let longer = if self.nap.is_zero() { FIRST_NAP } else { self.nap * 2 };
        self.nap =
            if is_close { longer.min(LONGEST_NAP).min(shortest / 64) } else { Duration::ZERO };
        self.nap.min(left.saturating_sub(WAKEFUL))
    }
}

/// What epoll found ready.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    events: &'a [EpollEvent],
    pub(super) orders: bool,
    pub(super) news: bool,
    sockets: bool,
    /// There was no room for all that is ready.
    is_full: bool,
}

impl<'a> Ready<'a> {
    pub(super) fn new(events: &'a [EpollEvent], count: usize) -> Self {
        let is_full = count == events.len();
        let events = events.get(..count).unwrap_or(events);
        let has = |token| is_full || events.iter().any(|event| event.data() == token);
        let sockets = is_full || events.iter().any(|event| event.data() >= SOCKETS);
        Self { events, orders: has(ORDERS), news: has(NEWS), sockets, is_full }
    }
}

impl Wire {
    /// Hands every waiting datagram to the election; returns the time it is then.
    pub(super) fn receive(&mut self, mut now: Instant, ready: &Ready<'_>) -> Instant {
        if ready.sockets {
            now = self.await_burst(now);
        }
        if ready.is_full {
            now = self.receive_all(now);
        } else {
            now = self.receive_ready(now, ready);
        }
        if ready.sockets {
            self.burst.last = crate::loops::now();
        }
        now
    }

    fn await_burst(&mut self, now: Instant) -> Instant {
        let deadline = self.core.election.deadline();
        let left = deadline.map_or(Duration::MAX, |deadline| deadline.since(now));
        let nap = self.burst.nap(now, left, self.shortest);
        if nap.is_zero() {
            return now;
        }
        thread::sleep(nap);
        crate::loops::now()
    }

    fn receive_ready(&mut self, mut now: Instant, ready: &Ready<'_>) -> Instant {
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
            now = crate::loops::now();
            let clocks = Clocks { now, wall: wall_nanos() };
            for at in 0..count {
                if let Some((datagram, arrived)) = self.inbound.datagram(at, family) {
                    self.heard = clocks.moment(arrived).max(self.heard);
                    self.core.hear(self.heard, link, datagram);
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

/// How long a datagram may wait in its socket and still count from its arrival: a few naps.
const BELIEVED: Duration = Duration::from_millis(5);

/// One moment on both clocks: the kernel stamps what arrives with the one, we count by the other.
///
/// The Active_Down_Timer counts from the arrival, so that neither a burst that is read together nor
/// a busy machine makes a takeover late.
#[derive(Clone, Copy)]
struct Clocks {
    now: Instant,
    wall: u64,
}

impl Clocks {
    /// When something stamped `arrived` came. What waited for long was read after a stall, or somebody
    /// turned the wall clock meanwhile: then it was heard now, for no claim may rest on time that we
    /// slept through.
    fn moment(self, arrived: u64) -> Instant {
        let waited = Duration::from_nanos(self.wall.saturating_sub(arrived));
        if waited > BELIEVED { self.now } else { self.now - waited }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_in_the_socket_was_heard_when_it_arrived() {
        let clocks = Clocks { now: micros(0), wall: 5_000_000 };
        assert_eq!(clocks.moment(4_900_000), micros(0) - Duration::from_micros(100));
        assert_eq!(clocks.moment(9_000_000), micros(0), "the wall clock was turned back");
        let late = Clocks { now: micros(0), wall: 50_000_000 };
        assert_eq!(late.moment(44_000_000), micros(0), "we slept");
    }

    const FAR: Duration = Duration::from_secs(1);

    fn micros(micros: u64) -> Instant {
        Instant::ZERO + Duration::from_micros(1_000_000 + micros)
    }

    #[test]
    fn the_first_datagram_never_waits_and_close_ones_wait_longer_and_longer() {
        let mut burst = Burst::default();
        let mut naps = Vec::new();
        for at in [0, 100, 300, 600, 1_200, 2_300, 3_500] {
            naps.push(burst.nap(micros(at), FAR, FAR).as_micros());
            burst.last = micros(at) + burst.nap;
        }
        assert_eq!(naps, [0, 125, 250, 500, 1_000, 1_000, 0]);
    }

    #[test]
    fn no_nap_makes_anything_late() {
        let mut burst = Burst { last: micros(0), nap: Duration::from_micros(500) };
        let left = Duration::from_micros(700);
        assert_eq!(burst.nap(micros(10), left, FAR), Duration::from_micros(500));
        let left = Duration::from_micros(150);
        assert_eq!(burst.nap(micros(10), left, FAR), Duration::ZERO);
        let shortest = Duration::from_millis(10);
        assert_eq!(burst.nap(micros(10), FAR, shortest), shortest / 64);
    }
}
