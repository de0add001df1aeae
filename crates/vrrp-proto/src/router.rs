//! Who holds this virtual router's addresses, as seen from one director (RFC 9568 6.4).
//!
//! ```text
//!   +------+  Startup, owner; Resume, in time      +--------+
//!   | Init |-------------------------------------->|        |
//!   |      |  Startup   +--------+  silence        | Active |
//!   |      |----------->| Backup |---------------->|        |
//!   |      |<-----------|        |<----------------|        |
//!   |      |  Shutdown, +--------+  a better peer  |        |
//!   |      |  Keep,     +---------+                |        |
//!   |      |  Fault     |         |<---------------|        |
//!   |      |<-----------| Leaving |  Shutdown,     |        |
//!   |      |  somebody  +---------+  Fault         |        |
//!   |      |  answers, or time is up               |        |
//!   |      |<--------------------------------------|        |
//!   +------+  Keep                                 +--------+
//! ```
//!
//! The path closing leads to Init from everywhere; from Active by way of Leaving if some member can
//! still tell the peers. Once nothing stands in the way any more, Init leads back by itself.
//!
//! It does not know interfaces, packets' bytes, or why its priority changes. [`crate::Election`]
//! owns every router and is the only caller of [`Router::handle`].

use core::cmp::Ordering;

use clock::{Duration, Instant, Interval};

use crate::{Priority, Role};

mod active;
mod backup;
mod event;
mod init;
mod leaving;
mod output;
mod settings;
mod status;

use active::Active;
use backup::{Backup, Hold};
pub use event::{Event, Fault, Heard, Link, Path, Version};
use init::{Init, Ordered};
use leaving::Leaving;
pub use output::{Holding, Output, Outputs, Reason};
pub use settings::{Adverts, Auth, Deciders, Member, Preempt, Protocol, Settings, Strictness};
pub use status::{LastEvent, NewActiveReason, Peer};

/// One decision on one director, for one virtual router or several that move together.
#[derive(Clone, Debug)]
pub struct Router {
    settings: Settings,
    state: State,
    since: Instant,
    reason: Reason,
    /// The effective priority.
    priority: Priority,
    path: Path,
    fault: Fault,
    hold: Hold,
    peer: Option<Peer>,
    last_advert: Option<Instant>,
    last_event: LastEvent,
    new_active_reason: NewActiveReason,
}

/// Each state owns its deadline, so a stale timer cannot exist.
#[derive(Clone, Copy, Debug)]
enum State {
    Init(Init),
    Backup(Backup),
    Active(Active),
    Leaving(Leaving),
}

/// The inputs.
impl Router {
    /// A router that takes no part yet, made `now`, on a path in this state.
    pub fn new(now: Instant, settings: Settings, path: Path) -> Self {
        Self {
            state: State::Init(Init::UNORDERED),
            since: now,
            reason: Reason::Startup,
            priority: settings.priority,
            path,
            fault: Fault::Clear,
            hold: Hold::Unstarted,
            peer: None,
            last_advert: None,
            last_event: LastEvent::None,
            new_active_reason: NewActiveReason::NotActive,
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
            State::Init(init) => self.starts_at(init),
            State::Backup(backup) => Some(self.takeover_at(backup)),
            State::Active(active) => Some(active.deadline()),
            State::Leaving(leaving) => Some(leaving.deadline()),
        }
    }

    /// What holds in every state. Says whether there is anything left to decide.
    fn note(&mut self, now: Instant, event: Event) -> bool {
        match event {
            // Our own packet come back, or a duplicate address: never a reason to flip.
            Event::Advert(heard) if heard.tie == Ordering::Equal => return false,
            Event::Advert(heard) => self.hear(now, heard),
            Event::Fault(fault) => return core::mem::replace(&mut self.fault, fault) != fault,
            Event::Path(path) => return core::mem::replace(&mut self.path, path) != path,
            Event::Priority(priority) => return self.reprioritize(priority),
            Event::Ready => self.hold = Hold::Over,
            Event::Moved
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

/// What several states do.
impl Router {
    fn became(&mut self, now: Instant, state: State, reason: Reason) -> Output {
        self.state = state;
        self.since = now;
        self.because(reason);
        Output::Became(self.role(), reason)
    }

    /// Takes no part any more. A claim that stands (Keep) is still known by its last advert.
    fn retire(&mut self, now: Instant, reason: Reason, ordered: Ordered) -> Output {
        if reason != Reason::Keep {
            self.last_advert = None;
        }
        self.became(now, State::Init(Init { ordered, beaten: false }), reason)
    }

    /// Out of the election until nothing stands in the way any more: the addresses go with it.
    fn withdraw(&mut self, now: Instant, reason: Reason) -> Outputs {
        let became = self.retire(now, reason, Ordered::In { not_before: now });
        Outputs::of([Output::Want(Holding::Absent), became])
    }

    /// What keeps this router out of the election, other than orders.
    const fn obstacle(&self) -> Option<Reason> {
        match (self.path, self.fault) {
            (Path::Closed | Path::Partial, _) => Some(Reason::LinkDown),
            (Path::Unaddressed, _) => Some(Reason::AddressGone),
            (Path::Open, Fault::Present) => Some(Reason::Fault),
            (Path::Open, Fault::Clear) => None,
        }
    }

    /// RFC 9568 6.4.3: ties go to the higher address.
    fn loses_to(&self, heard: Heard) -> bool {
        heard.priority.cmp(&self.priority).then(heard.tie) == Ordering::Greater
    }

    /// Whether an advert that was sent then and followed by silence has let every rival's
    /// Active_Down_Interval, or `less` than that, pass: somebody else may answer now.
    fn is_stale(&self, now: Instant, sent: Instant, less: Duration) -> bool {
        let Settings { rival, interval, down_factor, .. } = self.settings;
        now.since(sent) >= rival.down(interval, down_factor).saturating_sub(less)
    }
}

#[cfg(test)]
mod tests;
