//! The wire thread: hears and sends adverts, and lets the election decide.
//!
//! One wakeup, in this order: everything received; what the mover says of links; orders; what is
//! due; then all adverts that came of it, in one send a socket; then what is wanted of the
//! addresses; then the state file and the facts. A wakeup later than the shortest interval (the
//! process was stopped, the machine slept) receives once more before anything due is done, so that
//! no claim is made against adverts that were already there. In steady state nothing is allocated
//! and nothing touches a disk; nothing here waits for the mover or the engine.

use std::thread::JoinHandle;

use clock::{Duration, Instant};
use mailbox::Inbox;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use vrrp_proto::election::Event;
use vrrp_proto::wire::Datagram;
use vrrp_proto::{LinkId, router};

use crate::loops::{now, real_time};
use crate::mover::News;
use crate::mover::thread::ToMover;
use crate::sys::{self, BATCH, Buffer};
use crate::{Fact, Order};

mod core;
mod ending;
mod port;
mod report;

pub(crate) use self::core::{Core, Row};
pub(crate) use self::port::Port;
use ending::Ending;

const FIFO_PRIORITY: i32 = 50;
/// Orders taken in one wakeup; the rest wait for the next, which comes at once.
const ORDERS: usize = 64;
/// Batches received of one port in one wakeup: more than its socket can hold.
const BATCHES: usize = 512;
/// When to try again what an inbox had no room for.
const POST_AGAIN: Duration = Duration::from_millis(5);
/// How long the engine may be silent before that is told.
const LEASE: Duration = Duration::from_secs(5);

/// What the thread owns.
#[derive(Debug)]
pub(crate) struct Wire {
    core: Core,
    epoll: Epoll,
    timer: TimerFd,
    orders: Inbox<Order>,
    news: Inbox<News>,
    mover: Option<JoinHandle<()>>,
    buffers: Box<[Buffer; BATCH]>,
    lengths: [usize; BATCH],
    lease: Lease,
    ending: Ending,
    /// What is to be posted again.
    post_again_at: Option<Instant>,
    /// The shortest interval: a wakeup later than that is one after a freeze.
    shortest: Duration,
    worst_lateness: Duration,
}

/// Whether the engine lives. Roles do not depend on it.
#[derive(Clone, Copy, Debug)]
enum Lease {
    /// Not yet taken.
    Unused,
    Until(Instant),
    Lapsed,
}

impl Wire {
    /// Opens epoll and timer; no thread runs yet.
    pub(crate) fn new(core: Core, orders: Inbox<Order>, news: Inbox<News>) -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
        let readable = || EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.add(&timer, readable())?;
        epoll.add(&orders, readable())?;
        epoll.add(&news, readable())?;
        Ok(Self {
            shortest: core.shortest_interval(),
            core,
            epoll,
            timer,
            orders,
            news,
            mover: None,
            buffers: Box::new([[0; 2048]; BATCH]),
            lengths: [0; BATCH],
            lease: Lease::Unused,
            ending: Ending::None,
            post_again_at: None,
            worst_lateness: Duration::ZERO,
        })
    }

    /// Takes in what the mover says. Sockets that cannot be opened are told and tried again; the
    /// routers on them see their link as down until then.
    pub(crate) fn hear(&mut self, now: Instant, news: News) {
        match news {
            News::Link(fact) => {
                if let Err(text) = self.core.link(now, fact, &self.epoll) {
                    self.core.facts.tell(Fact::Warning(text));
                }
            }
            News::Source(router, link) => {
                self.core.feed(now, Event::Source(router, link));
            }
            News::Device(..) => {}
            News::Settled(router, revision) => self.core.settled(router, revision),
        }
    }

    /// Runs until told to end, and ends the mover.
    pub(crate) fn run(mut self, mover: JoinHandle<()>) {
        self.mover = Some(mover);
        if let Some(warning) = real_time("wire", FIFO_PRIORITY) {
            self.core.facts.tell(Fact::Warning(warning));
        }
        let start = now();
        self.receive(start);
        self.core.begin(start);
        self.pass_on(start);
        let mut events = [EpollEvent::empty(); 8];
        while !self.has_ended(now()) {
            match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => self.wake(now()),
                Err(errno) => {
                    // Cannot happen with descriptors we hold; without epoll there is no election.
                    self.core.facts.tell(Fact::Warning(format!("wire thread: epoll: {errno}")));
                    break;
                }
            }
        }
        self.end();
    }

    fn wake(&mut self, now: Instant) {
        self.receive(now);
        self.read_news(now);
        self.read_orders(now);
        self.do_due(now);
        self.pass_on(now);
    }

    /// Hands every waiting datagram to the election.
    fn receive(&mut self, now: Instant) {
        for at in 0..self.core.ports.len() {
            for _ in 0..BATCHES {
                let Some(socket) = self.core.ports[at].receiver() else { break };
                let batch = sys::receive_batch(socket, &mut self.buffers, &mut self.lengths);
                let count = match batch {
                    Ok(count) => count,
                    Err(Errno::EINTR) => continue,
                    // EAGAIN: nothing more. ENETDOWN: told once by the link's own notice.
                    Err(_) => break,
                };
                let link = LinkId(at as u32);
                for (buffer, &length) in self.buffers.iter().zip(&self.lengths).take(count) {
                    let datagram = buffer.get(..length).unwrap_or(buffer);
                    self.core.feed(now, Event::Datagram(link, Datagram::V4(datagram)));
                }
                if count < BATCH {
                    break;
                }
            }
        }
    }

    fn read_news(&mut self, now: Instant) {
        while let Some(news) = self.news.take() {
            self.hear(now, news);
        }
        if let Some(text) = self.core.open_again(now, &self.epoll) {
            self.core.facts.tell(Fact::Warning(text));
        }
    }

    fn read_orders(&mut self, now: Instant) {
        for _ in 0..ORDERS {
            let Some(order) = self.orders.take() else { break };
            match order {
                Order::Priority(id, priority) => {
                    self.core.feed(now, Event::Router(id, router::Event::Priority(priority)));
                }
                Order::Ready(id) => {
                    self.core.feed(now, Event::Router(id, router::Event::Ready));
                }
                Order::Fault(id, fault) => {
                    self.core.feed(now, Event::Router(id, router::Event::Fault(fault)));
                }
                Order::Release => self.release(now),
                Order::Keep => self.keep(now),
                Order::Lease => self.renew(now),
                Order::Report => {
                    let report = self.report();
                    self.core.facts.tell(Fact::Report(report));
                }
            }
        }
    }

    fn renew(&mut self, now: Instant) {
        if matches!(self.lease, Lease::Lapsed) {
            self.core.facts.tell(Fact::Warning("the engine answers again".into()));
        }
        self.lease = Lease::Until(now + LEASE);
    }

    fn do_due(&mut self, now: Instant) {
        if let Some(deadline) = self.core.election.deadline()
            && deadline <= now
        {
            let late = now.since(deadline);
            self.worst_lateness = self.worst_lateness.max(late);
            if late > self.shortest {
                self.receive(now);
            }
            self.core.feed(now, Event::Tick);
        }
        if let Lease::Until(until) = self.lease
            && until <= now
        {
            self.lease = Lease::Lapsed;
            self.core.facts.tell(Fact::Warning(
                "the engine has been silent for 5 s: roles stay as they are, priorities and \
                 real servers are no longer updated"
                    .into(),
            ));
        }
    }

    /// Adverts first; then everything that may take longer.
    fn pass_on(&mut self, now: Instant) {
        self.core.send(now);
        let all_posted = self.core.post();
        self.core.store();
        let all_told = self.core.facts.flush();
        self.post_again_at = (!all_posted || !all_told).then(|| now + POST_AGAIN);
        self.arm();
    }

    /// Sets the timer; setting it also takes back its last expiry.
    fn arm(&mut self) {
        let lease = match self.lease {
            Lease::Until(until) => Some(until),
            Lease::Unused | Lease::Lapsed => None,
        };
        let ends = self.ending.until();
        let times = [
            self.core.election.deadline(),
            self.core.open_again_at(),
            self.post_again_at,
            lease,
            ends,
        ];
        let set = match times.into_iter().flatten().min() {
            // Zero would disarm it; a time in the past rings at once.
            Some(at) => self.timer.set(
                Expiration::OneShot(TimeSpec::from_duration(Duration::from_nanos(
                    at.as_nanos().max(1),
                ))),
                TimerSetTimeFlags::TFD_TIMER_ABSTIME,
            ),
            None => self.timer.unset(),
        };
        if let Err(errno) = set {
            self.core.facts.tell(Fact::Warning(format!("wire thread: timer: {errno}")));
        }
    }

    fn post_to_mover(&self, order: ToMover) -> bool {
        self.core.mover.post(order).is_ok()
    }
}
