//! What both loops share: the clock they read, and the real-time class they ask for.

use clock::Instant;
use nix::time::{ClockId, clock_gettime};

use crate::sys;

/// CLOCK_BOOTTIME: goes on while the machine sleeps, so that a slept-through deadline is late.
pub(crate) fn now() -> Instant {
    // clock_gettime fails only for a clock that does not exist, and this one has since Linux 2.6.39.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Instant::ZERO, |time| {
        Instant::from_nanos(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
    })
}

/// CLOCK_REALTIME in nanoseconds: only to compare with the kernel's stamps of a moment ago.
pub(crate) fn wall_nanos() -> u64 {
    clock_gettime(ClockId::CLOCK_REALTIME)
        .map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// Asks for SCHED_FIFO; what to tell the operator if it is refused.
pub(crate) fn real_time(thread: &str, priority: i32) -> Option<String> {
    sys::run_as_fifo(priority).err().map(|errno| {
        format!(
            "{thread} thread: no real-time scheduling ({}): intervals below 1 s may be missed under \
             load; grant CAP_SYS_NICE or LimitRTPRIO=50",
            errno.desc()
        )
    })
}
