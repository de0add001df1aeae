//! Priorities as base plus named causes, and when a change of a cause begins to count.
//!
//! Not where causes come from: pools and interfaces say what is true, the coordinator passes it in.

use std::collections::BTreeMap;

use clock::{Duration, Instant};
use ipvs_table::ServiceKey;
use vrrp_proto::{Priority, Role};

use crate::Source;

/// What a cause is about; its name in every output.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CauseKey {
    /// A pool lost its quorum.
    Quorum(ServiceKey),
    /// A fact about this machine.
    Tracked(Source),
}

/// One cause at work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cause {
    /// Added to the base priority.
    pub value: i32,
    /// Since when it is true.
    pub since: Instant,
    /// When a change that is held takes effect, if one waits: the cause begins to count then if it
    /// does not count now, and stops counting if it does.
    pub held_until: Option<Instant>,
    /// Whether it counts in the priority now.
    pub counts: bool,
}

/// A router's priority and where it comes from. The priority always equals the function of its
/// causes: base plus those that count, clamped to 1..=254.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The base priority.
    pub base: Priority,
    /// Every cause that is true or held.
    pub causes: BTreeMap<CauseKey, Cause>,
}

/// What is known of a possible cause at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth {
    /// Whether it is true.
    pub(crate) holds: bool,
    /// What it is worth.
    pub(crate) value: i32,
    /// How long a change that could move the addresses waits; `None` never waits.
    pub(crate) hold: Option<Duration>,
}

impl Score {
    /// A score without causes.
    pub fn new(base: Priority) -> Self {
        Self { base, causes: BTreeMap::new() }
    }

    /// Takes in what is true of a cause; what it changes counts at once or is held.
    ///
    /// While we are Active a change that *lowers* the priority is held, while we are not one that
    /// *raises* it is; the other direction counts at once (design.md 5). This is why a loss that
    /// both directors notice moves nothing, provided they notice it within one hold H of each
    /// other, at `a` on the Active and at `b` on the Backup, `|a - b| <= H`:
    ///
    /// - A loss: the Backup lowers at `b`, the Active at `a + H >= b`. The Backup is never the only
    ///   one that has not lowered, so it never finds the Active below itself.
    /// - A recovery: the Active rises at `a`, the Backup at `b + H >= a`. The Backup is never the
    ///   only one that has risen.
    ///
    /// What is left at equality is the way of one advert, and a Backup acts on a lower advert only
    /// after its Active_Down_Interval. A difference, seen by one side only, still moves the
    /// addresses after H. When the role changes, what waited in the direction that is harmless now
    /// takes effect at once: it was held for the sake of a role that is gone. When the truth
    /// returns before the hold ends, the change is dropped: it was a flutter.
    pub(crate) fn learn(&mut self, now: Instant, role: Role, key: CauseKey, truth: Truth) {
        let known = self.causes.get(&key).copied();
        let counts = known.is_some_and(|cause| cause.counts);
        let since = known.map_or(now, |cause| cause.since);
        let held_until = if truth.holds == counts || !moves(role, truth) {
            None
        } else {
            let begun = known.and_then(|cause| cause.held_until);
            begun.or_else(|| truth.hold.map(|hold| now + hold)).filter(|until| now < *until)
        };
        let counts = if held_until.is_some() { counts } else { truth.holds };
        if truth.holds || counts {
            self.causes.insert(key, Cause { value: truth.value, since, held_until, counts });
        } else {
            self.causes.remove(&key);
        }
    }

    /// Base plus causes that count, clamped to 1..=254.
    pub fn priority(&self) -> Priority {
        let sum: i32 = self.causes.values().filter(|cause| cause.counts).map(|c| c.value).sum();
        Priority::clamped(i32::from(self.base.get()).saturating_add(sum))
    }

    /// The first moment at which a held change takes effect.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.causes.values().filter_map(|cause| cause.held_until).min()
    }

    /// What counts now, by name and value.
    pub(crate) fn counting(&self) -> Vec<(CauseKey, i32)> {
        let counting = self.causes.iter().filter(|(_, cause)| cause.counts);
        counting.map(|(key, cause)| (key.clone(), cause.value)).collect()
    }
}

/// Whether a change to this truth could move the addresses if the other director does not follow.
fn moves(role: Role, truth: Truth) -> bool {
    let lowers = truth.holds == (truth.value < 0);
    truth.value != 0 && lowers == (role == Role::Active)
}

#[cfg(test)]
mod tests;
