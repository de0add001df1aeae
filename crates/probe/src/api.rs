//! CONTRACT (to be completed): what goes in and out of the health thread.

use health::{Check, CheckId, Internal, Outcome, Verdict};
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
