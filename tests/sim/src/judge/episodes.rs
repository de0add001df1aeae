//! What an episode may do to the addresses, and that nothing changes when nothing happens.

use vrrp_proto::router::Preempt;

use super::*;
use crate::plan::Expect;
use crate::setup::ROUTER;

/// The part of the run we are in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Season {
    /// Both directors start.
    #[default]
    Start,
    /// Faults, and what they may do.
    Faults {
        expect: Expect,
        /// Who was Active when it began, or at its turn.
        holder: Option<Side>,
        /// How often somebody became Active since.
        claims: u32,
    },
    /// Nothing may change.
    Quiet,
}

impl Judge {
    pub(crate) fn begin_episode(&mut self, expect: Expect, hosts: &[Host; 2]) {
        self.season = Season::Faults { expect, holder: holder(hosts), claims: 0 };
    }

    /// A one-sided loss has lasted long enough: what moved is where it belongs, and moved once.
    pub(crate) fn turn(&mut self, hosts: &[Host; 2], setup: &Setup) {
        let Season::Faults { expect: Expect::OneSided, holder: Some(before), claims } = self.season
        else {
            return;
        };
        let belongs = belongs(before, hosts, setup);
        let moved = u32::from(belongs != Some(before));
        if holder(hosts) != belongs || claims != moved {
            let what = format!(
                "it was lb{before}'s, belongs to {belongs:?}, is {:?}'s after {claims} claims",
                holder(hosts)
            );
            self.broke("one-sided-loss-moves-once", what);
        }
        self.begin_episode(Expect::OneSided, hosts);
    }

    /// All faults are over and everything has settled: one Active, the one it should be.
    pub(crate) fn begin_quiet(&mut self, hosts: &[Host; 2], setup: &Setup) {
        self.turn(hosts, setup);
        let Some(active) = holder(hosts) else {
            let roles = [hosts[0].role(), hosts[1].role()];
            return self.broke("best-holds", format!("the roles have settled as {roles:?}"));
        };
        if belongs(active, hosts, setup) != Some(active) {
            self.broke("best-holds", format!("lb{active} has settled as Active, being worse"));
        }
        self.season = Season::Quiet;
    }

    pub(super) fn changes(&mut self, now: Instant, side: Side, role: Role, _hosts: &[Host; 2]) {
        let claims_now = role == Role::Active;
        match &mut self.season {
            Season::Start | Season::Faults { expect: Expect::Bounded, .. } => {}
            Season::Faults { expect: Expect::OneSided, claims, .. } => {
                *claims += u32::from(claims_now);
                if *claims > 1 {
                    let what = format!("lb{side} claims a second time at {} ms", now.as_millis());
                    self.broke("one-sided-loss-moves-once", what);
                }
            }
            Season::Faults { expect: Expect::NothingMoves(rule), .. } => {
                let rule = *rule;
                self.broke(rule, format!("lb{side} became {role}"));
            }
            Season::Quiet => self.broke("quiet", format!("lb{side} became {role}")),
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

/// The only Active, beside a Backup.
fn holder(hosts: &[Host; 2]) -> Option<Side> {
    match [hosts[0].role()?, hosts[1].role()?] {
        [Role::Active, Role::Backup] => Some(0),
        [Role::Backup, Role::Active] => Some(1),
        _ => None,
    }
}

/// Who should be Active once all has settled, if this one is: the Backup takes over from a worse
/// one, without preemption only if causes have put that one below it: if it lacks more of its base
/// than the Backup does (design.md 5).
fn belongs(active: Side, hosts: &[Host; 2], setup: &Setup) -> Option<Side> {
    let score =
        |side: Side| Some(hosts[side].process.as_ref()?.coordinator.score(ROUTER)?.priority());
    let (ours, theirs) = (score(active)?, score(1 - active)?);
    let lacks = |side: Side, now: Priority| setup.bases[side].get().saturating_sub(now.get());
    let may = setup.preempt == Preempt::Yes || lacks(active, ours) > lacks(1 - active, theirs);
    Some(if theirs > ours && may { 1 - active } else { active })
}
