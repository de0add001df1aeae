//! The table thread: one loop that owns the Reconciler and the kernel. It decides nothing.
//!
//! It carries out the Reconciler's one open question, takes in orders, hands the answer over, and
//! so on; with no question open it sleeps until an order or the Reconciler's deadline.

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use clock::{Duration, Instant};
use ipvs_table::{Event, Output, Reconciler, Service, ServiceKey, Table};
use mailbox::{Inbox, Outbox};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::time::{ClockId, clock_gettime};

use crate::api::{Fact, Order, Setup};
use crate::kernel::{Kernel, Lost};

mod teller;

use teller::Teller;

/// Runs until ordered to end, or until nobody listens any more.
pub(crate) fn run(
    kernel: impl Kernel,
    setup: Setup,
    table: Table,
    inbox: Inbox<Order>,
    facts: Outbox<Fact>,
) {
    let mut thread = Thread {
        kernel,
        reconciler: Reconciler::new(setup.ours, setup.verify),
        inbox,
        teller: Teller::new(facts),
        question: None,
        release: None,
        last_warning: None,
    };
    thread.handle(Event::Dumped(table));
    thread.work();
    thread.teller.tell(Fact::Ended);
    while thread.teller.is_behind() && thread.wait(None) {
        while thread.inbox.take().is_some() {} // too late
        thread.teller.flush();
    }
}

struct Thread<K> {
    kernel: K,
    reconciler: Reconciler,
    inbox: Inbox<Order>,
    teller: Teller,
    /// The Reconciler's open question.
    question: Option<Output>,
    release: Option<Release>,
    /// The last warning about lost answers, so that it is told once.
    last_warning: Option<Lost>,
}

/// What the orders taken come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ordered {
    GoOn,
    /// Remove everything of ours, then end.
    Release,
    /// End at once.
    End,
}

/// Everything of ours is being removed.
struct Release {
    /// What the Reconciler says it has applied when it is done.
    revision: u64,
    /// When we stop waiting for it.
    until: Instant,
    done: bool,
}

impl<K: Kernel> Thread<K> {
    fn work(&mut self) {
        loop {
            // Orders are taken before the answer is handed over: while its question is open, what is
            // wanted collapses.
            let answer = self.question.take().map(|question| self.answer(question));
            if self.take_orders() == Ordered::End {
                return;
            }
            if let Some(event) = answer {
                self.handle(event);
            }
            self.teller.flush();
            if self.released() || self.teller.is_closed() {
                return;
            }
            if self.question.is_none() {
                if !self.wait(self.next_deadline()) {
                    return;
                }
                self.handle(Event::Tick);
            }
        }
    }

    /// Takes all orders that wait; of several wants only the outcome counts.
    fn take_orders(&mut self) -> Ordered {
        let mut wanted: Option<(u64, BTreeMap<ServiceKey, Option<Service>>)> = None;
        let mut ordered = Ordered::GoOn;
        while let Some(order) = self.inbox.take() {
            match order {
                Order::Want { revision, changed } => match &mut wanted {
                    Some((latest, merged)) if revision >= *latest => {
                        *latest = revision;
                        merged.extend(changed);
                    }
                    Some(_) => {}
                    None => wanted = Some((revision, changed)),
                },
                Order::Report => self.report(),
                Order::Keep => ordered = Ordered::End,
                Order::Release if ordered == Ordered::GoOn => ordered = Ordered::Release,
                Order::Release => {}
            }
        }
        if self.release.is_some() {
            return ordered;
        }
        if let Some((revision, changed)) = wanted {
            self.handle(Event::Want { revision, changed });
        }
        if ordered == Ordered::Release {
            self.release();
        }
        ordered
    }

    fn handle(&mut self, event: Event) {
        for output in self.reconciler.handle(now(), event) {
            match output {
                Output::Ask(_) | Output::Dump | Output::ListServices | Output::DumpServers(_) => {
                    self.question = Some(output)
                }
                Output::Applied(revision) => self.applied(revision),
                Output::Refused(refusal) => self.teller.tell(Fact::Refused(refusal)),
                Output::Cured(service, server) => self.teller.tell(Fact::Cured(service, server)),
                Output::Drift(service, server) => self.teller.tell(Fact::Drift(service, server)),
                Output::Ours(ours) => self.teller.tell(Fact::Ours(ours)),
            }
        }
    }

    /// Asks the kernel; the event that answers the question.
    fn answer(&mut self, question: Output) -> Event {
        let answer = match question {
            Output::Ask(requests) => self.kernel.ask(&requests).map(Event::Answered),
            Output::Dump => self.kernel.dump().map(|(table, _)| Event::Dumped(table)),
            Output::ListServices => self.kernel.services().map(Event::Listed),
            Output::DumpServers(key) => {
                self.kernel.servers(key).map(|servers| Event::Servers(key, servers))
            }
            Output::Applied(_)
            | Output::Refused(_)
            | Output::Cured(..)
            | Output::Drift(..)
            | Output::Ours(_) => Ok(Event::Tick),
        };
        match answer {
            Ok(event) => {
                self.last_warning = None;
                event
            }
            Err(lost) => {
                if self.last_warning.as_ref() != Some(&lost) {
                    self.teller.tell(Fact::Warning(format!("{lost}; reading the table again")));
                }
                self.last_warning = Some(lost);
                Event::Lost
            }
        }
    }

    fn applied(&mut self, revision: u64) {
        match &mut self.release {
            Some(release) => release.done |= release.revision == revision,
            None => self.teller.tell(Fact::Applied(revision)),
        }
    }

    fn report(&mut self) {
        match self.kernel.dump() {
            Ok((table, connections)) => self.teller.tell(Fact::Report(table, connections)),
            Err(lost) => self.teller.tell(Fact::Warning(format!("no report: {lost}"))),
        }
    }

    fn release(&mut self) {
        let revision = self.reconciler.revision().map_or(0, |latest| latest.saturating_add(1));
        let changed = self.reconciler.ours().map(|key| (key, None)).collect();
        self.release = Some(Release { revision, until: now() + RELEASE, done: false });
        self.handle(Event::Want { revision, changed });
    }

    /// Whether everything of ours is removed, or as much as can be.
    fn released(&mut self) -> bool {
        let over = |release: &Release| release.done || now() >= release.until;
        if !self.release.as_ref().is_some_and(over) {
            return false;
        }
        if let Some(first) = self.reconciler.ours().next() {
            let left = self.reconciler.ours().count();
            let text = format!("{left} services of ours are left in the kernel, first {first}");
            self.teller.tell(Fact::Warning(text));
        }
        true
    }

    fn next_deadline(&self) -> Option<Instant> {
        let release = self.release.as_ref().map(|release| release.until);
        self.reconciler.deadline().into_iter().chain(release).min()
    }

    /// Sleeps until an order arrives, or the deadline; false if that is impossible.
    fn wait(&mut self, deadline: Option<Instant>) -> bool {
        let behind = self.teller.is_behind().then_some(TELL_AGAIN);
        let left = deadline.map(|deadline| deadline.since(now()));
        let timeout = left.into_iter().chain(behind).min().map_or(PollTimeout::NONE, rounded_up);
        let mut inbox = [PollFd::new(self.inbox.as_fd(), PollFlags::POLLIN)];
        match poll(&mut inbox, timeout) {
            Ok(_) | Err(Errno::EINTR) => true,
            Err(errno) => {
                self.teller.tell(Fact::Warning(format!("the table thread cannot wait: {errno}")));
                false
            }
        }
    }
}

/// CLOCK_BOOTTIME, as everywhere in the daemon.
fn now() -> Instant {
    // It exists since Linux 2.6.39 and cannot fail; a clock that stood still would only be late.
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .map_or(Instant::ZERO, |time| Instant::ZERO + Duration::from(time))
}

/// Whole milliseconds, never too early.
fn rounded_up(left: Duration) -> PollTimeout {
    let ms = left.as_nanos().div_ceil(1_000_000);
    i32::try_from(ms).ok().and_then(|ms| ms.try_into().ok()).unwrap_or(PollTimeout::MAX)
}

/// How long a release may take; deleting 10,000 services takes less than a second.
const RELEASE: Duration = Duration::from_secs(10);
/// How often facts are posted again to a mailbox that was full.
const TELL_AGAIN: Duration = Duration::from_millis(5);
