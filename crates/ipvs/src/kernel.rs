//! What the table thread needs of a kernel, at the level of request and reply. [`crate::Client`]
//! is the real one; the recording, failing, lagging one is in tests/fakes.

use std::collections::BTreeMap;

use ipvs_table::{Request, Server, ServerKey, ServiceKey, Table};

/// Active and inactive connections of each real server.
pub type Connections = BTreeMap<(ServiceKey, ServerKey), (u32, u32)>;

/// The IPVS table of one network namespace. Every call waits for its answer.
pub trait Kernel {
    /// Sends the requests in order and returns 0 or a positive errno for each. A refused request
    /// does not stop those after it.
    ///
    /// # Errors
    /// The requests may or may not have been carried out.
    fn ask(&mut self, requests: &[Request]) -> Result<Vec<i32>, Lost>;

    /// The whole table, foreign services among it, with its connection counts.
    ///
    /// # Errors
    /// The dump broke off.
    fn dump(&mut self) -> Result<(Table, Connections), Lost>;

    /// All services without their servers.
    ///
    /// # Errors
    /// The dump broke off.
    fn services(&mut self) -> Result<Table, Lost>;

    /// The real servers of one service; none if there is no such service.
    ///
    /// # Errors
    /// The dump broke off.
    fn servers(&mut self, service: ServiceKey) -> Result<BTreeMap<ServerKey, Server>, Lost>;
}

/// An answer that did not come. The kernel's fault, or ours for asking too much at once; what the
/// table holds is unknown until it is dumped.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{during}: {why}")]
pub struct Lost {
    /// What was being done.
    pub during: &'static str,
    /// What happened to it.
    pub why: String,
    /// The kernel's errno, if it said one.
    pub errno: Option<i32>,
}
