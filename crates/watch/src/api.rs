//! What goes in and out of the `gemel-track` thread.
//!
//! Only values. The engine is the one caller.

use clock::Instant;
use coordinator::{Reading, Source};

/// Orders to the thread.
#[derive(Clone, Debug)]
pub enum Order {
    /// Say how every source stands: answered by [`Fact::Report`].
    Report,
    /// End; scripts that run are killed first.
    Stop,
}

/// Facts from the thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A source's reading is new or changed (a level: while the receiver is behind, the latest of
    /// each source waits).
    Reading {
        /// Which source.
        source: Source,
        /// What it says now.
        reading: Reading,
        /// The sample that decided, for people: `no answer for 3.5 s`.
        why: String,
    },
    /// The answer to [`Order::Report`], in the order of the sources.
    Report(Vec<SourceReport>),
    /// Something for the log: what cannot be watched, and what is done instead.
    Warning(String),
    /// The thread has ended in order.
    Ended,
}

/// How one source stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceReport {
    /// Which.
    pub source: Source,
    /// What it says; `None`: nothing yet.
    pub reading: Option<Reading>,
    /// Since when it says that (`CLOCK_BOOTTIME`).
    pub since: Instant,
    /// The last sample, for people.
    pub detail: String,
}

/// Why it cannot start: what was tried, and the kernel's answer. Nothing is left running.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);
