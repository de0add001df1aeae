//! Answers to `gemel status`: asks the loops, waits for them a moment, and puts it together. A loop
//! that does not answer in time is itself the answer.

use std::collections::BTreeMap;

use clock::{Duration, Instant};
use coordinator::{Belief, Pool, ServerPolicy, Standing};
use health::{CheckId, CheckState, Outcome, Verdict};
use ipvs_table::{ServerKey, ServiceKey, Table};
use vrrp_proto::RouterId;

use super::Engine;
use crate::control::Question;
use crate::status::{self, Status};
use crate::time::now;

mod routers;

/// How long the loops may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Active and inactive connections of each server.
pub(super) type Connections = BTreeMap<(ServiceKey, ServerKey), (u32, u32)>;

/// How every check stands.
pub(super) type Checks = BTreeMap<CheckId, CheckState>;

/// Questions that wait for the same answers.
#[derive(Debug)]
pub(super) struct Collecting {
    questions: Vec<Question>,
    routers: Option<Vec<vrrp::RouterReport>>,
    table: Option<(Table, Connections)>,
    checks: Option<Checks>,
    sources: Option<Vec<watch::SourceReport>>,
    until: Instant,
}

impl Collecting {
    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

impl Engine {
    pub(super) fn asked(&mut self, question: Question) {
        if let Some(collecting) = &mut self.collecting {
            collecting.questions.push(question);
            return;
        }
        let table = self.loops.table.is_none().then(Default::default);
        let checks = self.loops.checks.is_none().then(Default::default);
        let sources = self.loops.sources.is_none().then(Vec::new);
        let (questions, routers, until) = (vec![question], None, now() + PATIENCE);
        self.collecting = Some(Collecting { questions, routers, table, checks, sources, until });
        self.order(vrrp::Order::Report);
        self.tell_table(ipvs::Order::Report);
        self.check(probe::Order::Report);
        self.tell_sources(watch::Order::Report);
    }

    pub(super) fn routers_reported(&mut self, routers: Vec<vrrp::RouterReport>) {
        if let Some(collecting) = &mut self.collecting {
            collecting.routers = Some(routers);
        }
        self.answer_when_complete();
    }

    pub(super) fn table_reported(&mut self, table: Table, connections: Connections) {
        if let Some(collecting) = &mut self.collecting {
            collecting.table = Some((table, connections));
        }
        self.answer_when_complete();
    }

    pub(super) fn checks_reported(&mut self, checks: Checks) {
        if let Some(collecting) = &mut self.collecting {
            collecting.checks = Some(checks);
        }
        self.answer_when_complete();
    }

    pub(super) fn sources_reported(&mut self, sources: Vec<watch::SourceReport>) {
        if let Some(collecting) = &mut self.collecting {
            collecting.sources = Some(sources);
        }
        self.answer_when_complete();
    }

    fn answer_when_complete(&mut self) {
        let complete = |one: &Collecting| {
            let loops = one.table.is_some() && one.checks.is_some() && one.sources.is_some();
            loops && one.routers.is_some()
        };
        if self.collecting.as_ref().is_some_and(complete) {
            self.answer(now());
        }
    }

    /// Answers every question that waits with what is there.
    pub(super) fn answer(&mut self, now: Instant) {
        let Some(mut collecting) = self.collecting.take() else { return };
        for question in std::mem::take(&mut collecting.questions) {
            let status = self.status(now, &collecting);
            // Who asked may have gone.
            drop(question.send(status));
        }
    }

    fn status(&self, now: Instant, collected: &Collecting) -> Status {
        let mut problems: Vec<String> = self.problems.values().cloned().collect();
        let answered = [
            ("wire", collected.routers.is_some()),
            ("table", collected.table.is_some()),
            ("health", collected.checks.is_some()),
            ("track", collected.sources.is_some()),
        ];
        for (thread, _) in answered.iter().filter(|(_, answered)| !answered) {
            problems.push(format!("the {thread} thread did not answer within {PATIENCE:?}"));
        }
        let routers = collected.routers.as_deref().unwrap_or_default();
        let table = collected.table.as_ref();
        let pools = &self.assembly.coordinator.pools;
        let is_foreign = |key: &&ServiceKey| !pools.contains_key(key);
        let foreign = table.iter().flat_map(|(table, _)| table.keys().filter(is_foreign));
        let lateness = routers.iter().map(|router| router.worst_lateness_ns).max();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pair: self.identity.pair.clone(),
            director: self.identity.director.clone(),
            uptime_s: now.since(self.started).as_secs_f64(),
            routers: routers.iter().flat_map(|report| self.routers(now, report)).collect(),
            services: pools
                .iter()
                .map(|(key, pool)| self.service(now, *key, pool, collected))
                .collect(),
            tracked: self.tracked(now, collected.sources.as_deref().unwrap_or_default()),
            foreign_services: foreign.map(ToString::to_string).collect(),
            problems,
            counters: shared(routers),
            worst_lateness_us: lateness.unwrap_or(0) / 1_000,
        }
    }

    fn service(
        &self,
        now: Instant,
        key: ServiceKey,
        pool: &Pool,
        collected: &Collecting,
    ) -> status::Service {
        let servers = pool.servers.iter();
        let router = pool.router.map(|router| self.holder(router, key).to_owned());
        let table = collected.table.as_ref();
        status::Service {
            name: pool.name.clone(),
            listen: key.to_string(),
            scheduler: pool.scheduler.as_str().to_owned(),
            forward: pool.forward.to_string(),
            router,
            in_kernel: table.is_some_and(|(table, _)| table.contains_key(&key)),
            servers: servers
                .map(|(server, policy)| self.server(now, key, *server, policy, collected))
                .collect(),
        }
    }

    /// The router of the file that holds the service's address.
    fn holder(&self, router: RouterId, key: ServiceKey) -> &str {
        match key {
            ServiceKey::Listen { address, .. } => self.router_with(router, address),
            ServiceKey::Mark { .. } => self.router_name(router),
        }
    }

    fn server(
        &self,
        now: Instant,
        service: ServiceKey,
        server: ServerKey,
        policy: &ServerPolicy,
        collected: &Collecting,
    ) -> status::Server {
        let belief = self.coordinator.belief(service, server);
        let why = belief.and_then(|belief| belief.why());
        let last = policy.check.and_then(|id| collected.checks.as_ref()?.get(&id)?.last);
        let table = collected.table.as_ref();
        let kernel = table.and_then(|(table, _)| table.get(&service)?.servers.get(&server));
        let connections = table.and_then(|(_, all)| all.get(&(service, server)));
        let (active, inactive) = connections.copied().unwrap_or_default();
        status::Server {
            address: server.to_string(),
            standing: standing(belief, last.map(|(outcome, _)| outcome)),
            since_s: belief.map_or(0.0, |belief| now.since(belief.since).as_secs_f64()),
            why: why.map(|why| why.to_string()),
            last_check: last.map(|(outcome, _)| outcome.to_string()),
            weight: policy.weight.0,
            kernel_weight: kernel.map(|server| server.weight.0),
            active_connections: active,
            inactive_connections: inactive,
        }
    }
}

/// The counters that are the same in every report.
fn shared(routers: &[vrrp::RouterReport]) -> BTreeMap<String, u64> {
    let mut all = routers::counters(&vrrp_proto::election::Counters::default().named());
    for (name, count) in routers.iter().flat_map(|router| &router.shared) {
        if let Some(known) = all.get_mut(*name) {
            *known = (*known).max(*count);
        }
    }
    all
}

/// An adopted server that passes its check has nothing left to prove.
fn standing(belief: Option<Belief>, last: Option<Outcome>) -> String {
    match belief.map(|belief| belief.standing) {
        Some(Standing::Adopted) if last == Some(Outcome::Pass) => Verdict::Up.to_string(),
        Some(Standing::Judged(verdict, _)) => verdict.to_string(),
        Some(Standing::Unchecked) => "unchecked".to_owned(),
        Some(Standing::Adopted) => "adopted".to_owned(),
        Some(Standing::Forced) => "forced".to_owned(),
        Some(Standing::Unknown) | None => "unknown".to_owned(),
    }
}
