//! What goes in and out of the health thread.
//!
//! Only values; the thread itself is in `spawn.rs` and `prober.rs`. The engine is the one caller.

use std::collections::BTreeMap;
use std::fmt;

use health::{Check, CheckId, CheckState, Internal, Outcome, Verdict};
use mailbox::Outbox;

/// Orders to the health thread.
#[derive(Clone, Debug)]
pub enum Order {
    /// A check enters or changes.
    Set(CheckId, Check),
    /// A check leaves; no fact about it is posted from now on.
    Remove(CheckId),
    /// This server takes traffic already (or does not); judge it from this verdict. After its Set;
    /// ignored if an answer has judged it already.
    Assume(CheckId, Verdict),
    /// Say how every check stands: answered by [`Fact::Report`].
    Report,
    /// End.
    Stop,
}

/// Facts from the health thread. While the receiver is behind, the latest of each kind is kept for
/// each check and posted as soon as there is room.
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
    /// A check fails for a reason of our own; posted when a series of such failures begins.
    Impaired(CheckId, Internal),
    /// How every check stands; the moments are on `CLOCK_BOOTTIME`.
    Report {
        /// Each check that is set.
        checks: BTreeMap<CheckId, CheckState>,
        /// Rounds left out so far because we were a whole interval late.
        skipped: u64,
    },
    /// The thread has ended in order.
    Ended,
}

/// Why it cannot start: what was tried, and the kernel's answer.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Runs the health thread (tokio current_thread, nice +5). At most 4096 orders wait; a full mailbox
/// gives the order back, to be posted again.
///
/// # Errors
/// Out of descriptors or threads; nothing is left running.
pub fn start(facts: Outbox<Fact>) -> Result<Outbox<Order>, StartError> {
    crate::spawn::thread(facts)
}
