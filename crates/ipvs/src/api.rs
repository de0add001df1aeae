//! What goes in and out of the table thread, and its start. The daemon is the caller.

use std::collections::BTreeMap;

use clock::Duration;
use ipvs_table::{Refusal, ServerKey, Service, ServiceKey, Table};
use mailbox::{Outbox, mailbox};

use crate::client::Client;
use crate::explain::NO_PERMISSION;
use crate::kernel::{Connections, Kernel, Lost};
use crate::thread;

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
    Report(Table, Connections),
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
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// Opens the socket in this thread's network namespace, dumps the table, runs the thread.
///
/// # Errors
/// No IPVS in this kernel, no permission: named, with the way out.
pub fn start(setup: Setup, facts: Outbox<Fact>) -> Result<Started, StartError> {
    start_on(Client::open()?, setup, facts)
}

/// The same on another kernel.
///
/// # Errors
/// The kernel cannot be read.
pub fn start_on(
    mut kernel: impl Kernel + Send + 'static,
    setup: Setup,
    facts: Outbox<Fact>,
) -> Result<Started, StartError> {
    let (table, _) = kernel.dump().map_err(|lost| cannot_read(&lost))?;
    let (orders, inbox) = mailbox(ORDERS)
        .map_err(|errno| StartError(format!("open the table thread's mailbox: {errno}")))?;
    let held = table.clone();
    std::thread::Builder::new()
        .name("gemel-table".into())
        .stack_size(STACK_BYTES)
        .spawn(move || thread::run(kernel, setup, held, inbox, facts))
        .map_err(|error| StartError(format!("start the table thread: {error}")))?;
    Ok(Started { orders, table })
}

fn cannot_read(lost: &Lost) -> StartError {
    match lost.errno {
        Some(libc::EPERM) => StartError(format!("{}: {NO_PERMISSION}", lost.during)),
        _ => StartError(lost.to_string()),
    }
}

/// Orders that may wait; a window of requests takes milliseconds.
const ORDERS: usize = 256;
/// Nothing recurses here; the tables are on the heap.
const STACK_BYTES: usize = 256 << 10;
