//! Owns the wanted table and what is known of the kernel's, and says what to ask the kernel next.
//!
//! It is not the client: it never waits, and each question it asks is answered by one event. The
//! table thread of the crate `ipvs` calls it, and the simulation.
//!
//! ```text
//!  Want ──► wanted, ours ─┐ per service                        Ask ──► Answered ─┐
//!                         ├─► steps ─► queue, in plan's order ─► window of 128   │
//!  Dumped, Listed, ──► kernel (what we believe) ◄──────────────── granted ◄──────┤
//!  Servers                 ▲                                                     │
//!                          └── doubts: what must be read again ◄─ surprising ◄───┤
//!                                       refusals, with back-off ◄─ refused ◄─────┘
//! ```
//!
//! One question is open at a time, so an observation is never older than our own last write. What
//! is wanted may change meanwhile; only the latest counts when the answer is there.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::mem;

use clock::{Duration, Instant};

use crate::plan::steps;
use crate::{Request, Server, ServerKey, Service, ServiceKey, Table};

mod answers;
mod doubts;
mod observations;
mod patience;
mod queue;
mod refusals;

use doubts::{Doubt, Doubts};
use patience::Patience;
use queue::Queue;
use refusals::Refusals;

/// Keeps the kernel's table equal to the wanted one, for the services that are ours.
///
/// Ours are the services an earlier process applied and those wanted since; one that is no longer
/// wanted is removed and then not ours any more. All others are never touched. A wanted service that
/// the kernel has already is adopted: changed by sets, so that its connections stay.
#[derive(Debug)]
pub struct Reconciler {
    verify: Duration,
    wanted: Table,
    ours: BTreeSet<ServiceKey>,
    /// Whether `ours` has changed since it was last told.
    ours_changed: bool,
    /// `None` until something is wanted: nothing is written before that.
    revision: Option<u64>,
    /// Whether `revision` was told to be applied.
    applied: bool,
    /// What we believe the kernel holds, foreign services among it.
    kernel: Table,
    knowledge: Knowledge,
    /// Services whose part of `kernel` must be read again before they are planned.
    doubts: Doubts,
    /// Services to be planned anew once no question is open.
    dirty: BTreeSet<ServiceKey>,
    queue: Queue,
    refusals: Refusals,
    patience: Patience,
    open: Option<Question>,
    /// What was told as [`Output::Drift`] and has not been seen in order since.
    drifting: BTreeSet<(ServiceKey, Option<ServerKey>)>,
    /// When the list of services is compared next.
    verify_at: Instant,
    /// Whether this round's one service is still to be compared server by server.
    servers_due: bool,
    /// The service compared last.
    compared: Option<ServiceKey>,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// What is wanted changed: `None` removes a service of ours. Older revisions are ignored. The
    /// first one is taken to be all: services of ours that it does not name are removed.
    Want {
        /// Counts up with each message.
        revision: u64,
        /// The changed entries.
        changed: BTreeMap<ServiceKey, Option<Service>>,
    },
    /// The answers to [`Output::Ask`], in the order of the requests: 0 or an errno each.
    Answered(Vec<i32>),
    /// The answer to [`Output::Dump`]: the kernel's whole table, foreign services among it. May
    /// come unasked before anything else: what the executor read at its start.
    Dumped(Table),
    /// The answer to [`Output::ListServices`]: all services without their servers.
    Listed(Table),
    /// The answer to [`Output::DumpServers`].
    Servers(ServiceKey, BTreeMap<ServerKey, Server>),
    /// Answers were lost (ENOBUFS) or the dump failed: nothing is known until the next dump.
    Lost,
    /// Time has passed.
    Tick,
}

/// What the executor must do, or tell; one question to the kernel is open at a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Send these requests in one window (at most 128) and answer with [`Event::Answered`].
    Ask(Vec<Request>),
    /// Dump everything and answer with [`Event::Dumped`].
    Dump,
    /// List the services and answer with [`Event::Listed`].
    ListServices,
    /// Dump one service's servers and answer with [`Event::Servers`].
    DumpServers(ServiceKey),
    /// Everything wanted up to this revision is in the kernel, but for what is refused.
    Applied(u64),
    /// The kernel refused; tried again with back-off, told once and when cured.
    Refused(Refusal),
    /// A refused entry is in the kernel now, or no longer wanted.
    Cured(ServiceKey, Option<ServerKey>),
    /// The kernel differed from what we last applied to it; it is being repaired.
    Drift(ServiceKey, Option<ServerKey>),
    /// The set of services that are ours changed: keep it on disk. Told before the first request
    /// about a new one.
    Ours(Vec<ServiceKey>),
}

/// What the kernel refused, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The service.
    pub service: ServiceKey,
    /// The real server, if it was one.
    pub server: Option<ServerKey>,
    /// The kernel's errno, positive.
    pub errno: i32,
}

/// What is known of the kernel's table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Knowledge {
    /// Nothing yet.
    Nothing,
    /// What it was before answers were lost.
    Stale,
    /// `Reconciler::kernel`, but for the doubts.
    Current,
}

/// The question that is open.
#[derive(Debug)]
enum Question {
    Ask(Vec<Request>),
    Dump,
    List,
    Servers(ServiceKey),
}

impl Reconciler {
    /// Starts with nothing wanted and nothing known; `ours` are the services applied by an earlier
    /// process; `verify` is how often the list of services is compared, at least 1 ms.
    pub fn new(ours: Vec<ServiceKey>, verify: Duration) -> Self {
        Self {
            verify: verify.max(Duration::from_millis(1)),
            wanted: Table::new(),
            ours: ours.into_iter().collect(),
            ours_changed: false,
            revision: None,
            applied: false,
            kernel: Table::new(),
            knowledge: Knowledge::Nothing,
            doubts: Doubts::default(),
            dirty: BTreeSet::new(),
            queue: Queue::default(),
            refusals: Refusals::default(),
            patience: Patience::default(),
            open: None,
            drifting: BTreeSet::new(),
            verify_at: Instant::ZERO,
            servers_due: false,
            compared: None,
        }
    }

    /// Takes in one event; returns what to do, in order. An answer to what was not asked is ignored.
    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Output> {
        let mut outputs = Vec::new();
        match event {
            Event::Want { revision, changed } => self.want(revision, changed),
            Event::Answered(answers) => self.answered(now, &answers, &mut outputs),
            Event::Dumped(table) => self.dumped(now, table, &mut outputs),
            Event::Listed(table) => self.listed(now, table, &mut outputs),
            Event::Servers(key, servers) => self.servers(key, servers, &mut outputs),
            Event::Lost => self.lost(now),
            Event::Tick => {}
        }
        if self.open.is_none() {
            self.proceed(now, &mut outputs);
        }
        outputs
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest; `None` while a question is
    /// open, or if there is nothing to wait for.
    pub fn deadline(&self) -> Option<Instant> {
        if self.open.is_some() {
            return None;
        }
        if self.knowledge != Knowledge::Current {
            return Some(self.patience.not_before());
        }
        self.revision?;
        let doubt = (!self.doubts.is_empty()).then_some(self.patience.not_before());
        let verify = (self.applied && !self.ours.is_empty()).then_some(self.verify_at);
        [doubt, verify, self.refusals.next_retry()].into_iter().flatten().min()
    }

    /// The services that are ours now.
    pub fn ours(&self) -> impl Iterator<Item = ServiceKey> {
        self.ours.iter().copied()
    }

    /// The latest revision wanted.
    pub const fn revision(&self) -> Option<u64> {
        self.revision
    }

    fn want(&mut self, revision: u64, changed: BTreeMap<ServiceKey, Option<Service>>) {
        if self.revision.is_some_and(|latest| revision < latest) {
            return;
        }
        let first = self.revision.replace(revision).is_none();
        self.applied = false;
        for (key, service) in changed {
            match service {
                Some(service) => self.want_service(key, service, first),
                None => drop(self.wanted.remove(&key)),
            }
            self.dirty.insert(key);
        }
        if first {
            self.dirty.extend(&self.ours);
        }
    }

    fn want_service(&mut self, key: ServiceKey, service: Service, first: bool) {
        if self.ours.insert(key) {
            self.ours_changed = true;
            // A service that was not ours is adopted. At the start its servers have just been read.
            if !first && let Some(held) = self.kernel.get_mut(&key) {
                held.servers.clear();
                self.doubts.insert(key, Doubt::Servers);
            }
        }
        if let Some(held) = self.wanted.get(&key) {
            self.refusals.retry_changed(key, held, &service);
        }
        self.wanted.insert(key, service);
    }

    /// Nothing is known any more. What was in flight is no drift when it turns up.
    fn lost(&mut self, now: Instant) {
        if let Some(Question::Ask(requests)) = self.open.take() {
            for request in requests {
                self.kernel.remove(&request.service());
            }
        }
        if self.knowledge == Knowledge::Current {
            self.knowledge = Knowledge::Stale;
        }
        self.patience.strike(now);
    }

    /// With no question open: plans what is to be planned, then asks the most urgent question.
    fn proceed(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        if self.knowledge != Knowledge::Current {
            if now >= self.patience.not_before() {
                self.ask(Question::Dump, outputs);
            }
            return;
        }
        if self.revision.is_none() {
            return;
        }
        self.dirty.extend(self.refusals.take_due(now));
        for key in mem::take(&mut self.dirty) {
            self.plan(key, outputs);
        }
        if mem::take(&mut self.ours_changed) {
            outputs.push(Output::Ours(self.ours.iter().copied().collect()));
        }
        if let Some(question) = self.question(now) {
            self.ask(question, outputs);
        } else if !self.applied && self.doubts.is_empty() {
            self.applied = true;
            self.patience.reset();
            outputs.extend(self.revision.map(Output::Applied));
        }
        if self.open.is_none() && self.applied {
            self.verify(now, outputs);
        }
    }

    /// Queues what is left to do for one service, and tells what is cured.
    fn plan(&mut self, key: ServiceKey, outputs: &mut Vec<Output>) {
        self.queue.forget(key);
        if !self.ours.contains(&key) || self.doubts.contains(key) {
            return;
        }
        let (have, want) = (self.kernel.get(&key), self.wanted.get(&key));
        let (steps, absent) = (steps(key, have, want), have.is_none());
        if absent && want.is_none() {
            self.ours.remove(&key);
            self.ours_changed = true;
            self.forget_drift(key);
        }
        for server in self.refusals.take_cured(key, &steps) {
            outputs.push(Output::Cured(key, server));
        }
        if absent && self.refusals.waits(key, None) {
            return; // its servers cannot be added before it
        }
        for (step, request) in steps {
            if !self.refusals.waits(key, step.server) {
                self.queue.put(step, request);
            }
        }
    }

    /// What must be asked to get to what is wanted: first what is doubtful, as planning needs it.
    fn question(&mut self, now: Instant) -> Option<Question> {
        if let Some((key, doubt)) = self.doubts.first()
            && now >= self.patience.not_before()
        {
            return Some(match doubt {
                Doubt::Service => Question::List,
                Doubt::Servers => Question::Servers(key),
            });
        }
        self.queue.window().map(Question::Ask)
    }

    /// With nothing to do: compares the list of services each period, and one service's servers.
    fn verify(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        if mem::take(&mut self.servers_due)
            && let Some(key) = self.next_to_compare()
        {
            self.compared = Some(key);
            self.ask(Question::Servers(key), outputs);
        } else if now >= self.verify_at && !self.ours.is_empty() {
            self.verify_at = now + self.verify;
            self.ask(Question::List, outputs);
        }
    }

    /// The service of ours after the one compared last, in a circle.
    fn next_to_compare(&self) -> Option<ServiceKey> {
        let held = |key: &&ServiceKey| self.kernel.contains_key(key);
        let after = self.compared.and_then(|last| {
            use core::ops::Bound::{Excluded, Unbounded};
            self.ours.range((Excluded(last), Unbounded)).find(held)
        });
        after.or_else(|| self.ours.iter().find(held)).copied()
    }

    fn ask(&mut self, question: Question, outputs: &mut Vec<Output>) {
        outputs.push(match &question {
            Question::Ask(requests) => Output::Ask(requests.clone()),
            Question::Dump => Output::Dump,
            Question::List => Output::ListServices,
            Question::Servers(key) => Output::DumpServers(*key),
        });
        self.open = Some(question);
    }
}

#[cfg(test)]
mod tests;
