//! What is believed of one real server, and whether that lets it take traffic.
//!
//! Not the check itself (its counters are `health`'s); the coordinator keeps one of these a server.

use clock::Instant;
use health::{Outcome, Verdict};

/// What is believed of one real server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Belief {
    /// What we take it for.
    pub standing: Standing,
    /// Since when.
    pub since: Instant,
}

/// Why a server takes traffic, or does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It has no check: always up.
    Unchecked,
    /// Its check has not concluded anything yet; it takes no traffic.
    Unknown,
    /// Not judged yet, but it took traffic when we started: it goes on until its first verdict.
    Adopted,
    /// Not judged yet, but let in because we are Active and waited long enough (design.md 6).
    Forced,
    /// Its check concluded this, for this reason.
    Judged(Verdict, Outcome),
}

impl Belief {
    /// What its check concluded, if it has.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.standing {
            Standing::Judged(verdict, _) => Some(verdict),
            Standing::Unchecked | Standing::Unknown | Standing::Adopted | Standing::Forced => None,
        }
    }

    /// The outcome behind the verdict, if there is one.
    pub fn why(&self) -> Option<Outcome> {
        match self.standing {
            Standing::Judged(_, why) => Some(why),
            Standing::Unchecked | Standing::Unknown | Standing::Adopted | Standing::Forced => None,
        }
    }

    /// Whether it belongs into the table with its weight.
    pub fn takes_traffic(&self) -> bool {
        self.is_live() || self.standing == Standing::Forced
    }

    /// Whether it counts for its pool's quorum.
    pub fn is_live(&self) -> bool {
        match self.standing {
            Standing::Unchecked | Standing::Adopted => true,
            Standing::Unknown | Standing::Forced => false,
            Standing::Judged(verdict, _) => verdict == Verdict::Up,
        }
    }

    /// Whether the first round of checks need not wait for it any longer.
    pub fn is_judged(&self) -> bool {
        match self.standing {
            Standing::Unchecked | Standing::Adopted | Standing::Judged(..) => true,
            Standing::Unknown | Standing::Forced => false,
        }
    }
}
