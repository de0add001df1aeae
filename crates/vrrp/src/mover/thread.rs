//! The mover thread: waits for wants and notices, and drives [`Mover`]. Adverts never wait for it.

use clock::Instant;
use mailbox::{Inbox, Outbox, Refused};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use vrrp_proto::RouterId;
use vrrp_proto::router::Holding;

use super::{Mover, News, Rtnetlink};
use crate::loops::{now, real_time};
use crate::teller::Teller;

/// Below the wire thread's, above everybody else's.
const FIFO_PRIORITY: i32 = 49;
/// When to try again what an inbox had no room for.
const POST_AGAIN_MS: u16 = 10;

/// From the wire thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ToMover {
    /// What is wanted of a router's addresses (a level), and which revision of it this is.
    Want(RouterId, u64, Holding),
    /// Announce a router's addresses once more (an edge).
    Announce(RouterId),
    /// End, and leave the addresses.
    End,
}

/// What the thread owns.
#[derive(Debug)]
pub(crate) struct MoverThread {
    pub(crate) mover: Mover<Rtnetlink>,
    pub(crate) inbox: Inbox<ToMover>,
    pub(crate) wire: Outbox<News>,
    pub(crate) facts: Teller,
    /// News that the wire thread's inbox had no room for; at most one a router and link.
    pub(crate) unsent: Vec<News>,
}

/// What a look into the inbox found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Course {
    GoOn,
    End,
}

impl MoverThread {
    /// Runs until told to end.
    pub(crate) fn run(mut self) {
        if let Some(warning) = real_time("mover", FIFO_PRIORITY) {
            self.facts.tell(crate::Fact::Warning(warning));
        }
        if let Err(errno) = self.go_on() {
            let text = format!("mover thread: {}; addresses stay as they are", errno.desc());
            self.facts.tell(crate::Fact::Warning(text));
        }
        self.mover.finish();
        self.deliver();
    }

    fn go_on(&mut self) -> Result<(), Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&self.inbox, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
        epoll.add(self.mover.kernel.monitor(), EpollEvent::new(EpollFlags::EPOLLIN, 1))?;
        epoll.add(self.mover.kernel.ears(), EpollEvent::new(EpollFlags::EPOLLIN, 2))?;
        let mut resting = false;
        let mut events = [EpollEvent::empty(); 3];
        loop {
            loop {
                if self.read_inbox(now()) == Course::End {
                    return Ok(());
                }
                if !self.mover.step(now()) {
                    break;
                }
            }
            let all_told = self.deliver();
            if std::mem::replace(&mut resting, self.mover.rests()) != resting {
                let wanted = if resting { EpollFlags::empty() } else { EpollFlags::EPOLLIN };
                epoll.modify(self.mover.kernel.ears(), &mut EpollEvent::new(wanted, 2))?;
            }
            let timeout = self.timeout(now(), all_told);
            match epoll.wait(&mut events, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn read_inbox(&mut self, now: Instant) -> Course {
        while let Some(order) = self.inbox.take() {
            match order {
                ToMover::Want(router, revision, holding) => {
                    self.mover.want(router, revision, holding)
                }
                ToMover::Announce(router) => self.mover.announce(now, router),
                ToMover::End => return Course::End,
            }
        }
        Course::GoOn
    }

    /// Passes on news and facts; false if some wait.
    fn deliver(&mut self) -> bool {
        for news in self.mover.news() {
            self.unsent.retain(|old| !same_object(old, &news));
            self.unsent.push(news);
        }
        let wire = &self.wire;
        self.unsent.retain(|&news| matches!(wire.post(news), Err(Refused::Full(_))));
        for fact in self.mover.facts() {
            self.facts.tell(fact);
        }
        self.facts.flush() && self.unsent.is_empty()
    }

    fn timeout(&self, now: Instant, all_told: bool) -> EpollTimeout {
        let rest = self.mover.deadline().map(|at| at.since(now).as_micros().div_ceil(1_000));
        let rest = rest.and_then(|ms| u16::try_from(ms).ok()).unwrap_or(u16::MAX);
        if all_told { rest.into() } else { rest.min(POST_AGAIN_MS).into() }
    }
}

fn same_object(a: &News, b: &News) -> bool {
    match (a, b) {
        (News::Link(a), News::Link(b)) => a.link == b.link,
        (News::Source(a, _), News::Source(b, _)) | (News::Device(a, _), News::Device(b, _)) => {
            a == b
        }
        (News::Settled(a, _), News::Settled(b, _)) => a == b,
        (News::Link(_) | News::Source(..) | News::Settled(..) | News::Device(..), _) => false,
    }
}
