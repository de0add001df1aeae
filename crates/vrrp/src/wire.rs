//! The wire thread: hears and sends adverts, and lets the election decide.
//!
//! One wakeup, in this order: everything received; what the mover says of links; orders; what is
//! due; then all adverts that came of it, built and sent at once; then what is wanted of the
//! addresses; then the state file and the facts. Nothing is asked of a socket or an inbox that epoll
//! does not name. A late wakeup (the process was stopped, the machine slept) receives once more
//! before anything due is done, so that no claim is made against adverts that were already there. In
//! steady state nothing is allocated and nothing touches a disk; nothing here waits for the mover or
//! the engine.

use std::thread::JoinHandle;

use clock::{Duration, Instant};
use mailbox::Inbox;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use vrrp_proto::election::Event;
use vrrp_proto::router;

use crate::loops::{now, real_time};
use crate::mover::News;
use crate::mover::thread::ToMover;
use crate::{Fact, Order};

mod core;
mod differences;
mod discards;
mod ending;
mod frame;
mod links;
mod port;
mod receive;
mod report;
mod row;
mod sockets;
mod sys;

pub(crate) use self::core::Core;
pub(crate) use self::port::Port;
pub(crate) use self::row::Row;
use ending::Ending;
use receive::{Burst, Ready};
use sys::Inbound;

const FIFO_PRIORITY: i32 = 50;
/// Orders taken in one wakeup; the rest wait for the next, which comes at once.
const ORDERS: usize = 64;
/// When to try again what an inbox had no room for.
const POST_AGAIN: Duration = Duration::from_millis(5);
/// A wakeup this late is one after a stall: others may have spoken meanwhile.
const STALL: Duration = Duration::from_millis(1);
/// Below this interval a thread without real-time permission is likely to be late.
const FAST: Duration = Duration::from_millis(50);
/// How long the engine may be silent before that is told.
const LEASE: Duration = Duration::from_secs(8);

/// What the thread owns.
#[derive(Debug)]
pub(crate) struct Wire {
    core: Core,
    epoll: Epoll,
    timer: TimerFd,
    orders: Inbox<Order>,
    news: Inbox<News>,
    mover: Option<JoinHandle<()>>,
    inbound: Inbound,
    lease: Lease,
    ending: Ending,
    /// What is to be posted again.
    post_again_at: Option<Instant>,
    /// When the timer rings.
    armed: Option<Instant>,
    burst: Burst,
    /// The time up to which the election was told everything: nothing is told of before.
    heard: Instant,
    /// The shortest interval of any router.
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
        let readable = |token| EpollEvent::new(EpollFlags::EPOLLIN, token);
        epoll.add(&timer, readable(receive::TIMER))?;
        epoll.add(&orders, readable(receive::ORDERS))?;
        epoll.add(&news, readable(receive::NEWS))?;
        Ok(Self {
            shortest: core.shortest_interval(),
            core,
            epoll,
            timer,
            orders,
            news,
            mover: None,
            inbound: Inbound::new(),
            lease: Lease::Unused,
            ending: Ending::None,
            post_again_at: None,
            armed: None,
            burst: Burst::default(),
            heard: Instant::ZERO,
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
            News::Source(member, link) => self.core.source(now, member, link),
            News::Device(member, index) => self.core.device(now, member, index),
            News::Settled(router, revision) => self.core.settled(router, revision),
        }
    }

    /// Runs until told to end, and ends the mover.
    pub(crate) fn run(mut self, mover: JoinHandle<()>) {
        self.mover = Some(mover);
        self.ask_for_real_time();
        let start = now();
        self.heard = start;
        self.receive_all(start);
        self.core.begin(start);
        self.pass_on(start);
        let mut events = [EpollEvent::empty(); 16];
        while !self.has_ended(now()) {
            match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => self.wake(now(), &Ready::new(&events, count)),
                // Stopped and continued: what is ready now must be asked anew.
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    // Cannot happen with descriptors we hold; without epoll there is no election.
                    self.core.facts.tell(Fact::Warning(format!("wire thread: epoll: {errno}")));
                    break;
                }
            }
        }
        self.end();
    }

    fn ask_for_real_time(&mut self) {
        let Some(warning) = real_time("wire", FIFO_PRIORITY) else { return };
        self.core.facts.tell(Fact::Warning(warning));
        if self.shortest < FAST {
            self.core.facts.tell(Fact::Warning(format!(
                "an interval of {} ms needs real-time scheduling, which is refused: the peer may take \
                 over for no reason; grant CAP_SYS_NICE or LimitRTPRIO=50, or set an interval of at \
                 least {} ms",
                self.shortest.as_millis(),
                FAST.as_millis()
            )));
        }
    }

    fn wake(&mut self, now: Instant, ready: &Ready) {
        let now = self.receive(now, ready);
        if ready.news {
            self.read_news(now);
        }
        self.open_again(now);
        if ready.orders {
            self.read_orders(now);
        }
        self.heard = self.heard.max(now);
        self.do_due(now);
        self.pass_on(now);
    }

    fn read_news(&mut self, now: Instant) {
        while let Some(news) = self.news.take() {
            self.hear(now, news);
        }
    }

    fn open_again(&mut self, now: Instant) {
        if self.core.open_again_at().is_some_and(|at| at <= now)
            && let Some(text) = self.core.open_again(now, &self.epoll)
        {
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

    fn do_due(&mut self, mut now: Instant) {
        if let Some(deadline) = self.core.election.deadline()
            && deadline <= now
        {
            let late = now.since(deadline);
            self.worst_lateness = self.worst_lateness.max(late);
            if late > STALL {
                now = self.receive_all(now);
            }
            self.core.feed(now, Event::Tick);
        }
        if let Lease::Until(until) = self.lease
            && until <= now
        {
            self.lease = Lease::Lapsed;
            self.core.facts.tell(Fact::Warning(
                "the engine has been silent for 8 s: roles stay as they are, priorities and \
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
        self.core.complain(now);
        let all_told = self.core.facts.flush();
        self.post_again_at = (!all_posted || !all_told).then(|| now + POST_AGAIN);
        self.arm(now);
    }

    /// Sets the timer, unless it rings soon enough: what moves away, as a Backup's deadline does at
    /// each advert, is looked at again when it rings. Setting it also takes back its last expiry.
    fn arm(&mut self, now: Instant) {
        let lease = match self.lease {
            Lease::Until(until) => Some(until),
            Lease::Unused | Lease::Lapsed => None,
        };
        let ends = self.ending.until();
        let times = [
            self.core.election.deadline(),
            self.core.open_again_at(),
            self.post_again_at,
            self.core.discards.due(),
            Some(self.core.differences.due()),
            lease,
            ends,
        ];
        let at = times.into_iter().flatten().min();
        let is_soon_enough = |armed: Instant| armed > now && at.is_none_or(|at| armed <= at);
        if self.armed.is_some_and(is_soon_enough) {
            return;
        }
        self.armed = at;
        let set = match at {
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
