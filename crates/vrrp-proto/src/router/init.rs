//! Init: takes no part, by order or because something stands in the way.

use super::*;

/// Takes no part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Init {
    pub(super) ordered: Ordered,
    /// Whether an advert was heard here that beats ours: then nothing is resumed.
    pub(super) beaten: bool,
}

/// What the last order about taking part was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ordered {
    Out,
    /// To take part, but not before that.
    In {
        not_before: Instant,
    },
}

impl Init {
    pub(super) const UNORDERED: Self = Self { ordered: Ordered::Out, beaten: false };
}

impl Router {
    /// RFC 9568 6.4.1
    pub(super) fn init(&mut self, now: Instant, init: Init, event: Event) -> Outputs {
        match event {
            Event::Startup => self.enter(now, self.startup_order(now, init.ordered)),
            Event::Resume(sent) if self.may_resume(now, init, sent) => {
                self.hold = Hold::Over;
                self.claim(now, Reason::Resumed)
            }
            // The machine has been up: the start-up delay is for one that was not.
            Event::Resume(_) => self.enter(now, Ordered::In { not_before: now }),
            Event::Path(_) if self.reason == Reason::AddressGone => {
                self.reconsider(now, init, Reason::AddressBack)
            }
            Event::Path(_) => self.reconsider(now, init, Reason::LinkUp),
            Event::Fault(_) => self.reconsider(now, init, Reason::FaultCleared),
            Event::Tick if self.starts_at(init).is_some_and(|at| at <= now) => {
                self.enter(now, init.ordered)
            }
            Event::Advert(heard) if self.loses_to(heard) => {
                self.state = State::Init(Init { beaten: true, ..init });
                Outputs::NONE
            }
            Event::Shutdown | Event::Keep => {
                self.state = State::Init(Init { ordered: Ordered::Out, ..init });
                Outputs::NONE
            }
            Event::Advert(_) | Event::Moved | Event::Priority(_) | Event::Ready | Event::Tick => {
                Outputs::NONE
            }
        }
    }

    /// When there is nothing left to wait for but time.
    pub(super) fn starts_at(&self, init: Init) -> Option<Instant> {
        match init.ordered {
            Ordered::In { not_before } if self.obstacle().is_none() => {
                Some(not_before.max(self.since))
            }
            Ordered::In { .. } | Ordered::Out => None,
        }
    }

    /// The start-up delay runs once, from the first of several such orders in a row.
    pub(super) fn startup_order(&self, now: Instant, before: Ordered) -> Ordered {
        match before {
            Ordered::Out => Ordered::In { not_before: now + self.settings.startup_delay },
            Ordered::In { .. } => before,
        }
    }

    /// The reason that Init is for at this moment, after this order.
    pub(super) fn hindrance(&self, now: Instant, ordered: Ordered) -> Option<Reason> {
        match ordered {
            Ordered::Out => None,
            Ordered::In { not_before } => {
                let waits = (now < not_before).then_some(Reason::StartupDelay);
                self.obstacle().or(waits)
            }
        }
    }

    /// Told to take part. Whatever an earlier process left of the addresses goes first, even
    /// while something stands in the way.
    fn enter(&mut self, now: Instant, ordered: Ordered) -> Outputs {
        self.hold = self.hold.started(now + self.settings.hold);
        match self.hindrance(now, ordered) {
            None => self.begin(now, Reason::Startup),
            Some(reason) => {
                self.retire(now, reason, ordered);
                Outputs::of([Output::Want(Holding::Absent)])
            }
        }
    }

    /// Something that stood in the way went, or came.
    fn reconsider(&mut self, now: Instant, init: Init, reason: Reason) -> Outputs {
        match (init.ordered, self.hindrance(now, init.ordered)) {
            (Ordered::Out, _) => Outputs::NONE,
            (Ordered::In { .. }, None) => self.begin(now, reason),
            (Ordered::In { .. }, Some(hindrance)) => {
                self.because(hindrance);
                Outputs::NONE
            }
        }
    }

    fn begin(&mut self, now: Instant, reason: Reason) -> Outputs {
        if self.priority == Priority::OWNER {
            return self.claim(now, Reason::Owner);
        }
        let became = self.follow(now, self.settings.interval, reason);
        Outputs::of([Output::Want(Holding::Absent), became])
    }

    /// design.md 6, Resume: no peer that heard our last advert can have taken over yet, with a whole
    /// interval to spare, and none that beats us has spoken. A moment yet to come is no moment of
    /// this boot.
    fn may_resume(&self, now: Instant, init: Init, sent: Instant) -> bool {
        let fresh = sent <= now && !self.is_stale(now, sent, self.settings.interval.duration());
        fresh && !init.beaten && self.obstacle().is_none()
    }
}
