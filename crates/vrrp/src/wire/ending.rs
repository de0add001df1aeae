//! How the wire thread ends: by letting go of everything (Release) or of nothing (Keep).

use std::thread;

use clock::{Duration, Instant};
use vrrp_proto::election::Event;
use vrrp_proto::{Role, router};

use super::Wire;
use crate::Fact;
use crate::mover::thread::ToMover;

/// What a release may take beyond two intervals of the slowest router.
const RELEASE_SLACK: Duration = Duration::from_secs(1);
/// How long the last facts may wait for the engine.
const LAST_WORDS: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);

/// Whether, and how, the end has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    None,
    /// Everybody has been told to leave; at the latest then it is over.
    Releasing(Instant),
    /// Everything stays as it is.
    Keeping,
}

impl Ending {
    pub(super) fn until(self) -> Option<Instant> {
        match self {
            Self::Releasing(until) => Some(until),
            Self::None | Self::Keeping => None,
        }
    }
}

impl Wire {
    /// design.md 6, Release
    pub(super) fn release(&mut self, now: Instant) {
        if matches!(self.ending, Ending::None) {
            let intervals = self.core.election.routers().map(|(_, r)| r.settings().interval);
            let slowest = intervals.map(|interval| interval.duration()).max().unwrap_or_default();
            self.ending = Ending::Releasing(now + slowest * 2 + RELEASE_SLACK);
            self.tell_all(now, router::Event::Shutdown);
        }
    }

    /// design.md 6, Keep. During a release it comes too late: the addresses are being given away.
    pub(super) fn keep(&mut self, now: Instant) {
        if matches!(self.ending, Ending::None) {
            self.ending = Ending::Keeping;
            self.tell_all(now, router::Event::Keep);
        }
    }

    /// Whether nothing is left to wait for.
    pub(super) fn has_ended(&mut self, now: Instant) -> bool {
        match self.ending {
            Ending::None => false,
            Ending::Keeping => true,
            Ending::Releasing(until) => {
                let gone = self.core.election.routers().all(|(_, r)| r.role() == Role::Init)
                    && self.core.rows.iter().all(super::Row::has_let_go);
                if !gone && now >= until {
                    self.core.facts.tell(Fact::Warning(
                        "the release ended before every address was seen to be gone".into(),
                    ));
                }
                gone || now >= until
            }
        }
    }

    /// Ends the mover, then says the last words.
    pub(super) fn end(mut self) {
        let patience = |pauses: &mut u32| {
            *pauses += 1;
            thread::sleep(PAUSE);
            PAUSE * *pauses < LAST_WORDS
        };
        let mut pauses = 0;
        if let Some(mover) = self.mover.take() {
            while !mover.is_finished() && !self.post_to_mover(ToMover::End) && patience(&mut pauses)
            {
            }
            if mover.join().is_err() {
                self.core.facts.tell(Fact::Warning("the mover thread panicked".into()));
            }
        }
        self.core.facts.tell(Fact::Ended);
        while !self.core.facts.flush() && patience(&mut pauses) {}
    }

    fn tell_all(&mut self, now: Instant, event: router::Event) {
        for at in 0..self.core.rows.len() {
            let id = self.core.rows[at].id;
            self.core.feed(now, Event::Router(id, event));
        }
    }
}
