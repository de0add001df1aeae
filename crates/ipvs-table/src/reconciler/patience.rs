//! How long to wait before reading the kernel's table again after a surprise: answers lost, or an
//! answer that does not fit what we believed.

use clock::{Duration, Instant};

/// The first two surprises in a row are looked into at once, the next after 100 ms, doubling to
/// 3.2 s: somebody who keeps changing the table, or a socket that keeps failing, costs little.
#[derive(Debug, Default)]
pub(super) struct Patience {
    strikes: u32,
    not_before: Instant,
}

impl Patience {
    pub(super) fn strike(&mut self, now: Instant) {
        self.not_before = match self.strikes {
            0 | 1 => now,
            more => now + FIRST * (1 << (more - 2).min(DOUBLINGS)),
        };
        self.strikes = self.strikes.saturating_add(1);
    }

    /// Something went as expected.
    pub(super) const fn reset(&mut self) {
        self.strikes = 0;
    }

    pub(super) const fn not_before(&self) -> Instant {
        self.not_before
    }
}

const FIRST: Duration = Duration::from_millis(100);
const DOUBLINGS: u32 = 5;
