//! What the two directors of one run are told to be, drawn from the seed.
//!
//! The same values go where the daemon's configuration would put them: the election, the
//! coordinator, the schedule and the reconciler. The virtual routers stand in `routers`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clock::Duration;
use coordinator::{Impact, Pool, Quorum, RouterPolicy, ServerPolicy, Source, Track};
use health::{Check, CheckId, Question, Timing};
use ipvs_table::{Forward, Protocol, Scheduler, Server, ServerKey, Service, ServiceKey, Weight};
use vrrp_proto::{Family, router};

use crate::rng::Rng;

mod routers;

pub(crate) use routers::{
    MemberPlan, RouterPlan, WIRES, addresses, link_id, router_id, router_of, vrid,
};

/// Which of the two directors: 0 or 1.
pub(crate) type Side = usize;

/// Everything that is configured.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The virtual routers and groups of them.
    pub(crate) routers: Vec<RouterPlan>,
    /// Whether the first director has the higher address on the second wire, and in IPv6.
    pub(crate) crossed: bool,
    /// Timing of every check.
    pub(crate) timing: Timing,
    /// Real servers of each pool, by index.
    pub(crate) pools: Vec<Vec<usize>>,
    /// What a lost quorum, and a lost tracked link, is worth.
    pub(crate) worth: i32,
    /// Live servers from which a lost pool is up again.
    pub(crate) up_at: u32,
    /// How long a first claim waits for the first round.
    pub(crate) hold: Duration,
    /// How often the kernel's table is compared.
    pub(crate) verify: Duration,
}

/// A fact about a director's machine that the coordinator is told of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Fact {
    /// Another interface than the routers': a weight.
    Interface,
    /// The number in a file, times a weight.
    Number,
    /// The gateway, whose loss both may see: a weight, held.
    Gateway,
    /// A process without which the director is no use: a fault.
    Process,
}

impl Fact {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Interface, Self::Number, Self::Gateway, Self::Process];

    /// Its name for the coordinator.
    pub(crate) fn source(self) -> Source {
        match self {
            Self::Interface => Source::Interface("eth9".into()),
            Self::Number => Source::File("/run/load".into()),
            Self::Gateway => {
                Source::Gateway(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), "eth0".into())
            }
            Self::Process => Source::Process("haproxy".into()),
        }
    }
}

impl Setup {
    /// Draws one.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let period = Duration::from_millis([200, 500, 1000][rng.index(3)]);
        let timing = Timing {
            interval: period,
            timeout: period * (1 + rng.below(4) as u32) / 5,
            fall: 1 + rng.below(3) as u32,
            rise: 1 + rng.below(2) as u32,
        };
        let pools = match rng.below(3) {
            0 => vec![vec![0, 1], vec![0, 2]],
            1 => vec![vec![0, 1]],
            _ => vec![vec![0, 1, 2]],
        };
        Self {
            routers: RouterPlan::draw_all(rng),
            crossed: rng.chance(500),
            timing,
            pools,
            worth: -[60, 20, 100][rng.index(3)],
            up_at: 1 + rng.below(2) as u32,
            hold: Duration::from_secs(5),
            verify: Duration::from_millis(500 + 500 * rng.below(4)),
        }
    }

    /// How many real servers there are.
    pub(crate) fn servers(&self) -> usize {
        self.pools.iter().flatten().max().map_or(0, |last| last + 1)
    }

    /// How long a change that could move the addresses is held: the slowest detection bound.
    pub(crate) fn cause_hold(&self) -> Duration {
        self.timing.fall_bound().max(self.timing.rise_bound())
    }

    /// How many wires carry a member.
    pub(crate) fn wires(&self) -> usize {
        let members = self.routers.iter().flat_map(|router| &router.members);
        members.map(|member| member.wire + 1).max().unwrap_or(1)
    }

    /// The longest a router's election takes to come to rest, whatever happened.
    pub(crate) fn election_rest(&self) -> Duration {
        let rest = |plan: &RouterPlan| plan.intervals(7) + plan.preempt_delay + plan.startup_delay;
        self.routers.iter().map(rest).max().unwrap_or_default()
    }

    /// One director's settings of a virtual router.
    pub(crate) fn router(&self, at: usize, side: Side, extra: bool) -> router::Settings {
        self.routers[at].settings(at, side, extra, self.hold)
    }

    /// The address a director sends its adverts from. The second has the higher one, on the second
    /// wire and in IPv6 sometimes the first.
    pub(crate) fn address(&self, side: Side, wire: usize, family: Family) -> IpAddr {
        let crossed = self.crossed && (wire > 0 || family == Family::V6);
        let number = 11 + if crossed { 1 - side } else { side } as u8;
        host_address(wire, family, number)
    }

    /// One director's coordinator settings.
    pub(crate) fn coordinator(&self, side: Side) -> coordinator::Settings {
        let routers = self.routers.iter().enumerate().map(|(at, plan)| {
            let name = format!("router{at}");
            (router_id(at), RouterPolicy { name, base: plan.bases[side], track: self.track() })
        });
        let pools = (0..self.pools.len()).map(|pool| (service_key(pool), self.pool(pool)));
        coordinator::Settings {
            routers: routers.collect(),
            pools: pools.collect(),
            hold: self.hold,
        }
    }

    fn track(&self) -> Vec<Track> {
        let track = |fact: Fact| {
            let (impact, hold) = match fact {
                Fact::Interface => (Impact::Weight(self.worth), None),
                Fact::Number => (Impact::Weight(self.worth / 4), None),
                Fact::Gateway => (Impact::Weight(self.worth), Some(self.cause_hold())),
                Fact::Process => (Impact::Fault, None),
            };
            Track { source: fact.source(), impact, hold }
        };
        Fact::ALL.map(track).into()
    }

    /// Whose priority a pool moves.
    pub(crate) fn router_of_pool(&self, pool: usize) -> usize {
        pool % self.routers.len()
    }

    fn pool(&self, pool: usize) -> Pool {
        let check = |server| Some(check_id(pool, server));
        let server = |&server: &usize| {
            (server_key(server), ServerPolicy { weight: WEIGHT, check: check(server) })
        };
        Pool {
            name: format!("pool{pool}"),
            router: Some(router_id(self.router_of_pool(pool))),
            scheduler: scheduler(),
            forward: Forward::Direct,
            quorum: Some(Quorum {
                up_at: self.up_at,
                down_below: 1,
                priority: self.worth,
                hold: self.cause_hold(),
            }),
            servers: self.pools[pool].iter().map(server).collect(),
        }
    }

    /// Every check, and the server it asks.
    pub(crate) fn checks(&self) -> Vec<(CheckId, Check)> {
        let pools = self.pools.iter().enumerate();
        let pairs = pools.flat_map(|(pool, servers)| servers.iter().map(move |s| (pool, *s)));
        pairs.map(|(pool, server)| (check_id(pool, server), self.check(server))).collect()
    }

    fn check(&self, server: usize) -> Check {
        let key = server_key(server);
        let target = SocketAddr::new(key.address, key.port);
        Check { target, question: Question::Tcp, timing: self.timing }
    }

    /// The services of the configuration.
    pub(crate) fn ours(&self) -> Vec<ServiceKey> {
        (0..self.pools.len()).map(service_key).collect()
    }
}

const WEIGHT: Weight = Weight(100);

/// The address of a machine on a wire, by its number.
pub(crate) fn host_address(wire: usize, family: Family, number: u8) -> IpAddr {
    match family {
        Family::V4 if wire == 0 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)),
        Family::V4 => IpAddr::V4(Ipv4Addr::new(203, 0, 113, number)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, wire as u16, number.into())),
    }
}

/// The service of a pool.
pub(crate) fn service_key(pool: usize) -> ServiceKey {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 80));
    ServiceKey::Listen { protocol: Protocol::Tcp, address, port: 80 + pool as u16 }
}

/// A service of somebody else, in the kernel from the start.
pub(crate) fn foreign() -> (ServiceKey, Service) {
    let address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    let servers = BTreeMap::from([(server_key(7), server())]);
    let service = Service { scheduler: scheduler(), flags: 0, timeout_s: 0, prefix: 32, servers };
    (ServiceKey::Listen { protocol: Protocol::Udp, address, port: 53 }, service)
}

/// A server's entry in the kernel's table while it takes traffic.
pub(crate) fn server() -> Server {
    Server { forward: Forward::Direct, weight: WEIGHT, upper: 0, lower: 0 }
}

/// The identity of a real server.
pub(crate) fn server_key(server: usize) -> ServerKey {
    ServerKey { address: IpAddr::V4(Ipv4Addr::new(10, 0, 1, 11 + server as u8)), port: 80 }
}

/// Which check judges this server of this pool.
pub(crate) fn check_id(pool: usize, server: usize) -> CheckId {
    CheckId((pool * 16 + server) as u32)
}

/// The server a check asks.
pub(crate) fn asked(check: CheckId) -> usize {
    check.0 as usize % 16
}

fn scheduler() -> Scheduler {
    Scheduler::new("wlc").unwrap_or_else(|| unreachable!("a short name"))
}
