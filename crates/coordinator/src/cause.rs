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
    /// Added to the base priority while it counts; what it would add while it does not.
    pub value: i32,
    /// Since when it is true.
    pub since: Instant,
    /// When a change that is held takes effect, if one waits.
    pub held_until: Option<Instant>,
    /// What it adds from then on, 0 if it ends to count; without a held change what it adds now.
    pub next: i32,
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
    ///
    /// A cause whose value changes while it counts (a number in a file) obeys the same rule. What
    /// takes effect at the end of a hold is the mildest value heard during it, since a harsher one
    /// may be news to the other director; the rest of the way is held anew.
    pub(crate) fn learn(&mut self, now: Instant, role: Role, key: CauseKey, truth: Truth) {
        let known = self.causes.get(&key).copied();
        let mut adds = known.filter(|cause| cause.counts).map_or(0, |cause| cause.value);
        let target = if truth.holds { truth.value } else { 0 };
        let since = known.map_or(now, |cause| cause.since);
        let mut held = None;
        if let Some(hold) = truth.hold.filter(|_| moves(role, adds, target)) {
            let waiting = known.and_then(|cause| Some((cause.held_until?, cause.next)));
            let waiting = waiting.filter(|(_, next)| moves(role, adds, *next));
            let (until, next) = waiting.unwrap_or((now + hold, target));
            let next = if role == Role::Active { next.max(target) } else { next.min(target) };
            if until > now {
                held = Some((until, next));
            } else {
                adds = next;
                held = (next != target && !hold.is_zero()).then(|| (now + hold, target));
            }
        }
        if held.is_none() {
            adds = target;
        }
        let counts = adds != 0 || (truth.holds && held.is_none());
        if !truth.holds && !counts {
            self.causes.remove(&key);
            return;
        }
        let value = if counts { adds } else { truth.value };
        let (held_until, next) = held.map_or((None, adds), |(until, next)| (Some(until), next));
        self.causes.insert(key, Cause { value, since, held_until, next, counts });
    }

    /// Base plus causes that count, clamped to 1..=254; an owner's is 255 (RFC 9568 5.2.4).
    pub fn priority(&self) -> Priority {
        if self.base == Priority::OWNER {
            return self.base;
        }
        let counting = self.causes.values().filter(|cause| cause.counts);
        let sum: i64 = counting.map(|cause| i64::from(cause.value)).sum();
        let sum = (i64::from(self.base.get()) + sum).clamp(0, i64::from(u8::MAX));
        Priority::clamped(sum as i32)
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

/// Whether a change of what a cause adds could move the addresses if the other director does not
/// follow: the Active would sink, or another would rise.
fn moves(role: Role, adds: i32, target: i32) -> bool {
    if role == Role::Active { target < adds } else { target > adds }
}

#[cfg(test)]
mod tests;
