//! Roles, claims and adverts.

use clock::{Duration, Instant};
use coordinator::{Coordinator, Effect};
use vrrp_proto::router::Reason;
use vrrp_proto::{Family, Priority, Role};

use super::{Judge, SLOP};
use crate::host::Host;
use crate::message::Packet;
use crate::setup::{MemberPlan, RouterPlan, Setup, Side, router_id, router_of};
use crate::world::WIRE;

impl Judge {
    /// A router takes part, having read this in the state file.
    pub(crate) fn enters(&mut self, side: Side, at: usize, sent: Option<Instant>) {
        self.routers[at].sides[side].sent = sent;
    }

    /// The wire loop was told another priority.
    pub(crate) fn told(&mut self, now: Instant, side: Side, at: usize) {
        self.routers[at].sides[side].told = now;
    }

    /// A datagram reaches the wire loop. Damaged ones are not for the judge to parse.
    pub(crate) fn hears(
        &mut self,
        now: Instant,
        side: Side,
        wire: usize,
        packet: &Packet,
        host: &Host,
        setup: &Setup,
    ) {
        let (number, priority) = packet.says();
        let family = Family::of(packet.from);
        let Some(at) = router_of(number).filter(|_| !packet.damaged) else { return };
        let Some(plan) = setup.routers.get(at) else { return };
        let here = |m: &MemberPlan| m.wire == wire && m.protocol.family() == family;
        let member = plan.members.iter().position(here);
        if !member.is_some_and(|member| plan.decides(member)) {
            return;
        }
        let memory = &mut self.routers[at].sides[side];
        if memory.silent_since.is_some() {
            memory.silent_since = Some(now);
        }
        let Some(process) = host.process.as_ref().filter(|_| self.whole[wire].is_some()) else {
            return;
        };
        let (heard, told) = (Priority::from_wire(priority), process.routers[at].told);
        // Where addresses contradict each other from member to member, which one decides is for
        // `one-answerer` to judge.
        let ties_agree = plan.members.len() == 1 || !setup.crossed;
        let wins_tie = ties_agree && packet.from > setup.address(side, wire, family);
        let better = heard > told || (heard == told && wins_tie);
        if host.role(at) == Some(Role::Active) && better {
            memory.must_stop.get_or_insert_with(|| now + plan.interval.duration() + STOP);
        }
        if host.role(at) == Some(Role::Leaving) && heard != Priority::RELEASE {
            memory.must_stop.get_or_insert(now + SLOP);
        }
    }

    /// A role changed.
    pub(crate) fn became(
        &mut self,
        now: Instant,
        (side, at): (Side, usize),
        (role, reason): (Role, Reason),
        hosts: &[Host; 2],
        setup: &Setup,
    ) {
        self.delays_are_kept(now, (side, at), (role, reason), &hosts[side], &setup.routers[at]);
        let memory = &mut self.routers[at].sides[side];
        memory.backup_since = (role == Role::Backup).then_some(now);
        match role {
            Role::Backup => (memory.silent_since, memory.active_by) = (Some(now), None),
            // A claim that follows upon what it had to stop for is judged by what it hears next.
            Role::Active => (memory.active_by, memory.must_stop) = (Some((reason, now)), None),
            Role::Init | Role::Leaving => (memory.silent_since, memory.active_by) = (None, None),
        }
        if role == Role::Leaving {
            self.hands_over(now, side, at, hosts, setup);
        }
        if role == Role::Active && reason == Reason::Resumed {
            self.resume_is_bounded(now, side, at, hosts, setup);
        }
        if role == Role::Active && reason == Reason::PeerSilent {
            self.silence_is_real(now, side, at, setup);
            self.best_first(now, side, at, hosts, setup);
        }
        self.changes(now, side, at, role);
    }

    /// After a start without a past nothing is taken part in before the start-up delay is over, and
    /// from a live Active nothing is taken before a Backup has waited for the preempt delay.
    fn delays_are_kept(
        &mut self,
        now: Instant,
        (side, at): (Side, usize),
        (role, reason): (Role, Reason),
        host: &Host,
        plan: &RouterPlan,
    ) {
        let memory = &self.routers[at].sides[side];
        let starts_at = host.process.as_ref().map(|process| process.routers[at].starts_at);
        let enters = matches!(role, Role::Backup | Role::Active) && memory.sent.is_none();
        let early = enters && starts_at.is_some_and(|starts_at| now < starts_at);
        let owner = plan.bases[side] == Priority::OWNER;
        let preempts = role == Role::Active && reason == Reason::PeerLower && !owner;
        let hasty = memory.backup_since.is_some_and(|since| now < since + plan.preempt_delay);
        if early || (preempts && hasty) {
            self.broke("delays-are-kept", format!("lb{side} became {role} of {at} too early"));
        }
    }

    /// A release, with a Backup that may claim and hears it on a wire that has been whole for long.
    fn hands_over(
        &mut self,
        now: Instant,
        side: Side,
        at: usize,
        hosts: &[Host; 2],
        setup: &Setup,
    ) {
        let plan = &setup.routers[at];
        let router = &self.routers[at];
        let calm = |since: Option<Instant>| since.is_some_and(|s| s + plan.intervals(6) < now);
        let wire = calm(router.connected) && calm(router.on_time);
        let all = wire && router.sides.iter().all(|memory| calm(memory.steady));
        let backup = hosts[1 - side].role(at) == Some(Role::Backup);
        let claims = hosts[1 - side].process.as_ref().is_some_and(|process| {
            let standing = &process.routers[at];
            standing.claims_from < now && standing.fault.is_none() && !process.ends()
        });
        if all && !router.foreign && backup && claims && hosts[side].answers(plan, at) {
            self.routers[at].sides[side].hands_over = Some(now + plan.intervals(6));
        }
    }

    /// A restarted Active resumes only while no peer can have taken over yet: younger than the
    /// rival's Active_Down_Interval less one interval (design.md 6). So on a wire that was whole all
    /// the time it never finds a peer that claimed because of the silence, unless its machine's
    /// clock stood still meanwhile.
    fn resume_is_bounded(
        &mut self,
        now: Instant,
        side: Side,
        at: usize,
        hosts: &[Host; 2],
        setup: &Setup,
    ) {
        let plan = &setup.routers[at];
        let bound = plan.down(plan.bases[1 - side]) - plan.interval.duration();
        let Some(sent) = self.routers[at].sides[side].sent else {
            return self.broke("resume-is-bounded", format!("lb{side} resumed without a past"));
        };
        let age = hosts[side].clock(now).since(sent);
        if age >= bound {
            let what = format!("lb{side} resumed {age:?} after its last advert");
            return self.broke("resume-is-bounded", what);
        }
        let sent = sent + hosts[side].behind;
        let router = &self.routers[at];
        let other = &router.sides[1 - side];
        let whole = [router.connected, other.steady].iter().all(|s| s.is_some_and(|s| s < sent));
        let silent = matches!(other.active_by, Some((Reason::PeerSilent, _)));
        // A machine that stood still tells its successor of a claim until it hears what it missed.
        let awake = self.machines[side].paused + plan.interval.duration() < sent;
        if whole && awake && silent && hosts[1 - side].role(at) == Some(Role::Active) {
            self.broke("resume-is-bounded", format!("lb{side} resumed beside an Active peer"));
        }
    }

    /// Nobody takes an Active for silent that has been running, on a whole wire, for longer than
    /// the longest Active_Down_Interval: its adverts are in the socket of whoever has slept. They
    /// are not where the whole machine did: it takes over by right, and finds out.
    fn silence_is_real(&mut self, now: Instant, side: Side, at: usize, setup: &Setup) {
        let long = setup.routers[at].intervals(2);
        if self.machines[side].paused + long > now {
            return;
        }
        let router = &self.routers[at];
        let other = &router.sides[1 - side];
        let since = [router.connected, other.steady, other.active_by.map(|(_, since)| since)];
        if since.iter().all(|since| since.is_some_and(|since| since + long < now)) {
            self.broke("silence-is-real", format!("lb{side} claims beside an Active that speaks"));
        }
    }

    /// Of two Backups that nobody speaks to, the better one claims first: that is what Skew_Time is
    /// for. The worse one must not claim if the better one's time came so much earlier that its
    /// advert had arrived.
    fn best_first(
        &mut self,
        now: Instant,
        side: Side,
        at: usize,
        hosts: &[Host; 2],
        setup: &Setup,
    ) {
        let plan = &setup.routers[at];
        let router = &self.routers[at];
        let sides = &router.sides;
        let [Some(ours), Some(theirs)] = [side, 1 - side].map(|s| sides[s].silent_since) else {
            return;
        };
        let calm = router.connected.into_iter().chain(sides.iter().filter_map(|s| s.steady));
        let calm = calm.max().unwrap_or(now).max(sides[0].told).max(sides[1].told);
        let all = router.connected.is_some() && sides.iter().all(|s| s.fit.is_some());
        let standing = |s: Side| hosts[s].process.as_ref().map(|p| &p.routers[at]);
        let (Some(us), Some(them)) = (standing(side), standing(1 - side)) else { return };
        let since = ours.min(theirs);
        let held = us.claims_from.max(them.claims_from) > since;
        if !all || held || calm > since {
            return;
        }
        let (early, late) = (theirs + plan.skew(them.told), ours + plan.skew(us.told));
        if early + WIRE + CLAIM < late {
            let what = format!("lb{side} of {} claims before the one of {}", us.told, them.told);
            self.broke("best-first", what);
        }
    }

    /// An advert says the priority the wire loop was last told, or that it leaves (law 12).
    pub(crate) fn advertises(&mut self, packet: &Packet, told: Priority) {
        let (_, says) = packet.says();
        if says != told.get() && says != Priority::RELEASE.get() {
            self.broke("priority-is-its-causes", format!("an advert says {says}, not {told}"));
        }
    }

    /// A member had nothing to say when its router spoke: right only while its link is down.
    pub(crate) fn silent(&mut self, side: Side, at: usize, member: usize, up: bool) {
        if up {
            let what = format!("member {member} of {at} on lb{side} says nothing");
            self.broke("group-speaks-together", what);
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
        for (at, plan) in setup.routers.iter().enumerate() {
            let id = router_id(at);
            let Some(score) = coordinator.score(id) else { continue };
            let sum: i32 = score.causes.values().filter(|c| c.counts).map(|c| c.value).sum();
            let right = Priority::clamped(i32::from(plan.bases[side].get()) + sum);
            let right = plan.effective(side, right);
            let said = effects.iter().find_map(|effect| match effect {
                Effect::Priority(router, priority) if *router == id => Some(*priority),
                Effect::Priority(..)
                | Effect::Fault(..)
                | Effect::Ready(_)
                | Effect::Want { .. }
                | Effect::Assume(..)
                | Effect::Notice(_) => None,
            });
            let scored = score.priority();
            if scored != right || said.is_some_and(|said| said != scored) {
                let what = format!("lb{side} says {said:?}, scores {score:?}");
                self.broke("priority-is-its-causes", what);
            }
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
