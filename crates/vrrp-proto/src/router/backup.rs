//! Backup: waits for the Active router to fall silent.

use super::*;

/// Waits for the Active router to fall silent. When it does is computed from the priority of the
/// moment, so a change of priority moves it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backup {
    /// Active_Adver_Interval: how often the Active router says it advertises.
    pub(super) interval: Interval,
    /// When the Active_Down_Timer was last set.
    set_at: Instant,
    /// To what.
    timer: Timer,
    /// When the first advert of lower priority came in with no better one after it.
    lower_since: Option<Instant>,
}

/// What the Active_Down_Timer was set to.
#[derive(Clone, Copy, Debug)]
enum Timer {
    /// Active_Down_Interval: for silence.
    Down,
    /// Skew_Time: the Active router said that it leaves.
    Skew,
}

/// Whether a claim with nothing known must wait (design.md 6, Forced takeover).
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    /// It will, from Startup on.
    Unstarted,
    /// Until then, or until told that all is known.
    Until(Instant),
    /// No more.
    Over,
}

impl Backup {
    /// Active_Down_Timer := Active_Down_Interval, of an Active router that advertises this often.
    const fn new(now: Instant, interval: Interval) -> Self {
        Self { interval, set_at: now, timer: Timer::Down, lower_since: None }
    }
}

impl Hold {
    pub(super) const fn started(self, until: Instant) -> Self {
        match self {
            Self::Unstarted => Self::Until(until),
            Self::Until(_) | Self::Over => self,
        }
    }

    fn runs(self, now: Instant) -> bool {
        matches!(self, Self::Until(until) if now < until)
    }
}

impl Router {
    /// RFC 9568 6.4.2
    pub(super) fn backup(&mut self, now: Instant, backup: Backup, event: Event) -> Outputs {
        match event {
            Event::Advert(heard) if heard.priority == Priority::RELEASE => {
                self.hear_release(now, backup, heard)
            }
            Event::Advert(heard) if heard.priority >= self.priority => {
                self.wait(Backup::new(now, heard.interval))
            }
            Event::Advert(heard) => self.hear_lower(now, backup, heard),
            Event::Tick if now >= self.takeover_at(backup) => {
                self.claim(now, self.why_takeover(now, backup))
            }
            Event::Shutdown => Outputs::of([self.retire(now, Reason::Shutdown, Ordered::Out)]),
            Event::Keep => Outputs::of([self.retire(now, Reason::Keep, Ordered::Out)]),
            Event::Path(Path::Closed | Path::Partial) => self.withdraw(now, Reason::LinkDown),
            Event::Path(Path::Unaddressed) => self.withdraw(now, Reason::AddressGone),
            Event::Fault(Fault::Present) => self.withdraw(now, Reason::Fault),
            Event::Fault(Fault::Clear)
            | Event::Moved
            | Event::Path(Path::Open)
            | Event::Priority(_)
            | Event::Ready
            | Event::Resume(_)
            | Event::Startup
            | Event::Tick => Outputs::NONE,
        }
    }

    /// Becomes Backup of a router that advertises this often, or would.
    pub(super) fn follow(&mut self, now: Instant, interval: Interval, reason: Reason) -> Output {
        self.last_advert = None;
        self.became(now, State::Backup(Backup::new(now, interval)), reason)
    }

    /// RFC 9568 6.4.2, priority 0. Said again, it does not start Skew_Time anew: the leaver repeats
    /// it, and must not thereby put off its successor. And one that comes late, when a successor
    /// that we follow has already spoken, says nothing about that one: taken at its word it would
    /// make us claim beside it, since our Skew_Time may end before its next advert.
    fn hear_release(&mut self, now: Instant, backup: Backup, heard: Heard) -> Outputs {
        let succeeded = heard.other.is_some_and(|priority| priority >= self.priority);
        match backup.timer {
            Timer::Down if !succeeded => {
                self.wait(Backup { set_at: now, timer: Timer::Skew, ..backup })
            }
            Timer::Down | Timer::Skew => Outputs::NONE,
        }
    }

    /// RFC 9568 6.4.2, Preempt_Mode and a lower priority: discarded, the timer runs on. While the
    /// Active router is left alone the advert sets the timer as a better one does; then silence and
    /// priority 0 end in a takeover as ever, however long the preempt delay is.
    fn hear_lower(&mut self, now: Instant, backup: Backup, heard: Heard) -> Outputs {
        let since = backup.lower_since.unwrap_or(now);
        let lower_since = Some(since);
        let waits = now < since + self.preempt_delay();
        if waits && backup.lower_since.is_none() {
            self.last_event = LastEvent::LowerPriorityMaster;
        }
        if waits || self.spares(now, heard) {
            self.wait(Backup { lower_since, ..Backup::new(now, heard.interval) })
        } else {
            self.wait(Backup { lower_since, ..backup })
        }
    }

    /// The owner always preempts, and at once.
    pub(super) fn preempt_delay(&self) -> Duration {
        match self.priority {
            Priority::OWNER => Duration::ZERO,
            _ => self.settings.preempt_delay,
        }
    }

    /// When the silence has lasted long enough. A claim with nothing known waits for the hold, but a
    /// peer that was heard and fell silent is never waited for.
    pub(super) fn takeover_at(&self, backup: Backup) -> Instant {
        let timer = match backup.timer {
            Timer::Down => self.priority.down(backup.interval, self.settings.down_factor),
            Timer::Skew => self.priority.skew(backup.interval),
        };
        let silent_at = backup.set_at + timer;
        match self.hold {
            Hold::Until(until) if !self.heard_since(until - self.settings.hold) => {
                silent_at.max(until)
            }
            Hold::Unstarted | Hold::Until(_) | Hold::Over => silent_at,
        }
    }

    fn heard_since(&self, moment: Instant) -> bool {
        self.peer.is_some_and(|peer| peer.at >= moment)
    }

    /// Whether a live Active of lower priority is left alone: RFC 9568 6.1, Preempt_Mode, but for
    /// one whose causes cost it more of its base than ours cost us; and anyone while our own checks
    /// have not said what our priority should be. Below its base alone is not enough: a loss that
    /// both see puts both there, and must move nothing.
    fn spares(&self, now: Instant, heard: Heard) -> bool {
        let protected = match self.settings.preempt {
            Preempt::Yes => false,
            // The owner always preempts.
            Preempt::No if self.priority == Priority::OWNER => false,
            Preempt::No => self.settings.peer_base.is_none_or(|base| {
                let ours = lack(self.settings.priority, self.priority);
                lack(base, heard.priority) <= ours
            }),
        };
        protected || self.hold.runs(now)
    }

    fn why_takeover(&self, now: Instant, backup: Backup) -> Reason {
        match backup.timer {
            Timer::Skew => Reason::PeerReleased,
            Timer::Down if self.hears_lower(now, backup) => Reason::PeerLower,
            Timer::Down => Reason::PeerSilent,
        }
    }

    /// Whether somebody has been advertising without setting the timer, and still is.
    fn hears_lower(&self, now: Instant, backup: Backup) -> bool {
        self.peer.is_some_and(|peer| peer.at > backup.set_at) && self.hears_an_active(now)
    }

    fn wait(&mut self, backup: Backup) -> Outputs {
        self.state = State::Backup(backup);
        Outputs::NONE
    }
}

/// How much of its base priority a router's causes cost it.
fn lack(base: Priority, effective: Priority) -> u8 {
    base.get().saturating_sub(effective.get())
}
