//! Who holds this virtual router's addresses, as seen from one director (RFC 9568 6.4).
//!
//! ```text
//!   +------+  Startup, owner; Resume, in time      +--------+
//!   | Init |-------------------------------------->|        |
//!   |      |  Startup   +--------+  silence        | Active |
//!   |      |----------->| Backup |---------------->|        |
//!   |      |<-----------|        |<----------------|        |
//!   |      |  Shutdown, +--------+  a better peer  |        |
//!   |      |  Keep      +---------+                |        |
//!   |      |<-----------| Leaving |<---------------|        |
//!   |      |  somebody  +---------+  Shutdown      |        |
//!   |      |  answers, or time is up               |        |
//!   |      |<--------------------------------------|        |
//!   +------+  Keep                                 +--------+
//! ```
//!
//! The link going down leads to Init from everywhere; its coming up leads back to Backup.
//!
//! It does not know interfaces, packets' bytes, or why its priority changes. [`crate::Election`]
//! owns every router and is the only caller of [`Router::handle`].

use core::cmp::Ordering;

use clock::{Duration, Instant, Interval};

use crate::{Priority, Role};

mod active;
mod backup;
mod event;
mod output;
mod settings;
mod status;

use active::Active;
use backup::{Backup, Hold};
pub use event::{Event, Fault, Heard, Link, Path};
pub use output::{Holding, Output, Outputs, Reason};
pub use settings::{Adverts, Auth, Deciders, Member, Preempt, Protocol, Settings, Strictness};
pub use status::{LastEvent, NewActiveReason, Peer};

/// One decision on one director, for one virtual router or several that move together.
#[derive(Debug)]
pub struct Router {
    settings: Settings,
    state: State,
    since: Instant,
    reason: Reason,
    /// The effective priority.
    priority: Priority,
    path: Path,
    hold: Hold,
    peer: Option<Peer>,
    last_advert: Option<Instant>,
}

/// Each state owns its deadline, so a stale timer cannot exist.
#[derive(Clone, Copy, Debug)]
enum State {
    Init(Init),
    Backup(Backup),
    Active(Active),
    Leaving(Leaving),
}

/// Takes no part.
#[derive(Clone, Copy, Debug)]
struct Init {
    ordered: Ordered,
    /// Whether an advert was heard here that beats ours: then nothing is resumed.
    beaten: bool,
}

/// Holds the addresses after saying priority 0, until somebody else answers.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    until: Instant,
    /// Ordered to start again meanwhile: once this is over.
    next: Ordered,
}

/// What the last order about taking part was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ordered {
    Out,
    In,
}

/// The inputs.
impl Router {
    /// A router that takes no part yet, made `now`, on a path in this state.
    pub fn new(now: Instant, settings: Settings, path: Path) -> Self {
        Self {
            state: State::Init(Init { ordered: Ordered::Out, beaten: false }),
            since: now,
            reason: Reason::Startup,
            priority: settings.priority,
            path,
            hold: Hold::Unstarted,
            peer: None,
            last_advert: None,
            settings,
        }
    }

    /// Takes in one event; returns what to do about it, in order.
    #[must_use]
    pub fn handle(&mut self, now: Instant, event: Event) -> Outputs {
        if !self.note(now, event) {
            return Outputs::NONE;
        }
        match self.state {
            State::Init(init) => self.init(now, init, event),
            State::Backup(backup) => self.backup(now, backup, event),
            State::Active(active) => self.active(now, active, event),
            State::Leaving(leaving) => self.leaving(now, leaving, event),
        }
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Init(init) => self.may_start(init).then_some(self.since),
            State::Backup(backup) => Some(self.takeover_at(backup)),
            State::Active(active) => Some(active.deadline()),
            State::Leaving(leaving) => Some(leaving.until),
        }
    }

    /// What holds in every state. Says whether there is anything left to decide.
    fn note(&mut self, now: Instant, event: Event) -> bool {
        match event {
            // Our own packet come back, or a duplicate address: never a reason to flip.
            Event::Advert(heard) if heard.tie == Ordering::Equal => return false,
            Event::Advert(heard) => self.hear(now, heard),
            Event::Path(path) => return core::mem::replace(&mut self.path, path) != path,
            Event::Priority(priority) => return self.reprioritize(priority),
            Event::Ready => self.hold = Hold::Over,
            Event::Fault(_)
            | Event::Moved
            | Event::Keep
            | Event::Shutdown
            | Event::Startup
            | Event::Resume(_)
            | Event::Tick => {}
        }
        true
    }

    fn hear(&mut self, now: Instant, heard: Heard) {
        let Heard { from: address, priority, interval, .. } = heard;
        self.peer = Some(Peer { address, priority, interval, at: now });
    }

    /// Says whether anything changed. Who owns the addresses is not a matter of health.
    fn reprioritize(&mut self, priority: Priority) -> bool {
        if self.settings.priority == Priority::OWNER {
            return false;
        }
        let effective = Priority::clamped(priority.get().into());
        core::mem::replace(&mut self.priority, effective) != effective
    }
}

/// Init and Leaving; Backup and Active have files of their own.
impl Router {
    /// RFC 9568 6.4.1
    fn init(&mut self, now: Instant, init: Init, event: Event) -> Outputs {
        match event {
            Event::Startup => self.enter(now),
            Event::Resume(sent) if self.may_resume(now, init, sent) => {
                self.hold = Hold::Over;
                self.claim(now, Reason::Resumed)
            }
            Event::Resume(_) => self.enter(now),
            Event::Path(Path::Open) if self.may_start(init) => self.begin(now, Reason::LinkUp),
            Event::Tick if self.may_start(init) => self.enter(now),
            Event::Advert(heard) if self.loses_to(heard) => {
                self.state = State::Init(Init { beaten: true, ..init });
                Outputs::NONE
            }
            Event::Shutdown | Event::Keep => {
                self.state = State::Init(Init { ordered: Ordered::Out, ..init });
                Outputs::NONE
            }
            Event::Advert(_)
            | Event::Fault(_)
            | Event::Moved
            | Event::Path(_)
            | Event::Priority(_)
            | Event::Ready
            | Event::Tick => Outputs::NONE,
        }
    }

    /// Not in the RFC: the addresses stay up until somebody else answers for them, so that a
    /// planned stop leaves no hole (design.md 6, Release).
    fn leaving(&mut self, now: Instant, leaving: Leaving, event: Event) -> Outputs {
        let absent = Output::Want(Holding::Absent);
        match event {
            Event::Advert(heard) if heard.priority != Priority::RELEASE => {
                Outputs::of([absent, self.retire(now, Reason::Succeeded, leaving.next)])
            }
            Event::Tick if now >= leaving.until => {
                Outputs::of([absent, self.retire(now, Reason::NoSuccessor, leaving.next)])
            }
            Event::Path(Path::Closed) => {
                Outputs::of([absent, self.retire(now, Reason::LinkDown, leaving.next)])
            }
            // We have given the addresses away: a successor process must not find them here.
            Event::Keep => Outputs::of([absent, self.retire(now, Reason::Keep, Ordered::Out)]),
            Event::Startup | Event::Resume(_) => self.leave_then(leaving, Ordered::In),
            Event::Shutdown => self.leave_then(leaving, Ordered::Out),
            Event::Advert(_)
            | Event::Fault(_)
            | Event::Moved
            | Event::Path(Path::Open)
            | Event::Priority(_)
            | Event::Ready
            | Event::Tick => Outputs::NONE,
        }
    }

    fn leave_then(&mut self, leaving: Leaving, next: Ordered) -> Outputs {
        self.state = State::Leaving(Leaving { next, ..leaving });
        Outputs::NONE
    }

    /// Told to take part. Whatever an earlier process left of the addresses goes first, even
    /// while the link is down.
    fn enter(&mut self, now: Instant) -> Outputs {
        self.hold = self.hold.started(now + self.settings.hold);
        match self.path {
            Path::Open => self.begin(now, Reason::Startup),
            Path::Closed => {
                self.retire(now, Reason::LinkDown, Ordered::In);
                Outputs::of([Output::Want(Holding::Absent)])
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

    fn may_start(&self, init: Init) -> bool {
        init.ordered == Ordered::In && self.path == Path::Open
    }

    /// design.md 6, Resume: no peer that heard our last advert can have taken over yet, with a whole
    /// interval to spare, and none that beats us has spoken. A moment yet to come is no moment of
    /// this boot.
    fn may_resume(&self, now: Instant, init: Init, sent: Instant) -> bool {
        let interval = self.settings.interval;
        let bound = self
            .settings
            .rival
            .down(interval, self.settings.down_factor)
            .saturating_sub(interval.duration());
        let fresh = sent <= now && now.since(sent) < bound;
        fresh && !init.beaten && self.path == Path::Open
    }
}

/// What several states do.
impl Router {
    fn became(&mut self, now: Instant, state: State, reason: Reason) -> Output {
        self.state = state;
        self.since = now;
        self.reason = reason;
        Output::Became(self.role(), reason)
    }

    /// Takes no part any more. A claim that stands (Keep) is still known by its last advert.
    fn retire(&mut self, now: Instant, reason: Reason, ordered: Ordered) -> Output {
        if reason != Reason::Keep {
            self.last_advert = None;
        }
        self.became(now, State::Init(Init { ordered, beaten: false }), reason)
    }

    /// RFC 9568 6.4.3: ties go to the higher address.
    fn loses_to(&self, heard: Heard) -> bool {
        heard.priority.cmp(&self.priority).then(heard.tie) == Ordering::Greater
    }
}

#[cfg(test)]
mod tests;
