//! Every check of every server: asked on time, judged.
//!
//! It joins the timetable (when) and each check's state (what the answers add up to), and does no
//! IO: an executor asks what [`Output::Ask`] says and brings back [`Event::Answered`]. The health
//! thread and the simulator drive it; the coordinator hears its verdicts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::num::NonZeroUsize;

use clock::Instant;

use crate::state::Conclusion;
use crate::timetable::Timetable;
use crate::{Check, CheckId, CheckState, Internal, Outcome, Verdict};

/// Owns every check and its state.
#[derive(Debug)]
pub struct Schedule {
    checks: BTreeMap<CheckId, (Check, CheckState)>,
    timetable: Timetable,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A check enters, or its settings change. Unchanged settings keep everything; other timing
    /// keeps the run of answers; another target or question keeps the verdict until its own answers
    /// say otherwise.
    Set(CheckId, Check),
    /// A check leaves; its answers are ignored from now on.
    Remove(CheckId),
    /// Whoever is asking treats this server as Up (or Down) already: that holds until `fall` (or
    /// `rise`) answers say otherwise. No output; ignored if the check is not set, or judged
    /// already, for then a verdict is on its way.
    Assume(CheckId, Verdict),
    /// One question was answered, in this round.
    Answered {
        /// Which check.
        check: CheckId,
        /// The round it was asked in; answers of other rounds are ignored.
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
    /// Ask now; answer with [`Event::Answered`] within the timeout. An answer that is a second
    /// later still counts as [`Internal::Lost`]: that is our lateness, not the server's. A question
    /// of an earlier round of this check that is still open may be dropped.
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
    /// A check failed for a reason of our own; told when a series of such outcomes begins.
    Impaired(CheckId, Internal),
}

impl Schedule {
    /// At most `limit` questions are open at once; further ones wait their turn, the longest
    /// waiting first. While they do, [`crate::Timing::fall_bound`] does not hold.
    pub fn with_limit(limit: NonZeroUsize) -> Self {
        Self { checks: BTreeMap::new(), timetable: Timetable::new(limit.get()) }
    }

    /// Takes in one event; returns what to do, in order. Whatever the event, all that is due by now
    /// is done as well.
    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Output> {
        let mut outputs = Vec::new();
        // First, so that an answer as late as that is no answer, whichever of the two we see first.
        while let Some(id) = self.timetable.give_up(now) {
            outputs.extend(self.judge(now, id, Outcome::Internal(Internal::Lost)));
        }
        match event {
            Event::Set(id, check) => self.set(now, id, check),
            Event::Remove(id) => self.remove(id),
            Event::Assume(id, verdict) => self.assume(now, id, verdict),
            Event::Answered { check, round, outcome } => {
                if self.timetable.answered(check, round) {
                    outputs.extend(self.judge(now, check, outcome));
                }
            }
            Event::Tick => {}
        }
        while let Some((check, round)) = self.timetable.ask(now) {
            outputs.push(Output::Ask { check, round });
        }
        outputs
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.timetable.deadline()
    }

    /// The settings of a check.
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.get(&id).map(|(check, _)| check)
    }

    /// How a check stands.
    pub fn state(&self, id: CheckId) -> Option<&CheckState> {
        self.checks.get(&id).map(|(_, state)| state)
    }

    /// How every check stands, by id.
    pub fn states(&self) -> impl Iterator<Item = (CheckId, &CheckState)> {
        self.checks.iter().map(|(id, (_, state))| (*id, state))
    }

    /// Rounds left out so far because we were a whole interval late, or at the limit for so long.
    pub fn skipped(&self) -> u64 {
        self.timetable.skipped()
    }

    fn set(&mut self, now: Instant, id: CheckId, check: Check) {
        let (old, state) = match self.checks.entry(id) {
            Entry::Vacant(vacant) => {
                self.timetable.enter(now, id, check.timing);
                vacant.insert((check, CheckState::default()));
                return;
            }
            Entry::Occupied(occupied) => occupied.into_mut(),
        };
        if old.timing != check.timing {
            self.timetable.retime(now, id, check.timing);
        }
        if (old.target, &old.question) != (check.target, &check.question) {
            self.timetable.close(id);
            state.begin_anew();
        }
        *old = check;
    }

    fn remove(&mut self, id: CheckId) {
        self.checks.remove(&id);
        self.timetable.leave(id);
    }

    fn assume(&mut self, now: Instant, id: CheckId, verdict: Verdict) {
        if let Some((_, state)) = self.checks.get_mut(&id) {
            state.assume(now, verdict);
        }
    }

    fn judge(&mut self, now: Instant, id: CheckId, why: Outcome) -> Option<Output> {
        let (check, state) = self.checks.get_mut(&id)?;
        Some(match state.hear(now, &check.timing, why)? {
            Conclusion::Verdict(verdict) => Output::Verdict { check: id, verdict, why },
            Conclusion::Impaired(internal) => Output::Impaired(id, internal),
        })
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }
}

/// Half of the usual soft limit of 1024 descriptors.
const DEFAULT_LIMIT: NonZeroUsize = NonZeroUsize::new(512).unwrap();

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
