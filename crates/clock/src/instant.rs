//! A moment, in nanoseconds since the boot of the machine or the start of a simulation.

use core::ops::{Add, Sub};
use core::time::Duration;

/// Nanoseconds on one monotonic clock. Arithmetic saturates: 2^64 ns are 584 years.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(u64);

impl Instant {
    /// The clock's zero.
    pub const ZERO: Self = Self(0);

    /// The moment `nanos` after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment `millis` after the clock's zero.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the clock's zero.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The last moment not after this one that is a multiple of `grid`; itself if `grid` is zero.
    pub const fn floor_to(self, grid: Duration) -> Self {
        match self.0.checked_rem(nanos(grid)) {
            Some(rest) => Self(self.0 - rest),
            None => self,
        }
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(nanos(rhs)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(rhs)))
    }
}

const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_saturate_instead_of_wrapping() {
        let last = Instant::from_nanos(u64::MAX);
        assert_eq!(last + Duration::from_secs(1), last);
        assert_eq!(Instant::ZERO - Duration::from_secs(1), Instant::ZERO);
        assert_eq!(Instant::ZERO.since(last), Duration::ZERO);
    }

    #[test]
    fn a_moment_falls_back_to_its_grid() {
        let grid = Duration::from_millis(10);
        assert_eq!(Instant::from_millis(109).floor_to(grid), Instant::from_millis(100));
        assert_eq!(Instant::from_millis(110).floor_to(grid), Instant::from_millis(110));
        assert_eq!(Instant::from_millis(109).floor_to(Duration::ZERO), Instant::from_millis(109));
    }
}
