//! What the machines of one director need: identities given, names resolved, the rival known.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use clock::Duration;
use coordinator::{Pool, ServerPolicy};
use health::{Check, CheckId};
use ipvs_table::ServerKey;
use vrrp_proto::RouterId;

use crate::settings::{Router, Service, Settings};

mod plan;

pub use plan::{Part, RouterPlan};

/// The file as one director's machines take it. Ids count up in the order of the file.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// Every router that is in no group, and every group.
    pub routers: Vec<RouterPlan>,
    /// Every check; servers with the same question share none yet.
    pub checks: BTreeMap<CheckId, Check>,
    /// Every tracked source.
    pub track: track::Settings,
    /// What the coordinator cares about.
    pub coordinator: coordinator::Settings,
}

impl Settings {
    /// What the machines of director `name` need; `None` if the file names no such director. A file
    /// without any director has nothing to do for whoever asks.
    pub fn for_director(&self, name: &str) -> Option<Assembly> {
        let known = self.directors.iter().any(|director| director.name == name);
        if !known && !self.directors.is_empty() {
            return None;
        }
        let tracked = self.routers.iter().flat_map(|router| &router.track);
        let mut assembly = Assembly {
            routers: Vec::new(),
            track: track::Settings {
                sources: tracked.map(|track| (track.source.clone(), track.timing)).collect(),
                scripts: self.scripts.clone(),
            },
            checks: BTreeMap::new(),
            coordinator: coordinator::Settings { hold: HOLD, ..Default::default() },
        };
        for unit in plan::units(self) {
            assembly.add_unit(self, name, &unit)?;
        }
        for service in &self.services {
            assembly.add_service(service);
        }
        Some(assembly)
    }

    fn services_of<'a>(&'a self, router: &'a Router) -> impl Iterator<Item = &'a Service> {
        self.services.iter().filter(|service| service.router.as_ref() == Some(&router.name))
    }
}

impl Assembly {
    fn add_unit(&mut self, file: &Settings, director: &str, unit: &plan::Unit<'_>) -> Option<()> {
        let id = RouterId(number(self.routers.len()));
        let (plan, policy) = unit.plan(file, director, id)?;
        self.coordinator.routers.insert(id, policy);
        self.routers.push(plan);
        Some(())
    }

    fn add_service(&mut self, service: &Service) {
        let is = |part: &Part| Some(&part.name) == service.router.as_ref();
        let router = self.routers.iter().find(|plan| plan.parts.iter().any(is));
        let mut pool = Pool {
            name: service.name.clone(),
            router: router.map(|plan| plan.id),
            scheduler: service.scheduler.clone(),
            forward: service.forward,
            quorum: service.quorum,
            servers: BTreeMap::new(),
        };
        for server in &service.servers {
            let check = service.check.as_ref().map(|check| {
                let id = CheckId(number(self.checks.len()));
                let target = SocketAddr::new(server.address, check.port.unwrap_or(server.port));
                let question = check.question.clone();
                self.checks.insert(id, Check { target, question, timing: check.timing });
                id
            });
            let key = ServerKey { address: server.address, port: server.port };
            pool.servers.insert(key, ServerPolicy { weight: server.weight, check });
        }
        self.coordinator.pools.insert(service.key, pool);
    }
}

/// The file is bounded far below the numbers of an id.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How long a first claim waits for the first round of checks (design.md 6).
const HOLD: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
