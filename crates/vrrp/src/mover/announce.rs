//! When a held address is announced again, and how many announcements a second may leave. Pure.

use clock::{Duration, Instant};

/// Gratuitous ARPs a second, and at once. First announcements always leave and count; repeats wait.
const RATE: u64 = 1_000;

/// The time between an announcement and the next: 1 s and 5 s after the address landed, then a
/// refresh for neighbours that missed all of them.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(60)];

/// When one address is announced next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    at: Instant,
    step: usize,
}

impl Repeat {
    /// After a first announcement at `now`.
    pub(super) fn first(now: Instant) -> Self {
        Self { at: now + PAUSES[0], step: 0 }
    }

    /// At once, and then from the start of the schedule.
    pub(super) fn due(now: Instant) -> Self {
        Self { at: now, step: usize::MAX }
    }

    /// When the next one is due.
    pub(super) fn at(self) -> Instant {
        self.at
    }

    /// The one after the next.
    pub(super) fn following(self) -> Self {
        let step = self.step.wrapping_add(1).min(PAUSES.len() - 1);
        Self { at: self.at + PAUSES[step], step }
    }
}

/// A token bucket of [`RATE`].
#[derive(Debug)]
pub(super) struct Budget {
    /// When the bucket would be full; every announcement moves it by 1/[`RATE`] s.
    full_at: Instant,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { full_at: Instant::ZERO }
    }

    /// Counts an announcement that leaves in any case.
    pub(super) fn spend(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + Duration::from_nanos(1_000_000_000 / RATE);
    }

    /// Whether a repeat may leave now; if not, when.
    pub(super) fn ask(&self, now: Instant) -> Result<(), Instant> {
        let free_at = self.full_at - Duration::from_secs(1);
        if free_at <= now { Ok(()) } else { Err(free_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_follow_after_1_s_and_5_s_and_then_each_minute() {
        let mut repeat = Repeat::first(Instant::ZERO);
        let mut times = Vec::new();
        for _ in 0..4 {
            times.push(repeat.at().as_millis());
            repeat = repeat.following();
        }
        assert_eq!(times, [1_000, 5_000, 65_000, 125_000]);
    }

    #[test]
    fn no_more_than_the_rate_leaves_in_a_second() {
        let mut budget = Budget::new();
        let start = Instant::from_millis(5_000);
        let mut sent = 0;
        for ms in 0..3_000 {
            let now = start + Duration::from_millis(ms);
            while budget.ask(now).is_ok() {
                budget.spend(now);
                sent += 1;
            }
        }
        assert!((3_900..=4_001).contains(&sent), "{sent} in 3 s after a burst of 1,000");
    }
}
