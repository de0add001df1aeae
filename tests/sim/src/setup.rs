//! What the two directors of one run are told to be, drawn from the seed.
//!
//! The same values go where the daemon's configuration would put them: the election, the
//! coordinator, the schedule and the reconciler.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clock::{Duration, Interval};
use coordinator::{Impact, Pool, Quorum, RouterPolicy, ServerPolicy, Source, Track};
use health::{Check, CheckId, Question, Timing};
use ipvs_table::{Forward, Protocol, Scheduler, Server, ServerKey, Service, ServiceKey, Weight};
use vrrp_proto::router::{Adverts, Deciders, Member, Preempt, Protocol as Vrrp, Strictness};
use vrrp_proto::{ChecksumPolicy, DownFactor, LinkId, MemberId, Priority, RouterId, Vrid, router};

use crate::rng::Rng;

/// Which of the two directors: 0 or 1. The second has the higher address.
pub(crate) type Side = usize;

/// The only virtual router.
pub(crate) const ROUTER: RouterId = RouterId(1);
/// Its one member.
pub(crate) const MEMBER: MemberId = MemberId { router: ROUTER, at: 0 };
/// The only link it runs on.
pub(crate) const LINK: LinkId = LinkId(1);
/// The interface the coordinator tracks, another one than the router's.
pub(crate) const TRACKED: &str = "eth1";

/// Everything that is configured.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Time between adverts of either director.
    pub(crate) interval: Interval,
    /// Base priorities.
    pub(crate) bases: [Priority; 2],
    /// Whether the better one takes over from a live worse one.
    pub(crate) preempt: Preempt,
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

impl Setup {
    /// Mostly what people run: 100 ms, 150 and 100; sometimes the edges.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let centis = match rng.below(100) {
            0..=2 => 1,
            3..=5 => 2 + rng.below(4),
            6..=77 => 10,
            78..=89 => 11 + rng.below(40),
            _ => 100,
        };
        let interval = Interval::from_centis(centis as u16).unwrap_or(Interval::DEFAULT);
        let any = |rng: &mut Rng| Priority::clamped(1 + rng.below(254) as i32);
        let bases = match rng.below(10) {
            0..=4 => [Priority::clamped(150), Priority::clamped(100)],
            5 | 6 => [Priority::clamped(100), Priority::clamped(150)],
            7 => [Priority::clamped(100); 2],
            _ => [any(rng), any(rng)],
        };
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
            interval,
            bases,
            preempt: if rng.chance(300) { Preempt::No } else { Preempt::Yes },
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

    /// One director's settings of the virtual router.
    pub(crate) fn router(&self, side: Side) -> router::Settings {
        router::Settings {
            members: vec![Member {
                link: LINK,
                vrid: Vrid::new(51).unwrap_or_else(|| unreachable!("51 is not 0")),
                protocol: Vrrp::V3Ipv4(ChecksumPolicy::Auto),
                addresses: vec![Ipv4Addr::new(192, 0, 2, 80).into()],
                adverts: Adverts::Multicast,
                strictness: Strictness::Lenient,
            }],
            deciders: Deciders::All,
            priority: self.bases[side],
            interval: self.interval,
            down_factor: DownFactor::DEFAULT,
            preempt: self.preempt,
            preempt_delay: Duration::ZERO,
            startup_delay: Duration::ZERO,
            peer_base: Some(self.bases[1 - side]),
            rival: self.bases[1 - side],
            hold: self.hold,
        }
    }

    /// One director's coordinator settings.
    pub(crate) fn coordinator(&self, side: Side) -> coordinator::Settings {
        let track = vec![Track {
            source: Source::Interface(TRACKED.into()),
            impact: Impact::Weight(self.worth),
            hold: None,
        }];
        let policy = RouterPolicy { name: "web".into(), base: self.bases[side], track };
        let pools = (0..self.pools.len()).map(|pool| (service_key(pool), self.pool(pool)));
        coordinator::Settings {
            routers: BTreeMap::from([(ROUTER, policy)]),
            pools: pools.collect(),
            hold: self.hold,
        }
    }

    fn pool(&self, pool: usize) -> Pool {
        let check = |server| Some(check_id(pool, server));
        let server = |&server: &usize| {
            (server_key(server), ServerPolicy { weight: WEIGHT, check: check(server) })
        };
        Pool {
            name: format!("pool{pool}"),
            router: Some(ROUTER),
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

/// The address a director sends its adverts from.
pub(crate) fn address(side: Side) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, 11 + side as u8)
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
