//! Leaving: has said priority 0 and holds the addresses until somebody else answers.
//!
//! Not in the RFC: the addresses stay up so that a planned stop leaves no hole (design.md 6,
//! Release).

use super::*;

/// How often priority 0 is said again.
const REPEATS: u8 = 3;

/// Holds the addresses after saying priority 0, until somebody else answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    until: Instant,
    /// What to do once this is over.
    next: Ordered,
    /// When priority 0 is said again, and how long after that once more.
    repeat_at: Instant,
    gap: Duration,
    repeats_left: u8,
}

impl Leaving {
    pub(super) fn deadline(self) -> Instant {
        if self.repeats_left > 0 { self.until.min(self.repeat_at) } else { self.until }
    }
}

impl Router {
    /// Says priority 0 and goes on answering until somebody else does.
    ///
    /// The bound is 2 x Skew_Time of the slowest successor there can be, one of priority 1: ours
    /// says nothing about how long a Backup hesitates, and to let go before it answers is a hole.
    ///
    /// One priority 0 alone may be lost, or overtaken by the advert before it, which then sets the
    /// Backups' timers to the whole Active_Down_Interval. So it is said again after 1/16, 3/16 and
    /// 7/16 of an interval: soon for what is overtaken, spread for a burst of loss; and even the
    /// slowest successor, whose Skew_Time is 255/256 of an interval, speaks within the bound after
    /// hearing only the last. One that starts its Skew_Time anew each time (a reading of RFC 9568
    /// 6.4.2) comes 7/16 of an interval later than it would, while we answer. Nothing is repeated
    /// once a successor was heard; one that a late copy still reaches says that it is there (row
    /// 6.4.3, priority 0), which keeps any third router quiet.
    pub(super) fn release(&mut self, now: Instant, reason: Reason, next: Ordered) -> Outputs {
        let interval = self.settings.interval;
        let gap = interval.duration() / 16;
        let leaving = Leaving {
            until: now + Priority::MIN.skew(interval) * 2,
            next,
            repeat_at: now + gap,
            gap,
            repeats_left: REPEATS,
        };
        let advert = self.advertise(now, Priority::RELEASE);
        Outputs::of([advert, self.became(now, State::Leaving(leaving), reason)])
    }

    /// design.md 6, Release
    pub(super) fn leaving(&mut self, now: Instant, leaving: Leaving, event: Event) -> Outputs {
        match event {
            Event::Advert(heard) if heard.priority != Priority::RELEASE => {
                self.let_go(now, Reason::Succeeded, leaving.next)
            }
            Event::Tick if now >= leaving.until => {
                self.let_go(now, Reason::NoSuccessor, leaving.next)
            }
            Event::Tick if now >= leaving.deadline() => self.repeat(now, leaving),
            Event::Path(Path::Closed) => self.let_go(now, Reason::LinkDown, leaving.next),
            Event::Path(Path::Unaddressed) => self.let_go(now, Reason::AddressGone, leaving.next),
            // We have given the addresses away: a successor process must not find them here.
            Event::Keep => self.let_go(now, Reason::Keep, Ordered::Out),
            Event::Startup => self.leave_then(leaving, self.startup_order(now, leaving.next)),
            Event::Resume(_) => self.leave_then(leaving, Ordered::In { not_before: now }),
            Event::Shutdown => self.leave_then(leaving, Ordered::Out),
            Event::Advert(_)
            | Event::Fault(_)
            | Event::Moved
            | Event::Path(Path::Open | Path::Partial)
            | Event::Priority(_)
            | Event::Ready
            | Event::Tick => Outputs::NONE,
        }
    }

    fn leave_then(&mut self, leaving: Leaving, next: Ordered) -> Outputs {
        self.state = State::Leaving(Leaving { next, ..leaving });
        Outputs::NONE
    }

    fn repeat(&mut self, now: Instant, leaving: Leaving) -> Outputs {
        let gap = leaving.gap * 2;
        let repeat_at = leaving.repeat_at + gap;
        let repeats_left = leaving.repeats_left.saturating_sub(1);
        self.state = State::Leaving(Leaving { repeat_at, gap, repeats_left, ..leaving });
        Outputs::of([self.advertise(now, Priority::RELEASE)])
    }

    /// The addresses go. What is said is how the leaving ended; what is shown from then on is why
    /// this router does not start again, if it was not ordered out.
    fn let_go(&mut self, now: Instant, reason: Reason, next: Ordered) -> Outputs {
        let became = self.retire(now, reason, next);
        if let Some(hindrance) = self.hindrance(now, next) {
            self.because(hindrance);
        }
        Outputs::of([Output::Want(Holding::Absent), became])
    }
}
