//! CONTRACT (to be completed): what goes in and out of the table thread.

use std::collections::BTreeMap;

use clock::Duration;
use ipvs_table::{Refusal, ServerKey, Service, ServiceKey, Table};
use mailbox::Outbox;

/// What the thread needs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The services an earlier process applied and those the file names: what law 7 calls ours.
    pub ours: Vec<ServiceKey>,
    /// How often the list of services is compared with the kernel's.
    pub verify: Duration,
}

/// Orders to the table thread.
#[derive(Clone, Debug)]
pub enum Order {
    /// What is wanted changed; `None` removes a service.
    Want {
        /// Counts up with each message.
        revision: u64,
        /// The changed services.
        changed: BTreeMap<ServiceKey, Option<Service>>,
    },
    /// Report the kernel's table, with connection counts, by [`Fact::Report`].
    Report,
    /// End, leaving the table as it is.
    Keep,
    /// Remove every service of ours, then end.
    Release,
}

/// Facts from the table thread.
#[derive(Clone, Debug)]
pub enum Fact {
    /// Everything wanted up to this revision is in the kernel, but for what is refused.
    Applied(u64),
    /// The kernel refused an entry.
    Refused(Refusal),
    /// A refused entry is there now.
    Cured(ServiceKey, Option<ServerKey>),
    /// The kernel's table differed from what we applied; it is being repaired.
    Drift(ServiceKey, Option<ServerKey>),
    /// The set of services that are ours changed: keep it on disk.
    Ours(Vec<ServiceKey>),
    /// The answer to [`Order::Report`]: the whole table, foreign services among it, and each
    /// server's active and inactive connections.
    Report(Table, BTreeMap<(ServiceKey, ServerKey), (u32, u32)>),
    /// Something for the log.
    Warning(String),
    /// The thread has ended in order.
    Ended,
}

/// A running thread and what the kernel held when it started.
#[derive(Debug)]
pub struct Started {
    /// Orders go in here.
    pub orders: Outbox<Order>,
    /// The whole table, foreign services among it.
    pub table: Table,
}

/// Why it cannot start. Nothing was changed; says the object and the way out.
#[derive(Debug)]
pub struct StartError(pub String);

/// Opens the socket, dumps the table, runs the thread.
///
/// # Errors
/// No IPVS in this kernel, no permission: named, with the way out.
pub fn start(_setup: Setup, _facts: Outbox<Fact>) -> Result<Started, StartError> {
    Err(StartError("not written".into()))
}
