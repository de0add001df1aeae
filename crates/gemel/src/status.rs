//! What `gemel status` says, as values: the JSON is exactly this, the text a rendering of it.

pub(crate) mod render;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Every virtual router.
    pub(crate) routers: Vec<Router>,
    /// Every virtual server.
    pub(crate) services: Vec<Service>,
    /// Services in the kernel that are not ours; left alone.
    pub(crate) foreign_services: Vec<String>,
    /// What is not as it should be, one sentence each.
    pub(crate) problems: Vec<String>,
    /// The worst lateness of a protocol deadline since the start.
    pub(crate) worst_lateness_us: u64,
}

/// One virtual router.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Router {
    pub(crate) name: String,
    pub(crate) interface: String,
    pub(crate) vrid: u8,
    /// Init, Backup, Active or Leaving.
    pub(crate) role: String,
    pub(crate) since_s: f64,
    /// Why it has this role.
    pub(crate) reason: String,
    /// The effective priority; always base plus the causes that count, within 1 and 254.
    pub(crate) priority: u8,
    pub(crate) base: u8,
    pub(crate) causes: Vec<Cause>,
    /// Whose valid advert was heard last.
    pub(crate) peer: Option<Peer>,
    pub(crate) interval_ms: u64,
    pub(crate) skew_us: u64,
    pub(crate) active_down_ms: f64,
    pub(crate) addresses: Vec<String>,
    /// By their RFC 8347 names; zeros left out.
    pub(crate) counters: BTreeMap<String, u64>,
}

/// One named, additive reason of a priority.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Cause {
    pub(crate) name: String,
    pub(crate) value: i32,
    pub(crate) counts: bool,
    pub(crate) since_s: f64,
    /// When a change that is held takes effect.
    pub(crate) held_for_s: Option<f64>,
}

/// The other director as the wire shows it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Peer {
    pub(crate) address: String,
    pub(crate) priority: u8,
    pub(crate) heard_s_ago: f64,
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
