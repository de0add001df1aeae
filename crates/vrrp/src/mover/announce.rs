//! When a held address is announced, and how many announcements a second may leave. Pure.

use std::collections::BTreeSet;

use clock::{Duration, Instant};
use vrrp_proto::RouterId;

/// The times between an announcement and the next: 1 s and 5 s after the address landed.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// One address of one router.
pub(super) type Who = (RouterId, usize);

/// When one address is announced next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Repeat {
    turn: Turn,
    at: Instant,
    step: usize,
}

/// Who goes first when not all may go.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Turn {
    /// Landed, and nobody has heard of it yet.
    First,
    /// Was announced before.
    Again,
}

impl Repeat {
    /// Landed at `now`, not announced yet.
    pub(super) fn landed(now: Instant) -> Self {
        Self { turn: Turn::First, at: now, step: 0 }
    }

    /// One that was announced before.
    pub(super) fn later(self) -> Self {
        Self { turn: Turn::Again, ..self }
    }

    /// It could not leave: once more then.
    pub(super) fn put_off(self, at: Instant) -> Self {
        Self { at, ..self }
    }

    /// Whether nobody has heard of the address yet.
    pub(super) fn is_first(self) -> bool {
        self.turn == Turn::First
    }

    /// Once more at `now`, and from the start of the schedule.
    pub(super) fn due(self, now: Instant) -> Self {
        Self { at: now, step: 0, ..self }
    }

    /// After an announcement at `now`, if any is to follow.
    pub(super) fn following(self, now: Instant, refresh: Option<Duration>) -> Option<Self> {
        let pause = PAUSES.get(self.step).copied().or(refresh)?;
        // From the time it was due: the rate is the configured one. Not for long delays.
        let from = if now.since(self.at) < pause { self.at } else { now };
        Some(Self { turn: Turn::Again, at: from + pause, step: self.step + 1 })
    }
}

/// Which addresses are to be announced when.
#[derive(Debug, Default)]
pub(super) struct Schedule(BTreeSet<(Turn, Instant, RouterId, usize)>);

impl Schedule {
    pub(super) fn add(&mut self, (router, at): Who, repeat: Repeat) {
        self.0.insert((repeat.turn, repeat.at, router, at));
    }

    pub(super) fn remove(&mut self, (router, at): Who, repeat: Repeat) {
        self.0.remove(&(repeat.turn, repeat.at, router, at));
    }

    /// What is due: first announcements before later ones, then by time, router and place.
    pub(super) fn next_due(&self, now: Instant) -> Option<Who> {
        let heads = [Turn::First, Turn::Again].map(|turn| self.head(turn));
        let due = heads.into_iter().flatten().find(|head| head.1 <= now);
        due.map(|&(_, _, router, at)| (router, at))
    }

    /// When something is due next.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let heads = [Turn::First, Turn::Again].map(|turn| self.head(turn));
        heads.into_iter().flatten().map(|head| head.1).min()
    }

    fn head(&self, turn: Turn) -> Option<&(Turn, Instant, RouterId, usize)> {
        self.0.range((turn, Instant::ZERO, RouterId(0), 0)..).next().filter(|head| head.0 == turn)
    }
}

/// A token bucket that holds the announcements of one second: switches police ARP.
#[derive(Debug)]
pub(super) struct Pace {
    /// The time one announcement takes; `None`: no cap.
    each: Option<Duration>,
    /// When the bucket would be full; every announcement moves it on.
    full_at: Instant,
}

impl Pace {
    /// Of `rate` a second.
    pub(super) fn new(rate: Option<u32>) -> Self {
        let each = rate.map(|rate| Duration::from_secs(1) / rate.max(1));
        Self { each, full_at: Instant::ZERO }
    }

    /// Counts announcements that leave now.
    pub(super) fn spend(&mut self, now: Instant, count: u32) {
        if let Some(each) = self.each {
            self.full_at = self.full_at.max(now) + each * count;
        }
    }

    /// Whether one may leave now; if not, when.
    pub(super) fn ask(&self, now: Instant) -> Result<(), Instant> {
        let free_at = self.full_at - Duration::from_secs(1);
        if self.each.is_none() || free_at <= now { Ok(()) } else { Err(free_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn repeats_follow_after_1_s_and_5_s_and_then_as_often_as_wished() {
        check(MINUTE, &[1_000, 5_000, 65_000, 125_000]);
        check(None, &[1_000, 5_000]);
    }

    #[test]
    fn a_late_repeat_does_not_hurry_the_next() {
        let repeat = Repeat::landed(Instant::ZERO).following(Instant::from_millis(3_000), MINUTE);
        assert_eq!(repeat.map(|repeat| repeat.at), Some(Instant::from_millis(4_000)));
    }

    #[test]
    fn first_announcements_go_before_repeats_and_in_the_order_of_the_list() {
        let (now, later) = (Instant::from_millis(1_000), Instant::from_millis(2_000));
        let mut schedule = Schedule::default();
        let again = Repeat { turn: Turn::Again, at: Instant::ZERO, step: 1 };
        schedule.add((RouterId(1), 0), again);
        schedule.add((RouterId(2), 1), Repeat::landed(now));
        schedule.add((RouterId(2), 0), Repeat::landed(now));
        schedule.add((RouterId(1), 9), Repeat::landed(now).put_off(later));
        assert_eq!(schedule.next_due(now), Some((RouterId(2), 0)));
        schedule.remove((RouterId(2), 0), Repeat::landed(now));
        assert_eq!(schedule.next_due(now), Some((RouterId(2), 1)));
        schedule.remove((RouterId(2), 1), Repeat::landed(now));
        assert_eq!(schedule.next_due(now), Some((RouterId(1), 0)));
        schedule.remove((RouterId(1), 0), again);
        assert_eq!(schedule.next_due(now), None);
        assert_eq!(schedule.next_at(), Some(later));
    }

    #[test]
    fn no_more_than_the_rate_leaves_in_a_second() {
        let mut pace = Pace::new(Some(1_000));
        let start = Instant::from_millis(5_000);
        let mut sent = 0;
        for ms in 0..3_000 {
            let now = start + Duration::from_millis(ms);
            while pace.ask(now).is_ok() {
                pace.spend(now, 1);
                sent += 1;
            }
        }
        assert!((3_900..=4_001).contains(&sent), "{sent} in 3 s after a burst of 1,000");
        let mut free = Pace::new(None);
        free.spend(start, 1_000_000);
        assert_eq!(free.ask(start), Ok(()));
    }

    fn check(refresh: Option<Duration>, expected: &[u64]) {
        let mut repeat = Some(Repeat::landed(Instant::ZERO));
        let mut times = Vec::new();
        while let Some(one) = repeat.filter(|_| times.len() <= 4) {
            times.push(one.at.as_millis());
            repeat = one.following(one.at, refresh);
        }
        assert_eq!(times[1..], *expected);
    }
}
