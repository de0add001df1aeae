//! What the machines of one director need: identities given, names resolved, the rival known.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clock::Duration;
use coordinator::{Pool, RouterPolicy, ServerPolicy};
use health::{Check, CheckId};
use ipvs_table::ServerKey;
use vrrp_proto::held::{Held, Mac, MemberSetup, Scope, VirtualAddress};
use vrrp_proto::{DownFactor, LinkId, Priority, RouterId, router};

use crate::settings::{Adverts, Router, Service, Settings};

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

/// One virtual router of this director.
#[derive(Clone, Debug)]
pub struct RouterPlan {
    /// Its identity.
    pub id: RouterId,
    /// Its name in the file.
    pub name: String,
    /// Protocol settings; each member's `link` is 0 until the wire thread numbers the links.
    pub settings: router::Settings,
    /// Where each member speaks.
    pub members: Vec<MemberSetup>,
    /// What is held while it is Active.
    pub held: Held,
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
        let base = *router.priority.get(director)?;
        let peer_base = peer_base(router, director);
        let (source, adverts) = adverts(router, director);
        let checked = file.services_of(router).any(|service| service.check.is_some());
        let member = router::Member {
            link: LinkId(0),
            vrid: router.vrid,
            protocol: router::Protocol::V3Ipv4(router.checksum),
            addresses: router.addresses.iter().map(|(address, _)| (*address).into()).collect(),
            adverts,
            strictness: router::Strictness::Lenient,
        };
        let settings = router::Settings {
            members: vec![member],
            deciders: router::Deciders::All,
            priority: base,
            interval: router.interval,
            down_factor: DownFactor::DEFAULT,
            preempt: router.preempt,
            preempt_delay: Duration::ZERO,
            startup_delay: Duration::ZERO,
            peer_base,
            rival: peer_base.map_or(Priority::MAX, |base| highest(file, router, base)),
            hold: if checked { HOLD } else { Duration::ZERO },
        };
        let track = router.track.iter().map(|track| coordinator::Track {
            source: coordinator::Source::Interface(track.interface.clone()),
            impact: coordinator::Impact::Weight(track.weight),
            // A fact about this machine alone: the other director cannot see the same.
            hold: None,
        });
        let policy = RouterPolicy { name: router.name.clone(), base, track: track.collect() };
        self.coordinator.routers.insert(id, policy);
        self.routers.push(RouterPlan {
            id,
            name: router.name.clone(),
            settings,
            members: vec![MemberSetup {
                interface: router.interface.clone(),
                source: source.map(IpAddr::V4),
                mac: Mac::Interface,
            }],
            held: Held {
                addresses: router
                    .addresses
                    .iter()
                    .map(|&(address, prefix)| VirtualAddress {
                        interface: router.interface.clone(),
                        address: address.into(),
                        prefix,
                        label: None,
                        scope: Scope::Global,
                    })
                    .collect(),
                ..Held::default()
            },
        });
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

/// Our own address, and where adverts go.
fn adverts(router: &Router, director: &str) -> (Option<Ipv4Addr>, router::Adverts) {
    match &router.adverts {
        Adverts::Multicast => (None, router::Adverts::Multicast),
        Adverts::Unicast(addresses) => {
            let others = addresses.iter().filter(|(name, _)| *name != director);
            let peers = others.map(|(_, address)| (*address).into()).collect();
            let way = router::Adverts::Unicast { peers, min_ttl: 255 };
            (addresses.get(director).copied(), way)
        }
    }
}

/// The other director's base priority for the router.
fn peer_base(router: &Router, director: &str) -> Option<Priority> {
    let others = router.priority.iter().filter(|(name, _)| *name != director);
    others.map(|(_, priority)| *priority).max()
}

/// The highest priority a director with this base can have: with every cause that raises it.
fn highest(file: &Settings, router: &Router, base: Priority) -> Priority {
    let tracked = router.track.iter().map(|track| track.weight);
    let quorums = file.services_of(router).filter_map(|service| Some(service.quorum?.priority));
    let rise: i32 = tracked.chain(quorums).filter(|value| *value > 0).sum();
    Priority::clamped(i32::from(base.get()).saturating_add(rise))
}

/// The file is bounded far below the numbers of an id.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How long a first claim waits for the first round of checks (design.md 6).
const HOLD: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
