//! One virtual server as the coordinator sees it: beliefs about its servers, its entry of the wanted
//! table, its quorum.
//!
//! Not its priority: the coordinator turns a lost quorum into a cause of the router's score.

use std::collections::BTreeMap;
use std::net::IpAddr;

use clock::Instant;
use health::{Outcome, Verdict};
use ipvs_table::{Family, Server, ServerKey, Service, ServiceKey};

use crate::{Belief, Pool, Standing};

/// What is known of one pool.
#[derive(Debug)]
pub(crate) struct PoolState {
    beliefs: BTreeMap<ServerKey, Belief>,
    /// Whether the quorum is lost; `None` until every server is judged.
    lost: Option<bool>,
    /// Whether an earlier process left servers of it in the kernel's table.
    adopted: bool,
}

impl PoolState {
    pub(crate) fn new(policy: &Pool) -> Self {
        let belief = |check: bool| Belief {
            standing: if check { Standing::Unknown } else { Standing::Unchecked },
            since: Instant::ZERO,
        };
        let servers = policy.servers.iter();
        let beliefs = servers.map(|(key, server)| (*key, belief(server.check.is_some()))).collect();
        Self { beliefs, lost: None, adopted: false }
    }

    /// We start: what the kernel sends traffic to already goes on taking it. Returns those servers.
    pub(crate) fn adopt(&mut self, now: Instant, kernel: Option<&Service>) -> Vec<ServerKey> {
        let mut adopted = Vec::new();
        for (key, belief) in &mut self.beliefs {
            let there = kernel.and_then(|service| service.servers.get(key));
            belief.since = now;
            if belief.standing == Standing::Unknown && there.is_some_and(|s| s.weight.0 > 0) {
                belief.standing = Standing::Adopted;
                adopted.push(*key);
            }
        }
        self.adopted = !adopted.is_empty();
        adopted
    }

    /// Its check concluded something.
    pub(crate) fn judge(&mut self, now: Instant, key: ServerKey, verdict: Verdict, why: Outcome) {
        if let Some(belief) = self.beliefs.get_mut(&key) {
            let since = if belief.verdict() == Some(verdict) { belief.since } else { now };
            *belief = Belief { standing: Standing::Judged(verdict, why), since };
        }
    }

    /// Lets in what nobody has judged, unless an earlier process judged this pool: what it kept out
    /// of the table is not unknown. Returns how many enter.
    pub(crate) fn force(&mut self, now: Instant) -> u32 {
        if self.adopted {
            return 0;
        }
        let unknown = self.beliefs.values_mut().filter(|b| b.standing == Standing::Unknown);
        let forced =
            unknown.map(|belief| *belief = Belief { standing: Standing::Forced, since: now });
        u32::try_from(forced.count()).unwrap_or(u32::MAX)
    }

    /// Judges the quorum anew; returns the live servers and whether it is lost, if that changed.
    ///
    /// The first judgement needs every server's verdict and counts the space between the thresholds
    /// as up: a restart while the pool is there must not change the priority.
    pub(crate) fn weigh(&mut self, policy: &Pool) -> Option<(u32, bool)> {
        let quorum = policy.quorum?;
        if self.lost.is_none() && !self.is_judged() {
            return None;
        }
        let live = self.live();
        let was = self.lost.unwrap_or(false);
        let lost = if was { live < quorum.up_at } else { live < quorum.down_below };
        self.lost = Some(lost);
        (lost != was).then_some((live, lost))
    }

    /// Servers that count for the quorum.
    pub(crate) fn live(&self) -> u32 {
        let live = self.beliefs.values().filter(|belief| belief.is_live()).count();
        u32::try_from(live).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost == Some(true)
    }

    /// Whether the first round of checks is done here.
    pub(crate) fn is_judged(&self) -> bool {
        self.beliefs.values().all(Belief::is_judged)
    }

    pub(crate) fn has_unknown(&self) -> bool {
        self.beliefs.values().any(|belief| belief.standing == Standing::Unknown)
    }

    pub(crate) fn belief(&self, key: ServerKey) -> Option<Belief> {
        self.beliefs.get(&key).copied()
    }

    /// Its entry of the wanted table: a function of the policy and the beliefs alone.
    pub(crate) fn service(&self, key: ServiceKey, policy: &Pool) -> Service {
        let takes = |key: &ServerKey| self.beliefs.get(key).is_some_and(Belief::takes_traffic);
        let server = |weight| Server { forward: policy.forward, weight, upper: 0, lower: 0 };
        let servers = policy.servers.iter().filter(|(key, _)| takes(key));
        Service {
            scheduler: policy.scheduler.clone(),
            flags: 0,
            timeout_s: 0,
            prefix: whole_address(key),
            servers: servers.map(|(key, policy)| (*key, server(policy.weight))).collect(),
        }
    }
}

/// The prefix length at which each client address stands for itself.
fn whole_address(key: ServiceKey) -> u8 {
    match key {
        ServiceKey::Listen { address: IpAddr::V4(_), .. }
        | ServiceKey::Mark { family: Family::V4, .. } => 32,
        ServiceKey::Listen { address: IpAddr::V6(_), .. }
        | ServiceKey::Mark { family: Family::V6, .. } => 128,
    }
}
