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
    /// Before this nothing goes out out of turn.
    force_after: Instant,
    /// What is to go out then.
    owed: Owed,
    contest: Option<Contest>,
}

/// What waits for the gap between forced adverts to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owed {
    Nothing,
    Advert,
    Announcement,
    Both,
}

/// An equal of higher address that is not yielded to yet, because members disagree.
#[derive(Clone, Copy, Debug)]
struct Contest {
    since: Instant,
    heard_at: Instant,
}

impl Owed {
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, owed) | (owed, Self::Nothing) => owed,
            (Self::Advert, Self::Advert) => Self::Advert,
            (Self::Announcement, Self::Announcement) => Self::Announcement,
            (Self::Both, _) | (_, Self::Both) => Self::Both,
            (Self::Advert, Self::Announcement) | (Self::Announcement, Self::Advert) => Self::Both,
        }
    }

    /// An advert has gone out: an announcement has not.
    const fn advertised(self) -> Self {
        match self {
            Self::Nothing | Self::Advert => Self::Nothing,
            Self::Announcement | Self::Both => Self::Announcement,
        }
    }
}

impl Active {
    pub(super) fn deadline(self) -> Instant {
        match self.owed {
            Owed::Nothing => self.advertise_at,
            Owed::Advert | Owed::Announcement | Owed::Both => {
                self.advertise_at.min(self.force_after)
            }
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
                self.answer_release(now, active)
            }
            Event::Advert(heard) if self.loses_to(heard) => self.contest(now, active, heard),
            Event::Advert(heard) if self.was_replaced(now) => {
                self.yield_to(now, heard, Reason::Replaced)
            }
            // RFC 9568 6.4.3; RFC 3768 6.4.3 only discards it. A group follows the version in which
            // it was heard: that is the one in which the sender expects an answer or does not.
            Event::Advert(heard) => match heard.version {
                Version::V2 => self.force(now, active, Owed::Announcement),
                Version::V3 => self.force(now, active, Owed::Both),
            },
            // Peers compare both with their own: they must not wait for the Adver_Timer.
            Event::Priority(_) | Event::Moved => self.force(now, active, Owed::Advert),
            Event::Path(Path::Closed) => self.withdraw(now, Reason::LinkDown),
            Event::Path(Path::Unaddressed) => self.withdraw(now, Reason::AddressGone),
            // Some member can still tell the peers, so that they wait Skew_Time and no longer.
            Event::Path(Path::Partial) => {
                self.release(now, Reason::LinkDown, Ordered::In { not_before: now })
            }
            Event::Fault(Fault::Present) => {
                self.release(now, Reason::Fault, Ordered::In { not_before: now })
            }
            Event::Shutdown => self.release(now, Reason::Shutdown, Ordered::Out),
            Event::Keep => {
                // The peers' timers start anew, so the successor process has the whole bound.
                let advert = self.advertise(now, self.priority);
                Outputs::of([advert, self.retire(now, Reason::Keep, Ordered::Out)])
            }
            Event::Fault(Fault::Clear)
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
        let owed = Owed::Nothing;
        let active = Active { advertise_at, force_after: now, owed, contest: None };
        self.new_active_reason = self.why_active(now, reason);
        let became = self.became(now, State::Active(active), reason);
        Outputs::of([advert, Output::Want(Holding::Held), became])
    }

    /// RFC 9568 6.4.3, priority 0: at once, since a Backup that heard it too may wait for less than
    /// the gap between forced adverts. An advert of this very moment has answered it: a group that
    /// leaves says so on every member.
    fn answer_release(&mut self, now: Instant, active: Active) -> Outputs {
        let active = Active { advertise_at: self.in_an_interval(now), ..active };
        if self.last_advert == Some(now) {
            self.state = State::Active(active);
            return Outputs::NONE;
        }
        self.advertise_and_go_on(now, active)
    }

    /// RFC 9568 6.4.3: an advert that beats ours. Of equal priority, the address decides, and the
    /// members of a group may order two directors differently, since each compares its own. Both
    /// directors must end at the same answer, so the members have a rank, the order of the settings,
    /// and a losing advert counts at once only if no member of higher rank may say otherwise.
    ///
    /// With `dissent` such members it must have been contested for 3/4 of an interval for each.
    /// Meanwhile we say again that we are here. If a member of higher rank carries our adverts and
    /// we win there, that ends the other's claim within the way of a packet, and its adverts with
    /// it. So whoever is beaten on the member of highest rank that works yields first, and the
    /// other, who needs at least one step more, hears no further advert. Where a wire carries
    /// nothing, or only one way, the next member decides one step later. Without contradiction, the
    /// common case, nobody waits: the addresses last heard on the members before all say the same.
    fn contest(&mut self, now: Instant, active: Active, heard: Heard) -> Outputs {
        let forget = self.down_interval();
        let lasting = active.contest.filter(|contest| now.since(contest.heard_at) < forget);
        let since = lasting.map_or(now, |contest| contest.since);
        let patience = self.settings.interval.duration() * 3 / 4 * u32::from(heard.dissent);
        if heard.priority > self.priority || now.since(since) >= patience {
            return self.yield_to(now, heard, Reason::PeerHigher);
        }
        let contest = Some(Contest { since, heard_at: now });
        self.force(now, Active { contest, ..active }, Owed::Both)
    }

    fn yield_to(&mut self, now: Instant, heard: Heard, reason: Reason) -> Outputs {
        let became = self.follow(now, heard.interval, reason);
        Outputs::of([Output::Want(Holding::Absent), became])
    }

    /// Whether this process was stopped for so long that a peer had to take over, and the advert
    /// that we are looking at says that one did. Then we have lost the addresses, whatever our
    /// priority, and preempt if and when a Backup may.
    fn was_replaced(&self, now: Instant) -> bool {
        self.last_advert.is_some_and(|sent| self.is_stale(now, sent, Duration::ZERO))
    }

    /// Counting from when it was due keeps the rate; a whole interval late, the grid starts anew
    /// instead of catching up in a burst.
    fn advertise_in_turn(&mut self, now: Instant, active: Active) -> Outputs {
        let on_time = active.advertise_at + self.settings.interval.duration();
        let advertise_at = if on_time > now { on_time } else { self.in_an_interval(now) };
        let active = Active { advertise_at, ..active };
        match active.owed {
            Owed::Announcement | Owed::Both if now >= active.force_after => {
                self.force(now, active, Owed::Both)
            }
            Owed::Nothing | Owed::Advert | Owed::Announcement | Owed::Both => {
                self.advertise_and_go_on(now, active)
            }
        }
    }

    fn advertise_and_go_on(&mut self, now: Instant, active: Active) -> Outputs {
        self.state = State::Active(Active { owed: active.owed.advertised(), ..active });
        Outputs::of([self.advertise(now, self.priority)])
    }

    /// Something out of turn; the Adver_Timer runs on.
    fn force(&mut self, now: Instant, active: Active, what: Owed) -> Outputs {
        if now < active.force_after {
            self.state = State::Active(Active { owed: active.owed.and(what), ..active });
            return Outputs::NONE;
        }
        let force_after = now + FORCED_GAP;
        self.state = State::Active(Active { force_after, owed: Owed::Nothing, ..active });
        match what {
            Owed::Nothing => Outputs::NONE,
            Owed::Advert => Outputs::of([self.advertise(now, self.priority)]),
            Owed::Announcement => Outputs::of([Output::Announce]),
            Owed::Both => Outputs::of([self.advertise(now, self.priority), Output::Announce]),
        }
    }

    /// The packet itself is built when it is sent, from the state of that moment.
    pub(super) fn advertise(&mut self, now: Instant, priority: Priority) -> Output {
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
