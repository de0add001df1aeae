//! The daemon's one clock.

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
