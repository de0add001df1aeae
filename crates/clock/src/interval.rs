//! VRRP's Advertisement_Interval.

use core::time::Duration;

/// Time between advertisements: 1 to 4095 centiseconds, the 12 bits of RFC 9568 5.2.7.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Interval(u16);

impl Interval {
    /// One second, the protocol's default (RFC 9568 6.1).
    pub const DEFAULT: Self = Self(100);
    /// The longest interval, 40.95 s.
    pub const MAX: Self = Self(4095);

    /// From centiseconds; `None` outside 1 to 4095.
    pub const fn from_centis(centis: u16) -> Option<Self> {
        match centis {
            1..=4095 => Some(Self(centis)),
            _ => None,
        }
    }

    /// As centiseconds, 1 to 4095.
    pub const fn centis(self) -> u16 {
        self.0
    }

    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64 * 10)
    }

    /// The grid advert deadlines lie on, so that many routers share a wakeup: max(1 ms, 1/100).
    pub fn grid(self) -> Duration {
        (self.duration() / 100).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_twelve_bits_can_say_is_an_interval() {
        assert_eq!(Interval::from_centis(0), None);
        assert_eq!(Interval::from_centis(4096), None);
        assert_eq!(Interval::from_centis(4095), Some(Interval::MAX));
        assert_eq!(Interval::DEFAULT.duration(), Duration::from_secs(1));
    }

    #[test]
    fn the_grid_is_never_finer_than_a_millisecond() {
        let ten_ms = Interval::from_centis(1).unwrap();
        assert_eq!(ten_ms.grid(), Duration::from_millis(1));
        assert_eq!(Interval::DEFAULT.grid(), Duration::from_millis(10));
    }
}
