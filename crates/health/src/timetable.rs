//! When each check is asked: absolute starts with jitter, one open question a check, a bound on all.
//!
//! ```text
//!            due, and fewer than `limit` open
//!   waiting ----------------------------------> open
//!      ^                                         |
//!      +-----------------------------------------+
//!         answered, given up, or asked anew
//! ```
//!
//! A check always stands in exactly one of the two queues. It knows nothing of what the answers
//! mean; the Schedule is its only caller.

use std::collections::{BTreeMap, BTreeSet};

use clock::{Duration, Instant};

use crate::{CheckId, Timing};

/// When each check is asked.
#[derive(Debug)]
pub(crate) struct Timetable {
    slots: BTreeMap<CheckId, Slot>,
    /// By the start of the next round.
    waiting: BTreeSet<(Instant, CheckId)>,
    /// By the moment we give up.
    open: BTreeSet<(Instant, CheckId)>,
    limit: usize,
    skipped: u64,
}

#[derive(Debug)]
struct Slot {
    timing: Timing,
    /// The latest round asked; 0 before the first.
    round: u64,
    /// When the next round starts, however late the latest one was.
    next: Instant,
    /// When we give up on the open question.
    give_up: Option<Instant>,
}

impl Timetable {
    /// At most `limit` questions are open at once.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: BTreeMap::new(),
            waiting: BTreeSet::new(),
            open: BTreeSet::new(),
            limit,
            skipped: 0,
        }
    }

    /// A check enters. First rounds are spread over one interval.
    pub(crate) fn enter(&mut self, now: Instant, id: CheckId, timing: Timing) {
        let next = now + phase(id, &timing);
        self.waiting.insert((next, id));
        self.slots.insert(id, Slot { timing, round: 0, next, give_up: None });
    }

    /// A check leaves; an open question is forgotten.
    pub(crate) fn leave(&mut self, id: CheckId) {
        if let Some(slot) = self.slots.remove(&id) {
            self.waiting.remove(&(slot.next, id));
            slot.give_up.map(|give_up| self.open.remove(&(give_up, id)));
        }
    }

    /// A check's timing changes. The next round stays where it is, or comes sooner if the new
    /// interval wants that; spread, so that a reload of many checks is not a burst.
    pub(crate) fn retime(&mut self, now: Instant, id: CheckId, timing: Timing) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let next = slot.next.min(now + phase(id, &timing));
        if self.waiting.remove(&(slot.next, id)) {
            self.waiting.insert((next, id));
        }
        slot.next = next;
        slot.timing = timing;
    }

    /// Closes the open question, if this round's is open. False if it is not: the answer is stale.
    pub(crate) fn answered(&mut self, id: CheckId, round: u64) -> bool {
        self.slots.get(&id).is_some_and(|slot| slot.round == round) && self.close(id)
    }

    /// Closes the open question, if there is one; the check waits for its next round.
    pub(crate) fn close(&mut self, id: CheckId) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        let Some(give_up) = slot.give_up.take() else { return false };
        self.open.remove(&(give_up, id));
        self.waiting.insert((slot.next, id));
        true
    }

    /// Closes one question whose answer is overdue.
    pub(crate) fn give_up(&mut self, now: Instant) -> Option<CheckId> {
        let &(_, id) = self.open.first().filter(|(give_up, _)| *give_up <= now)?;
        self.close(id).then_some(id)
    }

    /// Opens one question that is due, the longest waiting first, if the limit allows it.
    pub(crate) fn ask(&mut self, now: Instant) -> Option<(CheckId, u64)> {
        if self.open.len() >= self.limit {
            return None;
        }
        let &(start, id) = self.waiting.first().filter(|(start, _)| *start <= now)?;
        let slot = self.slots.get_mut(&id)?;
        slot.round += 1;
        let give_up = now + slot.timing.timeout + GRACE;
        slot.give_up = Some(give_up);
        slot.next = start + interval(&slot.timing) + jitter(id, slot.round, &slot.timing);
        self.skipped += slot.skip(now);
        self.waiting.remove(&(start, id));
        self.open.insert((give_up, id));
        Some((id, slot.round))
    }

    /// When something is due, as far as the limit allows it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let give_up = self.open.first().map(|&(at, _)| at);
        if self.open.len() >= self.limit {
            return give_up;
        }
        let start = self.waiting.first().map(|&(at, _)| at);
        give_up.into_iter().chain(start).min()
    }

    /// Rounds left out so far because we were a whole interval late.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Slot {
    /// Leaves out the rounds that should have started already, keeping the phase: a burst of late
    /// questions would tell nothing new. Returns how many.
    fn skip(&mut self, now: Instant) -> u64 {
        if self.next > now {
            return 0;
        }
        let interval = interval(&self.timing);
        let missed = nanos(now.since(self.next)) / nanos(interval) + 1;
        self.next = self.next + Duration::from_nanos(missed.saturating_mul(nanos(interval)));
        missed
    }
}

/// Where in its interval a check's first round lies.
fn phase(id: CheckId, timing: &Timing) -> Duration {
    Duration::from_nanos(hash(u64::from(id.0)) % nanos(interval(timing)))
}

/// How much later than the interval says the round after this one starts.
fn jitter(id: CheckId, round: u64, timing: &Timing) -> Duration {
    let most = nanos(timing.jitter()).max(1);
    Duration::from_nanos(hash(hash(u64::from(id.0)) ^ round) % most)
}

fn interval(timing: &Timing) -> Duration {
    timing.interval.max(MIN_INTERVAL)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The finaliser of splitmix64: neighbouring numbers land far apart.
fn hash(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// How much longer than the timeout an answer may take to come back from the executor.
const GRACE: Duration = Duration::from_secs(1);

/// A shorter interval counts as this one, so that a zero cannot spin.
const MIN_INTERVAL: Duration = Duration::from_millis(1);
