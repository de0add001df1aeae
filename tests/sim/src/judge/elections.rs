//! Roles, claims and adverts.

use clock::{Duration, Instant};
use coordinator::{Coordinator, Effect};
use vrrp_proto::router::Reason;
use vrrp_proto::{Priority, Role};

use super::{Judge, SLOP, skew};
use crate::host::Host;
use crate::setup::{ROUTER, Setup, Side, address};
use crate::world::WIRE;

impl Judge {
    /// A router takes part, having read this in the state file.
    pub(crate) fn enters(&mut self, side: Side, sent: Option<Instant>) {
        self.sides[side].sent = sent;
    }

    /// The wire loop was told another priority.
    pub(crate) fn told(&mut self, now: Instant, side: Side) {
        self.sides[side].told = now;
    }

    /// A datagram reaches the wire loop.
    pub(crate) fn hears(&mut self, now: Instant, side: Side, bytes: &[u8], host: &Host) {
        let memory = &mut self.sides[side];
        if memory.silent_since.is_some() {
            memory.silent_since = Some(now);
        }
        // Damaged ones are not for the judge to parse.
        let whole = self.wire_whole.is_some();
        let (active, leaving) =
            (host.role() == Some(Role::Active), host.role() == Some(Role::Leaving));
        let (Some(process), Some(priority)) = (&host.process, bytes.get(22)) else { return };
        let heard = (Priority::from_wire(*priority), address(1 - side));
        if whole && active && heard > (process.told, address(side)) {
            let interval = process.election.router(ROUTER).map(|r| r.settings().interval);
            let bound = interval.map_or(Duration::ZERO, |i| i.duration()) + STOP;
            memory.must_stop.get_or_insert(now + bound);
        }
        if whole && leaving && heard.0 != Priority::RELEASE {
            memory.must_stop.get_or_insert(now + SLOP);
        }
    }

    /// A role changed.
    pub(crate) fn became(
        &mut self,
        now: Instant,
        side: Side,
        role: Role,
        reason: Reason,
        hosts: &[Host; 2],
        setup: &Setup,
    ) {
        let memory = &mut self.sides[side];
        match role {
            Role::Backup => {
                memory.silent_since = Some(now);
                memory.active_by = None;
            }
            Role::Active => memory.active_by = Some((reason, now)),
            Role::Init | Role::Leaving => (memory.silent_since, memory.active_by) = (None, None),
        }
        if role == Role::Leaving {
            self.hands_over(now, side, hosts, setup);
        }
        if role == Role::Active {
            match reason {
                Reason::Resumed => self.resume_is_bounded(now, side, hosts, setup),
                Reason::PeerSilent => {
                    self.silence_is_real(now, side, setup);
                    self.best_first(now, side, hosts, setup);
                }
                Reason::Startup
                | Reason::Owner
                | Reason::PeerReleased
                | Reason::PeerLower
                | Reason::PeerHigher
                | Reason::Replaced
                | Reason::LinkDown
                | Reason::LinkUp
                | Reason::AddressGone
                | Reason::AddressBack
                | Reason::Fault
                | Reason::FaultCleared
                | Reason::StartupDelay
                | Reason::Shutdown
                | Reason::Succeeded
                | Reason::NoSuccessor
                | Reason::Keep => {}
            }
        }
        self.changes(now, side, role, hosts);
    }

    /// A release, with a Backup that may claim and hears it on a wire that has been whole for long.
    fn hands_over(&mut self, now: Instant, side: Side, hosts: &[Host; 2], setup: &Setup) {
        let interval = setup.interval.duration();
        let calm = |since: Option<Instant>| since.is_some_and(|since| since + interval * 9 < now);
        let all = calm(self.wire_whole) && self.sides.iter().all(|memory| calm(memory.steady));
        let backup = hosts[1 - side].role() == Some(Role::Backup);
        let other = hosts[1 - side].process.as_ref();
        let claims = other.is_some_and(|p| p.claims_from < now && !p.releasing && !p.exiting);
        if all && backup && claims && hosts[side].answers() {
            self.sides[side].hands_over = Some(now + interval * 9);
        }
    }

    /// A restarted Active resumes only while no peer can have taken over yet: younger than the
    /// rival's Active_Down_Interval less one interval (design.md 6). So on a wire that was whole all
    /// the time it never finds a peer that claimed because of the silence.
    fn resume_is_bounded(&mut self, now: Instant, side: Side, hosts: &[Host; 2], setup: &Setup) {
        let rival = skew(setup, setup.bases[1 - side]);
        let bound = setup.interval.duration() * 2 + rival;
        let Some(sent) = self.sides[side].sent else {
            return self.broke("resume-is-bounded", format!("lb{side} resumed without a past"));
        };
        if now.since(sent) >= bound {
            let what = format!("lb{side} resumed {:?} after its last advert", now.since(sent));
            return self.broke("resume-is-bounded", what);
        }
        let other = &self.sides[1 - side];
        let whole = [self.wire_whole, other.steady].iter().all(|s| s.is_some_and(|s| s < sent));
        let silent = matches!(other.active_by, Some((Reason::PeerSilent, _)));
        if whole && silent && hosts[1 - side].role() == Some(Role::Active) {
            self.broke("resume-is-bounded", format!("lb{side} resumed beside an Active peer"));
        }
    }

    /// Nobody takes an Active for silent that has been running, on a whole wire, for longer than
    /// the longest Active_Down_Interval: its adverts are in the socket of whoever has slept.
    fn silence_is_real(&mut self, now: Instant, side: Side, setup: &Setup) {
        let other = &self.sides[1 - side];
        let since = [self.wire_whole, other.steady, other.active_by.map(|(_, since)| since)];
        let long = setup.interval.duration() * 5;
        if since.iter().all(|since| since.is_some_and(|since| since + long < now)) {
            self.broke("silence-is-real", format!("lb{side} claims beside an Active that speaks"));
        }
    }

    /// Of two Backups that nobody speaks to, the better one claims first: that is what Skew_Time is
    /// for. The worse one must not claim if the better one's time came so much earlier that its
    /// advert had arrived.
    fn best_first(&mut self, now: Instant, side: Side, hosts: &[Host; 2], setup: &Setup) {
        let [Some(ours), Some(theirs)] = [side, 1 - side].map(|s| self.sides[s].silent_since)
        else {
            return;
        };
        let calm = self.wire_whole.into_iter().chain(self.sides.iter().filter_map(|s| s.steady));
        let calm = calm.max().unwrap_or(now).max(self.sides[0].told).max(self.sides[1].told);
        let all = self.wire_whole.is_some() && self.sides.iter().all(|s| s.steady.is_some());
        let [Some(us), Some(them)] = [side, 1 - side].map(|s| hosts[s].process.as_ref()) else {
            return;
        };
        let since = ours.min(theirs);
        let held = us.claims_from.max(them.claims_from) > since;
        if !all || held || calm > since || them.releasing || them.exiting {
            return;
        }
        let (early, late) = (theirs + skew(setup, them.told), ours + skew(setup, us.told));
        if early + WIRE + CLAIM < late {
            let what = format!("lb{side} of {} claims before the one of {}", us.told, them.told);
            self.broke("best-first", what);
        }
    }

    /// An advert says the priority the wire loop was last told, or that it leaves (law 12).
    pub(crate) fn advertises(&mut self, says: u8, told: Priority) {
        if says != told.get() && says != Priority::RELEASE.get() {
            self.broke("priority-is-its-causes", format!("an advert says {says}, not {told}"));
        }
    }

    /// The priority is base plus what counts, what is said is what is scored, and a lost quorum
    /// counts or waits.
    pub(crate) fn coordinated(
        &mut self,
        side: Side,
        effects: &[Effect],
        coordinator: &Coordinator,
        setup: &Setup,
    ) {
        let Some(score) = coordinator.score(ROUTER) else { return };
        let sum: i32 = score.causes.values().filter(|c| c.counts).map(|c| c.value).sum();
        let right = (i32::from(setup.bases[side].get()) + sum).clamp(1, 254);
        let said = effects.iter().find_map(|effect| match effect {
            Effect::Priority(_, priority) => Some(*priority),
            Effect::Fault(..)
            | Effect::Ready(_)
            | Effect::Want { .. }
            | Effect::Assume(..)
            | Effect::Notice(_) => None,
        });
        if i32::from(score.priority().get()) != right || said.is_some_and(|s| s != score.priority())
        {
            let what = format!("lb{side} says {said:?}, scores {score:?}");
            self.broke("priority-is-its-causes", what);
        }
        for pool in 0..setup.pools.len() {
            self.quorum_counts(side, pool, coordinator, setup);
        }
        if effects.iter().any(|effect| matches!(effect, Effect::Want { .. })) {
            self.unrest(side, "wants another table");
        }
    }
}

/// What design.md 9 grants an Active that heard a better one, over its interval.
const STOP: Duration = Duration::from_millis(100);
/// How differently two wire loops may take in one moment, and how late a timer may be.
const CLAIM: Duration = SLOP;
