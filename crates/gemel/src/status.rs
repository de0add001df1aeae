//! What `gemel status` says, as values: the JSON is exactly this, the text a rendering of it.

pub(crate) mod render;
mod router;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use router::{Address, Cause, Member, Peer, Router, VirtualMac};

/// One director as it sees itself.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Status {
    /// Version of the daemon.
    pub(crate) version: String,
    /// `pair.name` of the file.
    pub(crate) pair: String,
    /// Which director this is.
    pub(crate) director: String,
    /// Since the daemon started.
    pub(crate) uptime_s: f64,
    /// Every router of the file.
    pub(crate) routers: Vec<Router>,
    /// Every virtual server.
    pub(crate) services: Vec<Service>,
    /// Every tracked source.
    pub(crate) tracked: Vec<Tracked>,
    /// Services in the kernel that are not ours; left alone.
    pub(crate) foreign_services: Vec<String>,
    /// What is not as it should be, one sentence each.
    pub(crate) problems: Vec<String>,
    /// Datagrams that concern no single router, by their RFC 8347 names.
    pub(crate) counters: BTreeMap<String, u64>,
    /// The worst lateness of a protocol deadline since the start.
    pub(crate) worst_lateness_us: u64,
}

/// A source of facts about this machine.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Tracked {
    /// Its name, as in the causes.
    pub(crate) source: String,
    /// `good`, `bad`, `unknown` before its first reading, or a number.
    pub(crate) reading: String,
    pub(crate) since_s: f64,
    /// The last sample, and what is still missing until it is believed.
    pub(crate) detail: String,
}

/// One virtual server.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) listen: String,
    pub(crate) scheduler: String,
    pub(crate) forward: String,
    pub(crate) router: Option<String>,
    pub(crate) in_kernel: bool,
    pub(crate) servers: Vec<Server>,
}

/// One real server.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Server {
    pub(crate) address: String,
    /// `up` or `down` as its check concluded; `unchecked` has none; not judged yet: `unknown` takes
    /// no traffic, `adopted` took some when we started, `forced` was let in unjudged.
    pub(crate) standing: String,
    pub(crate) since_s: f64,
    /// The outcome that decided.
    pub(crate) why: Option<String>,
    /// What the last check showed.
    pub(crate) last_check: Option<String>,
    /// In the file.
    pub(crate) weight: u16,
    /// In the kernel's table; absent when it takes no traffic.
    pub(crate) kernel_weight: Option<u16>,
    pub(crate) active_connections: u32,
    pub(crate) inactive_connections: u32,
}
