//! What an episode may do to the addresses, and that nothing changes when nothing happens.

use vrrp_proto::router::Preempt;

use super::*;
use crate::plan::Expect;
use crate::setup::router_id;

/// The part of the run we are in.
#[derive(Clone, Debug, Default)]
pub(super) enum Season {
    /// Both directors start.
    #[default]
    Start,
    /// Faults, and what they may do.
    Faults {
        expect: Expect,
        /// Of each router: who was Active when it began, or at its turn, and how often somebody
        /// became Active since.
        claims: Vec<(Option<Side>, u32)>,
    },
    /// Nothing may change.
    Quiet,
}

impl Judge {
    pub(crate) fn begin_episode(&mut self, expect: Expect, hosts: &[Host; 2]) {
        let routers = 0..self.routers.len();
        let claims = routers.map(|at| (holder(hosts, at), 0)).collect();
        self.season = Season::Faults { expect, claims };
    }

    /// A one-sided loss has lasted long enough: what moved is where it belongs, and moved once.
    pub(crate) fn turn(&mut self, hosts: &[Host; 2], setup: &Setup) {
        let Season::Faults { expect: Expect::OneSided, claims } = self.season.clone() else {
            return;
        };
        for (at, (before, claims)) in claims.into_iter().enumerate() {
            // Of two owners each takes what it is given the chance to.
            let owners = setup.routers[at].bases == [Priority::OWNER; 2];
            let Some(before) = before.filter(|_| !owners) else { continue };
            let belongs = belongs(before, hosts, setup, at);
            let moved = u32::from(belongs != Some(before));
            let holder = holder(hosts, at);
            if holder != belongs || claims != moved {
                let what = format!(
                    "{at} was lb{before}'s, belongs to {belongs:?}, is {holder:?}'s after {claims} \
                     claims"
                );
                self.broke("one-sided-loss-moves-once", what);
            }
        }
        self.begin_episode(Expect::OneSided, hosts);
    }

    /// All faults are over and everything has settled: one Active, the one it should be.
    pub(crate) fn begin_quiet(&mut self, hosts: &[Host; 2], setup: &Setup) {
        self.turn(hosts, setup);
        for at in 0..setup.routers.len() {
            let Some(active) = holder(hosts, at) else {
                let roles = [hosts[0].role(at), hosts[1].role(at)];
                let what = format!("the roles of {at} have settled as {roles:?}");
                return self.broke("best-holds", what);
            };
            if belongs(active, hosts, setup, at) != Some(active) {
                let what = format!("lb{active} has settled as Active of {at}, being worse");
                self.broke("best-holds", what);
            }
        }
        self.season = Season::Quiet;
    }

    pub(super) fn changes(&mut self, now: Instant, side: Side, at: usize, role: Role) {
        let claims_now = role == Role::Active;
        match &mut self.season {
            Season::Start | Season::Faults { expect: Expect::Bounded, .. } => {}
            Season::Faults { expect: Expect::OneSided, claims } => {
                claims[at].1 += u32::from(claims_now);
                if claims[at].1 > 1 {
                    let now = now.as_millis();
                    let what = format!("lb{side} claims {at} a second time at {now} ms");
                    self.broke("one-sided-loss-moves-once", what);
                }
            }
            Season::Faults { expect: Expect::NothingMoves(rule), .. } => {
                let rule = *rule;
                self.broke(rule, format!("lb{side} became {role} of {at}"));
            }
            Season::Quiet => self.broke("quiet", format!("lb{side} became {role} of {at}")),
        }
    }

    /// Requests to the kernel.
    pub(crate) fn asks(&mut self, side: Side) {
        self.unrest(side, "asks the kernel for changes");
    }

    /// A verdict.
    pub(crate) fn verdict(&mut self, side: Side) {
        self.unrest(side, "has another verdict");
    }

    pub(super) fn unrest(&mut self, side: Side, what: &str) {
        if matches!(self.season, Season::Quiet) {
            self.broke("quiet", format!("lb{side} {what}"));
        }
    }
}

/// The only Active, beside a Backup or one that a fault keeps out.
fn holder(hosts: &[Host; 2], at: usize) -> Option<Side> {
    let is_out = |side: Side| is_faulty(hosts, side, at);
    match [hosts[0].role(at)?, hosts[1].role(at)?] {
        [Role::Active, Role::Backup] => Some(0),
        [Role::Backup, Role::Active] => Some(1),
        [Role::Active, Role::Init] if is_out(1) => Some(0),
        [Role::Init, Role::Active] if is_out(0) => Some(1),
        _ => None,
    }
}

fn is_faulty(hosts: &[Host; 2], side: Side, at: usize) -> bool {
    hosts[side].process.as_ref().is_some_and(|process| process.routers[at].fault.is_some())
}

/// Who should be Active once all has settled, if this one is: the other takes over from one with a
/// fault, and from a worse one; without preemption only if causes have put that one below it: if it
/// lacks more of its base than the other does (design.md 5).
fn belongs(active: Side, hosts: &[Host; 2], setup: &Setup, at: usize) -> Option<Side> {
    let plan = &setup.routers[at];
    let score = |side: Side| {
        let score = hosts[side].process.as_ref()?.coordinator.score(router_id(at))?;
        Some(plan.effective(side, score.priority()))
    };
    let other = 1 - active;
    let (ours, theirs) = (score(active)?, score(other)?);
    let lacks = |side: Side, now: Priority| plan.bases[side].get().saturating_sub(now.get());
    let may = plan.preempt == Preempt::Yes
        || theirs == Priority::OWNER
        || lacks(active, ours) > lacks(other, theirs);
    let moves = if is_faulty(hosts, active, at) {
        !is_faulty(hosts, other, at)
    } else {
        !is_faulty(hosts, other, at) && theirs > ours && may
    };
    Some(if moves { other } else { active })
}
