//! A mover, a fake kernel and a clock that only moves when told.

use std::net::{IpAddr, Ipv4Addr};

use clock::{Duration, Instant, Interval};
use fakes::vrrp::{Call, FakeKernel};
use vrrp::mover::kernel::Request;
use vrrp::mover::{Mover, News};
use vrrp::{Fact, RouterSetup};
use vrrp_proto::held::{AnnouncePolicy, Held, Mac};
use vrrp_proto::router::{Deciders, Holding, Member, Preempt, Protocol, Settings};
use vrrp_proto::{ChecksumPolicy, DownFactor, Priority, RouterId};

use crate::net::{member, on, place};

pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(crate) const ETH0: u32 = 7;
pub(crate) const ROUTER: RouterId = RouterId(1);

pub(crate) struct Bench {
    pub(crate) kernel: FakeKernel,
    pub(crate) mover: Mover<FakeKernel>,
    pub(crate) now: Instant,
    pub(crate) revision: u64,
}

impl Bench {
    /// One router with so many IPv4 addresses on eth0.
    pub(crate) fn new(addresses: u8) -> Self {
        Self::with(FakeKernel::with_link(ETH0, "eth0", HOST), addresses)
    }

    pub(crate) fn with(kernel: FakeKernel, addresses: u8) -> Self {
        Self::of(kernel, &[router(&vips(0..addresses))])
    }

    pub(crate) fn of(kernel: FakeKernel, routers: &[RouterSetup]) -> Self {
        let now = Instant::from_millis(10_000);
        let mover = Mover::new(now, kernel.clone(), routers, &[]).unwrap();
        let mut bench = Self { kernel, mover, now, revision: 0 };
        bench.hush();
        bench
    }

    /// Forgets what was said and called so far.
    pub(crate) fn hush(&mut self) {
        self.mover.news();
        self.mover.facts();
        self.kernel.calls();
    }

    /// Steps until nothing is left to do now.
    pub(crate) fn run(&mut self) {
        for _ in 0..1_000 {
            if !self.mover.step(self.now) {
                return;
            }
        }
        panic!("the mover does not come to rest: {:?}", self.kernel.calls());
    }

    /// Lets time pass, from deadline to deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.mover.deadline().filter(|at| *at <= end) {
            self.now = deadline.max(self.now);
            self.run();
        }
        self.now = end;
    }

    /// Wants this.
    pub(crate) fn want(&mut self, holding: Holding) {
        self.revision += 1;
        self.mover.want(ROUTER, self.revision, holding);
        self.run();
    }

    /// Wants this and lets it come true; forgets what was said meanwhile.
    pub(crate) fn settle(&mut self, holding: Holding) {
        self.want(holding);
        if holding == Holding::Absent {
            self.pass(Duration::from_millis(100));
        }
        let news = self.mover.news();
        assert!(news.contains(&News::Settled(ROUTER, self.revision)), "{news:?}");
        self.mover.facts();
    }

    /// The sends of requests since calls were last taken.
    pub(crate) fn requests(&self) -> Vec<Vec<Request>> {
        let some = |call: &Call| match call {
            Call::Requests(requests) => Some(requests.clone()),
            Call::Announce(_) | Call::Set(..) | Call::Dump => None,
        };
        self.kernel.state().calls.iter().filter_map(some).collect()
    }

    /// The warnings since facts were last taken.
    pub(crate) fn warnings(&mut self) -> Vec<String> {
        let text = |fact| if let Fact::Warning(text) = fact { Some(text) } else { None };
        self.mover.facts().into_iter().filter_map(text).collect()
    }
}

pub(crate) fn vip(number: u8) -> IpAddr {
    [192, 0, 2, 100 + number].into()
}

pub(crate) fn vips(numbers: std::ops::Range<u8>) -> Vec<IpAddr> {
    numbers.map(vip).collect()
}

/// Router 1 on eth0 with these addresses, of one family, on the interface's own MAC address.
pub(crate) fn router(addresses: &[IpAddr]) -> RouterSetup {
    let v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let protocol = if v6 { Protocol::V3Ipv6 } else { Protocol::V3Ipv4(ChecksumPolicy::Auto) };
    of(ROUTER, vec![member(protocol, addresses)])
}

/// The same with a virtual MAC, on a device of this name, and its addresses there.
pub(crate) fn virtual_router(addresses: &[IpAddr], device: &str) -> RouterSetup {
    let mut router = router(addresses);
    router.members[0].mac = Mac::Virtual(device.into());
    router.held.addresses.iter_mut().for_each(|address| address.interface = device.into());
    router
}

/// A router of these members on eth0.
pub(crate) fn of(id: RouterId, members: Vec<Member>) -> RouterSetup {
    let addresses = members.iter().flat_map(|member| &member.addresses).map(|&a| on("eth0", a));
    RouterSetup {
        id,
        name: "web".into(),
        held: Held {
            addresses: addresses.collect(),
            announce: AnnouncePolicy::default(),
            ..Held::default()
        },
        members: vec![place("eth0"); members.len()],
        settings: Settings {
            members,
            deciders: Deciders::All,
            priority: Priority::new(100).unwrap(),
            interval: Interval::DEFAULT,
            down_factor: DownFactor::DEFAULT,
            preempt: Preempt::Yes,
            preempt_delay: Duration::ZERO,
            startup_delay: Duration::ZERO,
            peer_base: None,
            rival: Priority::MAX,
            hold: Duration::ZERO,
        },
    }
}
