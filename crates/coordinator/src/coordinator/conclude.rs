//! What follows from what is known: the wanted table, quorums, priorities, readiness.
//!
//! Nothing is learned here; the only state that changes is what was said already. The order is that
//! of urgency: traffic first. Called by the coordinator after every event it learned.

use std::collections::{BTreeMap, BTreeSet};

use clock::Instant;
use ipvs_table::{Service, ServiceKey};
use vrrp_proto::router::Fault;
use vrrp_proto::{Role, RouterId};

use super::{Coordinator, Phase, Readiness, Touched};
use crate::cause::Truth;
use crate::pool::PoolState;
use crate::{CauseKey, Effect, Impact, Notice, Reading};

impl Coordinator {
    pub(super) fn conclude(&mut self, now: Instant, touched: Touched, effects: &mut Vec<Effect>) {
        self.conclude_unknown(now, &touched.pools, effects);
        self.conclude_wanted(&touched.pools, effects);
        self.conclude_quorums(&touched.pools, effects);
        for router in touched.routers {
            self.conclude_priority(now, router, effects);
            self.conclude_fault(router, effects);
            self.conclude_readiness(router, effects);
        }
    }

    /// Forced takeover with nothing known (design.md 6).
    fn conclude_unknown(
        &mut self,
        now: Instant,
        pools: &BTreeSet<ServiceKey>,
        effects: &mut Vec<Effect>,
    ) {
        if self.phase != Phase::Open {
            return;
        }
        for key in pools {
            let Some((pool, policy)) = self.pools.get_mut(key).zip(self.settings.pools.get(key))
            else {
                continue;
            };
            let role = policy.router.and_then(|id| self.routers.get(&id)).map(|state| state.role);
            if role != Some(Role::Active) || !pool.has_unknown() {
                continue;
            }
            let count = pool.force(now);
            if count > 0 {
                let service = policy.name.clone();
                effects.push(Effect::Notice(Notice::UnknownServersEnter { service, count }));
            }
        }
    }

    /// Revision 1 says everything, even if that is nothing; later ones what changed.
    fn conclude_wanted(&mut self, pools: &BTreeSet<ServiceKey>, effects: &mut Vec<Effect>) {
        let mut changed: BTreeMap<ServiceKey, Option<Service>> = BTreeMap::new();
        for key in pools {
            let Some((pool, policy)) = self.pools.get(key).zip(self.settings.pools.get(key)) else {
                continue;
            };
            let service = pool.service(*key, policy);
            if self.wanted.get(key) != Some(&service) {
                self.wanted.insert(*key, service.clone());
                changed.insert(*key, Some(service));
            }
        }
        if self.revision == 0 || !changed.is_empty() {
            self.revision += 1;
            effects.push(Effect::Want { revision: self.revision, changed });
        }
    }

    fn conclude_quorums(&mut self, pools: &BTreeSet<ServiceKey>, effects: &mut Vec<Effect>) {
        for key in pools {
            let Some((pool, policy)) = self.pools.get_mut(key).zip(self.settings.pools.get(key))
            else {
                continue;
            };
            if let Some((live, lost)) = pool.weigh(policy) {
                let service = policy.name.clone();
                effects.push(Effect::Notice(Notice::Quorum { service, live, lost }));
            }
        }
    }

    fn conclude_priority(&mut self, now: Instant, router: RouterId, effects: &mut Vec<Effect>) {
        let truths = self.truths(router);
        let Some((state, policy)) = self.router(router) else { return };
        for (key, truth) in truths {
            state.score.learn(now, state.role, key, truth);
        }
        let to = state.score.priority();
        let from = state.said.replace(to);
        if from != Some(to) {
            effects.push(Effect::Priority(router, to));
        }
        if let Some(from) = from.filter(|from| *from != to) {
            let (router, causes) = (policy.name.clone(), state.score.counting());
            effects.push(Effect::Notice(Notice::Priority { router, from, to, causes }));
        }
    }

    /// A level, said when it changes; absent at first.
    fn conclude_fault(&mut self, router: RouterId, effects: &mut Vec<Effect>) {
        let readings = &self.readings;
        let Some(policy) = self.settings.routers.get(&router) else { return };
        let faults = policy.track.iter().filter(|track| track.impact == Impact::Fault);
        let mut readings = faults.filter_map(|track| readings.get(&track.source));
        let faulty = readings.any(|reading| match reading {
            Reading::Good | Reading::Number(0) => false,
            Reading::Bad | Reading::Number(_) => true,
        });
        let fault = if faulty { Fault::Present } else { Fault::Clear };
        if let Some(state) = self.routers.get_mut(&router)
            && std::mem::replace(&mut state.fault, fault) != fault
        {
            effects.push(Effect::Fault(router, fault));
        }
    }

    /// What is true now of everything that can move this router's priority.
    fn truths(&self, router: RouterId) -> Vec<(CauseKey, Truth)> {
        let quorums = self.pools_of(router).filter_map(|(key, policy)| {
            let quorum = policy.quorum?;
            let holds = self.pools.get(&key).is_some_and(PoolState::is_lost);
            let truth = Truth { holds, value: quorum.priority, hold: Some(quorum.hold) };
            Some((CauseKey::Quorum(key), truth))
        });
        let tracks = self.settings.routers.get(&router).into_iter().flat_map(|p| &p.track);
        let tracked = tracks.filter_map(|track| {
            let Impact::Weight(weight) = track.impact else { return None };
            let (holds, value) = match self.readings.get(&track.source) {
                None | Some(Reading::Good) => (false, weight),
                Some(Reading::Bad) => (true, weight),
                Some(Reading::Number(number)) => (*number != 0, number.saturating_mul(weight)),
            };
            let truth = Truth { holds, value, hold: track.hold };
            Some((CauseKey::Tracked(track.source.clone()), truth))
        });
        quorums.chain(tracked).collect()
    }

    /// A round is done once: a server that becomes unknown later is judged while we take part.
    fn conclude_readiness(&mut self, router: RouterId, effects: &mut Vec<Effect>) {
        let mut pools = self.pools_of(router).map(|(key, _)| self.pools.get(&key)).peekable();
        let has_pools = pools.peek().is_some();
        let judged = pools.flatten().all(PoolState::is_judged);
        // A source that has said nothing may be about to lower the priority: a restarted Backup must
        // not take over with its base for as long as its dead gateway has not been found dead.
        let tracks = self.settings.routers.get(&router).into_iter().flat_map(|p| &p.track);
        let heard = tracks.into_iter().all(|track| self.readings.contains_key(&track.source));
        let (revision, applied) = (if has_pools { self.revision } else { 0 }, self.applied);
        let Some(state) = self.routers.get_mut(&router) else { return };
        if state.readiness == Readiness::Judging && judged && heard {
            state.readiness = Readiness::Applying { revision };
        }
        if matches!(state.readiness, Readiness::Applying { revision } if applied >= revision) {
            state.readiness = Readiness::Said;
            effects.push(Effect::Ready(router));
        }
    }
}
