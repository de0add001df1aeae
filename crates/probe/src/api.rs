//! CONTRACT (to be completed): what goes in and out of the health thread.

use std::collections::BTreeMap;

use health::{Check, CheckId, CheckState, Internal, Outcome, Verdict};
use mailbox::Outbox;

/// Orders to the health thread.
#[derive(Clone, Debug)]
pub enum Order {
    /// A check enters or changes.
    Set(CheckId, Check),
    /// A check leaves.
    Remove(CheckId),
    /// This server takes traffic already; judge it from this verdict.
    Assume(CheckId, Verdict),
    /// Say how every check stands: answered by [`Fact::Report`].
    Report,
    /// End.
    Stop,
}

/// Facts from the health thread.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A verdict is new or changed.
    Verdict {
        /// Which check.
        check: CheckId,
        /// What it concludes.
        verdict: Verdict,
        /// The outcome that decided.
        why: Outcome,
    },
    /// A check fails for a reason of our own.
    Impaired(CheckId, Internal),
    /// How every check stands.
    Report {
        /// Each check that is set.
        checks: BTreeMap<CheckId, CheckState>,
        /// Rounds left out so far because we were a whole interval late.
        skipped: u64,
    },
    /// The thread has ended in order.
    Ended,
}

/// Why it cannot start.
#[derive(Debug)]
pub struct StartError(pub String);

/// Runs the health thread (tokio current_thread, nice +5).
///
/// # Errors
/// Out of descriptors or threads.
pub fn start(_facts: Outbox<Fact>) -> Result<Outbox<Order>, StartError> {
    Err(StartError("not written".into()))
}
