//! CONTRACT (bodies to be written): every check of every server, asked on time, judged.

use clock::Instant;

use crate::{Check, CheckId, Outcome, Verdict};

/// Owns every check and its state.
#[derive(Debug, Default)]
pub struct Schedule {}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A check enters, or its settings change; unchanged settings keep state and timers.
    Set(CheckId, Check),
    /// A check leaves; its answers are ignored from now on.
    Remove(CheckId),
    /// The server took traffic when we started: Up until `fall` failures say otherwise.
    Assume(CheckId, Verdict),
    /// One question was answered, in this round.
    Answered {
        /// Which check.
        check: CheckId,
        /// The round it was asked in; answers of older rounds are ignored.
        round: u64,
        /// What the exchange showed.
        outcome: Outcome,
    },
    /// Time has passed.
    Tick,
}

/// What the executor must do, or tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Ask now; answer with [`Event::Answered`] within the timeout.
    Ask {
        /// Which check.
        check: CheckId,
        /// Its round.
        round: u64,
    },
    /// The verdict is new or changed, for this reason. The first answer of an unknown server gives
    /// a verdict at once.
    Verdict {
        /// Which check.
        check: CheckId,
        /// What we conclude.
        verdict: Verdict,
        /// The outcome that decided it.
        why: Outcome,
    },
    /// A check failed for a reason of our own; told when it begins.
    Impaired(CheckId, crate::Internal),
}

impl Schedule {
    /// Takes in one event; returns what to do, in order.
    pub fn handle(&mut self, _now: Instant, _event: Event) -> Vec<Output> {
        Vec::new()
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The settings of a check.
    pub fn check(&self, _id: CheckId) -> Option<&Check> {
        None
    }
}
