//! What a thousand routers cost in steady state: no memory, and little time.

#![allow(clippy::unwrap_used)] // in helpers, too

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant as Stopwatch;

use clock::{Duration, Instant, Interval};
use vrrp_proto::election::{Election, Event, Output};
use vrrp_proto::router::{self, Adverts, Deciders, Link, Member, Preempt, Protocol, Strictness};
use vrrp_proto::wire::{Datagram, MAX_DATAGRAM, MULTICAST};
use vrrp_proto::{
    ChecksumPolicy, DownFactor, Family, LinkId, MemberId, Priority, Role, RouterId, Vrid,
};

mod sys;

#[global_allocator]
static ALLOCATOR: sys::Counting = sys::Counting;

const ROUTERS: u32 = 1_000;

#[test]
fn a_thousand_routers_advertise_and_are_heard_without_an_allocation() {
    let mut pair = Pair::settled();
    let before = sys::allocations();
    let adverts = pair.run_for(Duration::from_secs(1));
    let garbage = pair.garbage();
    assert_eq!(sys::allocations() - before, 0, "{adverts} adverts, {garbage} bad datagrams");
    assert!(adverts >= 10 * u64::from(ROUTERS), "{adverts}");
    assert!(pair.backup.routers().all(|(_, router)| router.role() == Role::Backup));
}

#[test]
fn a_thousand_takeovers_at_once_need_no_allocation() {
    let mut pair = Pair::settled();
    let before = sys::allocations();
    let due = pair.backup.deadline().unwrap() + Duration::from_secs(1);
    let outputs = pair.backup.handle(due, Event::Tick).len();
    assert_eq!(sys::allocations() - before, 0);
    assert_eq!(outputs, 3 * ROUTERS as usize);
}

/// The figures are for people; the bounds are ten times what a slow machine needs.
#[test]
fn a_wakeup_costs_little() {
    let mut pair = Pair::settled();
    let now = pair.now;
    let mut datagram = [0; MAX_DATAGRAM];
    let member = MemberId { router: RouterId(ROUTERS / 2), at: 0 };
    let priority = Priority::MAX;
    let length = pair.active.emit(member, priority, MULTICAST.into(), &mut datagram).unwrap();
    let link = LinkId(member.router.0 / 250);
    let datagram = Datagram::V4(&datagram[..length]);
    let deadline = nanos(|| pair.backup.deadline());
    let idle = nanos(|| pair.backup.handle(now, Event::Tick).len());
    let heard = nanos(|| pair.backup.handle(now, Event::Datagram(link, datagram)).len());
    let mut buffer = [0; MAX_DATAGRAM];
    let emitted = nanos(|| pair.active.emit(member, priority, MULTICAST.into(), &mut buffer));
    println!(
        "{ROUTERS} routers: deadline {deadline} ns, idle tick {idle} ns, advert heard {heard} ns, \
         advert built {emitted} ns"
    );
    assert!(deadline < 20_000 && idle < 20_000 && heard < 20_000 && emitted < 20_000);
}

/// The least of several runs, so that whatever else the machine does counts little.
fn nanos<T>(mut work: impl FnMut() -> T) -> u128 {
    let run = |work: &mut dyn FnMut() -> T| {
        let stopwatch = Stopwatch::now();
        for _ in 0..1_000 {
            std::hint::black_box(work());
        }
        stopwatch.elapsed().as_nanos() / 1_000
    };
    (0..20).map(|_| run(&mut work)).min().unwrap()
}

/// Two directors: all routers Active here, Backup there.
struct Pair {
    active: Election,
    backup: Election,
    now: Instant,
    outputs: Vec<Output>,
}

impl Pair {
    /// Ten intervals after the start.
    fn settled() -> Self {
        let mut pair = Self {
            active: director(1, 200),
            backup: director(2, 100),
            now: Instant::ZERO,
            outputs: Vec::with_capacity(4 * ROUTERS as usize),
        };
        pair.run_for(Duration::from_secs(2));
        assert!(pair.active.routers().all(|(_, router)| router.role() == Role::Active));
        pair
    }

    /// Lets time pass; every advert of the Active reaches the Backup. Says how many.
    fn run_for(&mut self, time: Duration) -> u64 {
        let until = self.now + time;
        let mut buffer = [0; MAX_DATAGRAM];
        let mut adverts = 0;
        while let Some(due) = self.active.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.outputs.clear();
            self.outputs.extend_from_slice(self.active.handle(self.now, Event::Tick));
            for (router, output) in &self.outputs {
                let router::Output::Advertise(priority) = *output else { continue };
                let member = MemberId { router: *router, at: 0 };
                let to = MULTICAST.into();
                let length = self.active.emit(member, priority, to, &mut buffer).unwrap();
                let datagram = Datagram::V4(&buffer[..length]);
                let link = LinkId(router.0 / 250);
                self.backup.handle(self.now, Event::Datagram(link, datagram));
                adverts += 1;
            }
            self.backup.handle(self.now, Event::Tick);
        }
        adverts
    }

    /// Damaged datagrams for each router, and one for nobody. Says how many.
    fn garbage(&mut self) -> u64 {
        let mut buffer = [0; MAX_DATAGRAM];
        let mut count = 0;
        for router in 0..ROUTERS {
            let member = MemberId { router: RouterId(router), at: 0 };
            let to = MULTICAST.into();
            let length = self.active.emit(member, Priority::MAX, to, &mut buffer).unwrap();
            for (at, value) in [(0, 0), (8, 1), (20, 0x21), (22, 0), (23, 9), (26, 1)] {
                let whole = std::mem::replace(&mut buffer[at], value);
                for link in [LinkId(router / 250), LinkId(9)] {
                    let datagram = Datagram::V4(&buffer[..length]);
                    assert_eq!(self.backup.handle(self.now, Event::Datagram(link, datagram)), []);
                    count += 1;
                }
                buffer[at] = whole;
            }
        }
        count
    }
}

/// 250 routers on each of four links, all started at 0.
fn director(host: u8, priority: u8) -> Election {
    let mut election = Election::default();
    let start = Instant::ZERO;
    for link in 0..ROUTERS.div_ceil(250) {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, host));
        election.handle(start, Event::Link(LinkId(link), Family::V4, Link::Up(address)));
    }
    for router in 0..ROUTERS {
        let id = RouterId(router);
        election.handle(start, Event::Add(id, settings(router, priority)));
        election.handle(start, Event::Router(id, router::Event::Startup));
    }
    election
}

fn settings(router: u32, priority: u8) -> router::Settings {
    let number = u8::try_from(router % 250 + 1).unwrap();
    router::Settings {
        members: vec![Member {
            link: LinkId(router / 250),
            vrid: Vrid::new(number).unwrap(),
            protocol: Protocol::V3Ipv4(ChecksumPolicy::Auto),
            addresses: vec![IpAddr::V4(Ipv4Addr::new(198, 51, 100, number))],
            adverts: Adverts::Multicast,
            strictness: Strictness::Lenient,
        }],
        deciders: Deciders::All,
        priority: Priority::new(priority).unwrap(),
        interval: Interval::from_centis(10).unwrap(),
        down_factor: DownFactor::DEFAULT,
        preempt: Preempt::Yes,
        preempt_delay: Duration::ZERO,
        startup_delay: Duration::ZERO,
        peer_base: None,
        rival: Priority::MAX,
        hold: Duration::ZERO,
    }
}
