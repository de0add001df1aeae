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
    /// Every router.
    pub routers: Vec<RouterPlan>,
    /// Every check; servers with the same question share none yet.
    pub checks: BTreeMap<CheckId, Check>,
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
        let mut assembly = Assembly {
            routers: Vec::new(),
            checks: BTreeMap::new(),
            coordinator: coordinator::Settings { hold: HOLD, ..Default::default() },
        };
        for router in &self.routers {
            assembly.add_router(self, name, router)?;
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
    fn add_router(&mut self, file: &Settings, director: &str, router: &Router) -> Option<()> {
        let id = RouterId(number(self.routers.len()));
        let (plan, policy) = plan::plan(file, director, id, router)?;
        self.coordinator.routers.insert(id, policy);
        self.routers.push(plan);
        Some(())
    }

    fn add_service(&mut self, service: &Service) {
        let router = service.router.as_ref();
        let router = self.routers.iter().find(|plan| Some(&plan.name) == router);
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
