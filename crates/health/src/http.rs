//! CONTRACT (to be written): HTTP GET as a check.

use std::ops::RangeInclusive;

/// An HTTP/1.1 GET and the statuses that pass.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpGet {
    /// The path and query, beginning with `/`.
    pub path: String,
    /// The Host header; by default the server's address and port.
    pub host: Option<String>,
    /// Statuses that pass; 200 to 299 by default.
    pub status: Vec<RangeInclusive<u16>>,
}
