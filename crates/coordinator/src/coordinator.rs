//! The machine: what was heard goes into beliefs and scores, and what follows from them comes out.
//!
//! Every event is handled in two steps. First it is *learned*: a belief, a role or a fact changes.
//! Then everything that depends on it is *concluded* from state alone: the wanted table, quorums,
//! causes, priorities, readiness. So effects cannot depend on the way a state was reached.

mod conclude;

use std::collections::{BTreeMap, BTreeSet};

use clock::Instant;
use health::{CheckId, Outcome, Verdict};
use ipvs_table::{ServerKey, ServiceKey, Table};
use vrrp_proto::router::Fault;
use vrrp_proto::{Priority, Role, RouterId};

use crate::pool::PoolState;
use crate::{Belief, Effect, Event, Notice, Pool, Reading, RouterPolicy, Score, Settings, Source};

/// Owns what this director believes about its servers and what follows from it.
#[derive(Debug)]
pub struct Coordinator {
    settings: Settings,
    /// Which servers a check judges.
    judged_by: BTreeMap<CheckId, Vec<(ServiceKey, ServerKey)>>,
    pools: BTreeMap<ServiceKey, PoolState>,
    routers: BTreeMap<RouterId, RouterState>,
    /// What tracked sources last said.
    readings: BTreeMap<Source, Reading>,
    wanted: Table,
    /// Of the last `Want` said.
    revision: u64,
    /// Of the last `Applied` heard.
    applied: u64,
    phase: Phase,
}

/// How far the start has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// `Started` was not heard yet: facts are kept, nothing is said.
    New,
    /// Unknown servers stay out until then.
    Holding { until: Instant },
    /// Where we are Active, unknown servers enter.
    Open,
}

/// What is known of one router.
#[derive(Debug)]
struct RouterState {
    role: Role,
    score: Score,
    /// The last priority said.
    said: Option<Priority>,
    /// The last fault said.
    fault: Fault,
    readiness: Readiness,
}

/// How far a router's first round of checks has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Readiness {
    /// Some check of its pools has no verdict yet, or some tracked source no reading.
    Judging,
    /// All have; the table that follows from it is not in the kernel yet.
    Applying { revision: u64 },
    /// Said.
    Said,
}

/// Whose dependants must be concluded anew.
#[derive(Default)]
struct Touched {
    pools: BTreeSet<ServiceKey>,
    routers: BTreeSet<RouterId>,
}

impl Coordinator {
    /// Believes nothing yet; call [`Self::handle`] with [`Event::Started`] first.
    pub fn new(settings: Settings) -> Self {
        let mut judged_by: BTreeMap<CheckId, Vec<_>> = BTreeMap::new();
        for (service, pool) in &settings.pools {
            for (server, policy) in &pool.servers {
                if let Some(check) = policy.check {
                    judged_by.entry(check).or_default().push((*service, *server));
                }
            }
        }
        let pools = settings.pools.iter().map(|(key, pool)| (*key, PoolState::new(pool)));
        let routers = settings.routers.iter().map(|(id, policy)| (*id, RouterState::new(policy)));
        Self {
            judged_by,
            pools: pools.collect(),
            routers: routers.collect(),
            readings: BTreeMap::new(),
            wanted: Table::new(),
            revision: 0,
            applied: 0,
            phase: Phase::New,
            settings,
        }
    }

    /// Takes in one event; returns what should be done, in order.
    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        let touched = self.learn(now, event, &mut effects);
        if self.phase != Phase::New {
            self.conclude(now, touched, &mut effects);
        }
        effects
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let opening = match self.phase {
            Phase::Holding { until } => Some(until),
            Phase::New | Phase::Open => None,
        };
        self.routers.values().filter_map(|router| router.score.deadline()).chain(opening).min()
    }

    /// What it is told to care about.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A router's priority and its causes.
    pub fn score(&self, router: RouterId) -> Option<&Score> {
        self.routers.get(&router).map(|state| &state.score)
    }

    /// The wanted table as it is now.
    pub fn wanted(&self) -> &Table {
        &self.wanted
    }

    /// What is believed of one server of one service.
    pub fn belief(&self, service: ServiceKey, server: ServerKey) -> Option<Belief> {
        self.pools.get(&service)?.belief(server)
    }

    /// Live servers of a pool, and whether its quorum is lost (held or not).
    pub fn quorum(&self, service: ServiceKey) -> Option<(u32, bool)> {
        self.pools.get(&service).map(|pool| (pool.live(), pool.is_lost()))
    }
}

/// Learning: one event changes what is known.
impl Coordinator {
    fn learn(&mut self, now: Instant, event: Event, effects: &mut Vec<Effect>) -> Touched {
        match event {
            Event::Started(kernel) => return self.start(now, &kernel, effects),
            Event::Verdict { check, verdict, why } => {
                return self.judge(now, check, verdict, why, effects);
            }
            Event::Role(router, role, reason) => {
                if let Some((state, policy)) = self.router(router) {
                    state.role = role;
                    let router = policy.name.clone();
                    effects.push(Effect::Notice(Notice::Role { router, role, reason }));
                }
                return self.touch_router(router);
            }
            Event::Tracked(source, reading) => {
                let touched = self.touch_tracking(&source);
                self.readings.insert(source, reading);
                return touched;
            }
            Event::Tick => return self.tick(now),
            Event::Applied(revision) => {
                self.applied = self.applied.max(revision);
                return Touched {
                    routers: self.routers.keys().copied().collect(),
                    ..Touched::default()
                };
            }
            Event::Impaired(check, why) => {
                for &(service, server) in self.judged_by.get(&check).into_iter().flatten() {
                    let service = self.name(service);
                    effects.push(Effect::Notice(Notice::Impaired { service, server, why }));
                }
            }
            Event::Refused(refusal) => effects.push(Effect::Notice(Notice::Refused(refusal))),
            Event::Cured(service, server) => {
                effects.push(Effect::Notice(Notice::Cured(service, server)));
            }
            Event::Drift(service, server) => {
                effects.push(Effect::Notice(Notice::Drift(service, server)));
            }
        }
        Touched::default()
    }

    /// A second `Started` changes nothing: the process starts once.
    fn start(&mut self, now: Instant, kernel: &Table, effects: &mut Vec<Effect>) -> Touched {
        if self.phase != Phase::New {
            return Touched::default();
        }
        self.phase = Phase::Holding { until: now + self.settings.hold };
        for (key, pool) in &mut self.pools {
            let policy = self.settings.pools.get(key);
            for server in pool.adopt(now, kernel.get(key)) {
                let check = policy.and_then(|p| p.servers.get(&server)).and_then(|s| s.check);
                effects.extend(check.map(|check| Effect::Assume(check, Verdict::Up)));
            }
        }
        self.touch_all()
    }

    fn judge(
        &mut self,
        now: Instant,
        check: CheckId,
        verdict: Verdict,
        why: Outcome,
        effects: &mut Vec<Effect>,
    ) -> Touched {
        let mut touched = Touched::default();
        for &(service, server) in self.judged_by.get(&check).into_iter().flatten() {
            let Some(pool) = self.pools.get_mut(&service) else { continue };
            let before = pool.belief(server).and_then(|belief| belief.verdict());
            pool.judge(now, server, verdict, why);
            touched.pools.insert(service);
            if before != Some(verdict) {
                let service = self.name(service);
                effects.push(Effect::Notice(Notice::Server { service, server, verdict, why }));
            }
        }
        touched.routers = self.routers_of(&touched.pools);
        touched
    }

    fn tick(&mut self, now: Instant) -> Touched {
        match self.phase {
            Phase::Holding { until } if now >= until => {
                self.phase = Phase::Open;
                self.touch_all()
            }
            Phase::Holding { .. } | Phase::New | Phase::Open => {
                let due = |state: &RouterState| state.score.deadline().is_some_and(|at| at <= now);
                let routers = self.routers.iter().filter(|(_, state)| due(state));
                Touched { routers: routers.map(|(id, _)| *id).collect(), ..Touched::default() }
            }
        }
    }

    fn touch_all(&self) -> Touched {
        Touched {
            pools: self.pools.keys().copied().collect(),
            routers: self.routers.keys().copied().collect(),
        }
    }

    /// The router and its pools: a role decides about holding and about unknown servers.
    fn touch_router(&self, router: RouterId) -> Touched {
        let pools = self.pools_of(router).map(|(key, _)| key).collect();
        Touched { pools, routers: BTreeSet::from([router]) }
    }

    fn touch_tracking(&self, source: &Source) -> Touched {
        let tracks = |policy: &RouterPolicy| policy.track.iter().any(|t| t.source == *source);
        let routers = self.settings.routers.iter().filter(|(_, policy)| tracks(policy));
        Touched { routers: routers.map(|(id, _)| *id).collect(), ..Touched::default() }
    }

    fn routers_of(&self, pools: &BTreeSet<ServiceKey>) -> BTreeSet<RouterId> {
        pools.iter().filter_map(|key| self.settings.pools.get(key)?.router).collect()
    }

    fn pools_of(&self, router: RouterId) -> impl Iterator<Item = (ServiceKey, &Pool)> {
        let pools = self.settings.pools.iter().filter(move |(_, p)| p.router == Some(router));
        pools.map(|(key, pool)| (*key, pool))
    }

    fn router(&mut self, id: RouterId) -> Option<(&mut RouterState, &RouterPolicy)> {
        self.routers.get_mut(&id).zip(self.settings.routers.get(&id))
    }

    fn name(&self, service: ServiceKey) -> String {
        self.settings.pools.get(&service).map_or_else(|| service.to_string(), |p| p.name.clone())
    }
}

impl RouterState {
    fn new(policy: &RouterPolicy) -> Self {
        Self {
            role: Role::Init,
            score: Score::new(policy.base),
            said: None,
            fault: Fault::Clear,
            readiness: Readiness::Judging,
        }
    }
}

#[cfg(test)]
mod tests;
