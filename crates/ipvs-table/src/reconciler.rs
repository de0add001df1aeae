//! CONTRACT (to be completed): owns the wanted table and what is known of the kernel's.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use clock::{Duration, Instant};

use crate::{Request, ServerKey, Service, ServiceKey, Table};

/// Keeps the kernel's table equal to the wanted one, for the services that are ours.
#[derive(Debug)]
pub struct Reconciler {}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// What is wanted changed: `None` removes a service of ours. Older revisions are ignored.
    Want {
        /// Counts up with each message.
        revision: u64,
        /// The changed entries.
        changed: BTreeMap<ServiceKey, Option<Service>>,
    },
    /// The answers to [`Output::Ask`], in the order of the requests: 0 or an errno each.
    Answered(Vec<i32>),
    /// The answer to [`Output::Dump`]: the kernel's whole table, foreign services among it.
    Dumped(Table),
    /// The answer to [`Output::ListServices`]: all services without their servers.
    Listed(Table),
    /// The answer to [`Output::DumpServers`].
    Servers(ServiceKey, BTreeMap<ServerKey, crate::Server>),
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
    /// The set of services that are ours changed: keep it on disk.
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

impl Reconciler {
    /// Starts with nothing wanted and nothing known; `ours` are the services applied by an earlier
    /// process; `verify` is how often the list of services is compared.
    pub fn new(_ours: Vec<ServiceKey>, _verify: Duration) -> Self {
        Self {}
    }

    /// Takes in one event; returns what to do, in order.
    pub fn handle(&mut self, _now: Instant, _event: Event) -> Vec<Output> {
        Vec::new()
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }
}
