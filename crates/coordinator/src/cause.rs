//! CONTRACT (helpers to be added): priorities as base plus named causes.

use std::collections::BTreeMap;

use clock::Instant;
use ipvs_table::ServiceKey;
use vrrp_proto::Priority;

/// What a cause is about; its name in every output.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CauseKey {
    /// A pool lost its quorum.
    Quorum(ServiceKey),
    /// A tracked interface is down or absent.
    Interface(String),
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

impl Score {
    /// Base plus causes that count, clamped to 1..=254.
    pub fn priority(&self) -> Priority {
        let sum: i32 = self.causes.values().filter(|cause| cause.counts).map(|c| c.value).sum();
        Priority::clamped(i32::from(self.base.get()).saturating_add(sum))
    }
}
