//! The daemon's one clock, and its moments as dates for people.

use std::time::{SystemTime, UNIX_EPOCH};

use clock::Instant;
use nix::time::{ClockId, clock_gettime};

/// Now, on CLOCK_BOOTTIME: it goes on while the machine sleeps, so a woken Active knows that its
/// peers have waited long enough.
pub(crate) fn now() -> Instant {
    // clock_gettime of a clock every kernel since 2.6.39 has cannot fail.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Instant::ZERO, |time| {
        let nanos = time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs();
        Instant::from_nanos(nanos)
    })
}

/// The moment `at` as people date it, in UTC (RFC 3339). The calendar's clock may be set; the span
/// from `at` to `now` is right.
pub(crate) fn date(now: Instant, at: Instant) -> String {
    let calendar = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    rfc3339(calendar.saturating_sub(now.since(at)).as_secs())
}

/// Seconds since 1970 as a date and time.
fn rfc3339(seconds: u64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_dates() {
        let dates = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, date) in dates {
            assert_eq!(rfc3339(seconds), date);
        }
    }

    #[test]
    fn an_earlier_moment_has_an_earlier_date() {
        let now = Instant::from_nanos(10_000_000_000_000);
        assert!(date(now, Instant::ZERO) < date(now, now));
    }
}
