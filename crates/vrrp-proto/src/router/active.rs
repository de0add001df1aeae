//! Active: holds the addresses and says so.

use super::*;

/// At most one advert out of turn in this time, so that two routers which each believe they win
/// cannot storm.
const FORCED_GAP: Duration = Duration::from_millis(100);

/// Holds the addresses and says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    /// Adver_Timer, on the interval's grid so that many routers share a wakeup.
    advertise_at: Instant,
    /// Before this no advert goes out out of turn.
    force_after: Instant,
    /// What is to go out then.
    owed: Owed,
}

/// What waits for the gap between forced adverts to end.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Owed {
    Nothing,
    Advert,
    AdvertAndAnnouncement,
}

impl Active {
    /// An advert has gone out: one that was owed is thereby paid, an announcement is not.
    fn advertised(self) -> Self {
        match self.owed {
            Owed::Nothing | Owed::Advert => Self { owed: Owed::Nothing, ..self },
            Owed::AdvertAndAnnouncement => self,
        }
    }

    pub(super) fn deadline(self) -> Instant {
        match self.owed {
            Owed::Nothing => self.advertise_at,
            Owed::Advert | Owed::AdvertAndAnnouncement => self.advertise_at.min(self.force_after),
        }
    }
}

impl Router {
    /// RFC 9568 6.4.3
    pub(super) fn active(&mut self, now: Instant, active: Active, event: Event) -> Outputs {
        match event {
            Event::Tick if now >= active.advertise_at => self.advertise_in_turn(now, active),
            Event::Tick if now >= active.deadline() => self.force(now, active, active.owed),
            Event::Advert(heard) if heard.priority == Priority::RELEASE => {
                let advertise_at = self.in_an_interval(now);
                self.advertise_and_go_on(now, Active { advertise_at, ..active })
            }
            Event::Advert(heard) if self.loses_to(heard) => {
                let became = self.follow(now, heard.interval, Reason::PeerHigher);
                Outputs::of([Output::Want(Holding::Absent), became])
            }
            Event::Advert(_) => self.force(now, active, Owed::AdvertAndAnnouncement),
            // Peers compare both with their own: they must not wait for the Adver_Timer.
            Event::Priority(_) | Event::Moved => self.force(now, active, Owed::Advert),
            Event::Path(Path::Closed) => {
                let became = self.retire(now, Reason::LinkDown, Ordered::In);
                Outputs::of([Output::Want(Holding::Absent), became])
            }
            Event::Shutdown => self.release(now),
            Event::Keep => {
                // The peers' timers start anew, so the successor process has the whole bound.
                let advert = self.advertise(now, self.priority);
                Outputs::of([advert, self.retire(now, Reason::Keep, Ordered::Out)])
            }
            Event::Fault(_)
            | Event::Path(Path::Open)
            | Event::Ready
            | Event::Resume(_)
            | Event::Startup
            | Event::Tick => Outputs::NONE,
        }
    }

    /// The advert first: it stops the peers, and the addresses take longer than it does.
    pub(super) fn claim(&mut self, now: Instant, reason: Reason) -> Outputs {
        let advert = self.advertise(now, self.priority);
        let advertise_at = self.in_an_interval(now);
        let active = Active { advertise_at, force_after: now, owed: Owed::Nothing };
        let became = self.became(now, State::Active(active), reason);
        Outputs::of([advert, Output::Want(Holding::Held), became])
    }

    /// Says priority 0 and goes on answering until somebody else does.
    ///
    /// The bound is 2 x Skew_Time of the slowest successor there can be, one of priority 1: ours
    /// says nothing about how long a Backup hesitates, and to let go before it answers is a hole.
    fn release(&mut self, now: Instant) -> Outputs {
        let until = now + Priority::MIN.skew(self.settings.interval) * 2;
        let advert = self.advertise(now, Priority::RELEASE);
        let leaving = State::Leaving(Leaving { until, next: Ordered::Out });
        Outputs::of([advert, self.became(now, leaving, Reason::Shutdown)])
    }

    /// Counting from when it was due keeps the rate; a whole interval late, the grid starts anew
    /// instead of catching up in a burst.
    fn advertise_in_turn(&mut self, now: Instant, active: Active) -> Outputs {
        let on_time = active.advertise_at + self.settings.interval.duration();
        let advertise_at = if on_time > now { on_time } else { self.in_an_interval(now) };
        let active = Active { advertise_at, ..active };
        match active.owed {
            Owed::AdvertAndAnnouncement if now >= active.force_after => {
                self.force(now, active, active.owed)
            }
            Owed::Nothing | Owed::Advert | Owed::AdvertAndAnnouncement => {
                self.advertise_and_go_on(now, active)
            }
        }
    }

    fn advertise_and_go_on(&mut self, now: Instant, active: Active) -> Outputs {
        self.state = State::Active(active.advertised());
        Outputs::of([self.advertise(now, self.priority)])
    }

    /// An advert out of turn; the Adver_Timer runs on.
    fn force(&mut self, now: Instant, active: Active, what: Owed) -> Outputs {
        if now < active.force_after {
            self.state = State::Active(Active { owed: active.owed.max(what), ..active });
            return Outputs::NONE;
        }
        let force_after = now + FORCED_GAP;
        self.state = State::Active(Active { force_after, owed: Owed::Nothing, ..active });
        let advert = self.advertise(now, self.priority);
        match what {
            Owed::AdvertAndAnnouncement => Outputs::of([advert, Output::Announce]),
            Owed::Nothing | Owed::Advert => Outputs::of([advert]),
        }
    }

    /// The packet itself is built when it is sent, from the state of that moment.
    fn advertise(&mut self, now: Instant, priority: Priority) -> Output {
        self.last_advert = Some(now);
        if priority == Priority::RELEASE {
            self.last_advert = None;
        }
        Output::Advertise(priority)
    }

    fn in_an_interval(&self, now: Instant) -> Instant {
        let interval = self.settings.interval;
        (now + interval.duration()).floor_to(interval.grid())
    }
}
