//! The mover against a kernel that records, refuses, lags and loses, in virtual time.

use std::net::Ipv4Addr;

use clock::{Duration, Instant, Interval};
use fakes::vrrp::{Call, FakeKernel};
use nix::errno::Errno;
use vrrp::mover::kernel::Request;
use vrrp::mover::picture::LinkRow;
use vrrp::mover::{LinkFact, Mover, News};
use vrrp::{Fact, RouterSetup, VirtualAddress};
use vrrp_proto::router::{Adverts, Holding, Link, Preempt, Settings};
use vrrp_proto::{ChecksumPolicy, LinkId, Priority, RouterId, Vrid};

const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ETH0: u32 = 7;
const ROUTER: RouterId = RouterId(1);

#[test]
fn addresses_land_in_order_and_each_is_announced() {
    let mut bench = Bench::new(20);
    bench.settle(Holding::Absent);
    bench.kernel.calls();
    bench.mover.want(ROUTER, 2, Holding::Held);
    assert!(bench.mover.step(bench.now));
    assert_eq!(bench.kernel.announced(), vips(0..16), "one send, then its announcements");
    bench.run();
    assert_eq!(bench.kernel.announced(), vips(0..20));
    let sizes: Vec<usize> = bench.requests().iter().map(Vec::len).collect();
    assert_eq!(sizes, [16, 4]);
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 2)]);
}

#[test]
fn what_is_no_longer_wanted_is_not_begun() {
    let mut bench = Bench::new(40);
    bench.settle(Holding::Absent);
    bench.kernel.calls();
    bench.mover.want(ROUTER, 2, Holding::Held);
    bench.mover.step(bench.now);
    bench.mover.want(ROUTER, 3, Holding::Absent);
    bench.run();
    let adds = bench.requests().concat().into_iter();
    let added: Vec<_> = adds.filter(|r| matches!(r, Request::AddAddress { .. })).collect();
    assert_eq!(added.len(), 16);
    bench.pass(Duration::from_millis(100));
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 3)]);
    assert_eq!(bench.kernel.state().addresses.len(), 1, "only the host's own");
}

#[test]
fn letting_go_mutes_first_and_loses_no_packet() {
    let mut bench = Bench::new(2);
    bench.settle(Holding::Held);
    bench.mover.want(ROUTER, 2, Holding::Absent);
    bench.run();
    for vip in vips(0..2) {
        assert!(!bench.kernel.answers_arp(ETH0, vip));
        assert!(bench.kernel.takes_packets(ETH0, vip));
    }
    assert_eq!(bench.mover.news(), [], "it lingers");
    assert_eq!(bench.mover.deadline(), Some(bench.now + Duration::from_millis(100)));
    bench.pass(Duration::from_millis(100));
    assert!(bench.kernel.state().routes.is_empty());
    assert_eq!(bench.kernel.state().arp_ignore["eth0"], 0, "as it was");
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 2)]);
    let first = bench.requests().into_iter().find(|some| some.contains(&Request::AddRoute(vip(0))));
    let delete = Request::DeleteAddress { index: ETH0, address: vip(0), prefix: 32 };
    assert_eq!(first.unwrap()[..2], [Request::AddRoute(vip(0)), delete]);
}

#[test]
fn an_address_held_again_while_muted_is_never_without_packets() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    bench.mover.want(ROUTER, 2, Holding::Absent);
    bench.run();
    bench.mover.want(ROUTER, 3, Holding::Held);
    assert!(bench.mover.step(bench.now));
    assert!(bench.kernel.answers_arp(ETH0, vip(0)));
    bench.run();
    assert!(bench.kernel.state().routes.is_empty());
    assert_eq!(bench.kernel.state().arp_ignore["eth0"], 0);
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 3)]);
}

#[test]
fn an_operators_arp_ignore_is_left_alone() {
    let mut bench = Bench::new(1);
    bench.kernel.state().arp_ignore.insert("eth0".into(), 2);
    bench.settle(Holding::Held);
    bench.settle(Holding::Absent);
    assert_eq!(bench.kernel.state().arp_ignore["eth0"], 2);
    assert!(!bench.kernel.calls().iter().any(|call| matches!(call, Call::ArpIgnore(..))));
}

#[test]
fn where_nothing_can_be_muted_the_address_just_goes() {
    let mut bench = Bench::new(1);
    bench.kernel.state().sysctl_refused = true;
    bench.settle(Holding::Held);
    bench.mover.want(ROUTER, 2, Holding::Absent);
    bench.run();
    assert!(!bench.kernel.answers_arp(ETH0, vip(0)));
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 2)]);
}

#[test]
fn leftovers_of_an_earlier_process_go_at_start() {
    let kernel = FakeKernel::with_link(ETH0, "eth0", HOST);
    kernel.state().addresses.insert((ETH0, vip(0), 32));
    kernel.state().addresses.insert((ETH0, vip(0), 24));
    kernel.state().routes.insert(vip(1));
    let mut bench = Bench::with(kernel, 2);
    bench.settle(Holding::Absent);
    assert_eq!(bench.kernel.state().addresses.len(), 1);
    assert!(bench.kernel.state().routes.is_empty());
}

#[test]
fn a_held_address_deleted_by_hand_is_put_back_and_announced() {
    let mut bench = Bench::new(2);
    bench.settle(Holding::Held);
    bench.kernel.calls();
    bench.kernel.delete_by_hand(ETH0, vip(1), 32);
    bench.run();
    assert!(bench.kernel.answers_arp(ETH0, vip(1)));
    assert_eq!(bench.kernel.announced(), [vip(1)]);
    assert!(
        matches!(bench.mover.facts()[..], [Fact::Repaired { address, .. }] if address == vip(1))
    );
}

#[test]
fn an_address_added_by_hand_to_a_backup_is_removed() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Absent);
    bench.kernel.add_by_hand(ETH0, vip(0), 24);
    bench.run();
    assert!(!bench.kernel.answers_arp(ETH0, vip(0)));
}

#[test]
fn late_notices_of_our_own_requests_change_nothing() {
    let mut bench = Bench::new(3);
    bench.settle(Holding::Held);
    bench.kernel.state().notices_held = true;
    for revision in [2, 4] {
        bench.mover.want(ROUTER, revision, Holding::Absent);
        bench.run();
        bench.mover.want(ROUTER, revision + 1, Holding::Held);
        bench.run();
    }
    bench.mover.facts();
    bench.kernel.calls();
    bench.kernel.state().notices_held = false;
    bench.kernel.state().notices_trickle = true;
    bench.run();
    assert_eq!(bench.requests(), Vec::<Vec<Request>>::new());
    assert!(bench.mover.facts().is_empty(), "nobody else touched them");
}

#[test]
fn a_lost_answer_is_cleared_up_by_a_dump() {
    let mut bench = Bench::new(3);
    bench.settle(Holding::Absent);
    bench.kernel.state().answers_to_lose = 2;
    bench.kernel.state().notices_held = true;
    bench.mover.want(ROUTER, 2, Holding::Held);
    bench.run();
    bench.pass(Duration::from_millis(100));
    assert!(bench.mover.news().contains(&News::Settled(ROUTER, 2)));
    assert_eq!(bench.kernel.state().addresses.len(), 4);
    assert!(!bench.mover.facts().iter().any(|fact| matches!(fact, Fact::Repaired { .. })));
}

#[test]
fn after_an_overrun_everything_is_compared() {
    let mut bench = Bench::new(2);
    bench.settle(Holding::Held);
    bench.kernel.delete_by_hand(ETH0, vip(0), 32);
    bench.kernel.overrun();
    bench.run();
    assert!(bench.kernel.answers_arp(ETH0, vip(0)));
    assert!(
        matches!(bench.mover.facts()[..], [Fact::Repaired { address, .. }] if address == vip(0))
    );
}

#[test]
fn without_any_notice_everything_is_compared_each_minute() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    bench.kernel.state().notices_held = true;
    bench.kernel.delete_by_hand(ETH0, vip(0), 32);
    bench.pass(Duration::from_secs(61));
    assert!(bench.kernel.answers_arp(ETH0, vip(0)));
}

#[test]
fn a_refusal_is_told_once_and_tried_again_with_longer_pauses() {
    let mut bench = Bench::new(2);
    bench.settle(Holding::Absent);
    bench.mover.facts();
    bench.kernel.calls();
    bench.kernel.state().refused.insert(vip(0), Errno::EPERM);
    bench.mover.want(ROUTER, 2, Holding::Held);
    let mut pauses = Vec::new();
    let mut last = bench.now;
    bench.run();
    while pauses.len() < 8 {
        bench.kernel.calls();
        bench.now = bench.mover.deadline().unwrap();
        bench.run();
        if !bench.requests().is_empty() {
            pauses.push(bench.now.since(last).as_millis());
            last = bench.now;
        }
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    let refusals = bench.mover.facts();
    let errno_of = |fact: &Fact| matches!(fact, Fact::AddressRefused { errno: 1, .. });
    assert_eq!(refusals.iter().filter(|fact| errno_of(fact)).count(), 1, "{refusals:?}");
    assert!(bench.kernel.answers_arp(ETH0, vip(1)), "the other one is not held up");
    bench.kernel.state().refused.clear();
    bench.pass(Duration::from_secs(5));
    assert!(bench.mover.news().contains(&News::Settled(ROUTER, 2)));
}

#[test]
fn announcements_are_repeated_and_start_over_on_demand() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    let start = bench.now;
    bench.kernel.calls();
    let mut times = Vec::new();
    let repeat = |bench: &mut Bench, times: &mut Vec<u128>, count: usize| {
        while times.len() < count {
            bench.kernel.calls();
            bench.now = bench.mover.deadline().unwrap();
            bench.run();
            if !bench.kernel.announced().is_empty() {
                times.push(bench.now.since(start).as_millis());
            }
        }
    };
    repeat(&mut bench, &mut times, 3);
    assert_eq!(times, [1_000, 5_000, 65_000]);
    bench.mover.announce(bench.now, ROUTER);
    repeat(&mut bench, &mut times, 6);
    assert_eq!(times[3..], [65_000, 66_000, 70_000]);
}

#[test]
fn a_link_that_comes_up_is_told_and_its_addresses_announced() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    let up = bench.kernel.state().links[&ETH0].clone();
    bench.kernel.change_link(LinkRow { up: false, ..up.clone() });
    bench.run();
    let down = LinkFact { link: LinkId(0), index: Some(ETH0), state: Link::Down };
    assert_eq!(bench.mover.news(), [News::Link(down)]);
    bench.kernel.calls();
    bench.kernel.change_link(up);
    bench.run();
    let fact = LinkFact { state: Link::Up(HOST), ..down };
    assert_eq!(bench.mover.news(), [News::Link(fact)]);
    assert_eq!(bench.kernel.announced(), [vip(0)]);
}

#[test]
fn an_interface_that_comes_back_with_another_index_is_followed() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    bench.kernel.remove_link(ETH0);
    bench.run();
    let gone = LinkFact { link: LinkId(0), index: None, state: Link::Down };
    assert_eq!(bench.mover.news(), [News::Link(gone)]);
    let mac = Some([2, 0, 0, 0, 0, 9]);
    bench.kernel.change_link(LinkRow { index: 9, name: "eth0".into(), up: true, mac });
    bench.kernel.add_by_hand(9, HOST, 24);
    bench.run();
    let back = LinkFact { link: LinkId(0), index: Some(9), state: Link::Up(HOST) };
    assert_eq!(bench.mover.news().last(), Some(&News::Link(back)));
    assert!(bench.kernel.answers_arp(9, vip(0)), "still wanted");
}

/// A mover, its kernel and a clock.
struct Bench {
    kernel: FakeKernel,
    mover: Mover<FakeKernel>,
    now: Instant,
    revision: u64,
}

impl Bench {
    fn new(addresses: u8) -> Self {
        Self::with(FakeKernel::with_link(ETH0, "eth0", HOST), addresses)
    }

    fn with(kernel: FakeKernel, addresses: u8) -> Self {
        let now = Instant::from_millis(10_000);
        let setup = router(addresses);
        let mut mover = Mover::new(now, kernel.clone(), &[setup], &[]).unwrap();
        mover.news();
        mover.facts();
        Self { kernel, mover, now, revision: 0 }
    }

    /// Steps until nothing is left to do now.
    fn run(&mut self) {
        for _ in 0..1_000 {
            if !self.mover.step(self.now) {
                return;
            }
        }
        panic!("the mover does not come to rest: {:?}", self.kernel.calls());
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.mover.deadline().filter(|at| *at <= end) {
            self.now = deadline.max(self.now);
            self.run();
        }
        self.now = end;
    }

    /// Wants this and lets it come true; forgets what was said meanwhile.
    fn settle(&mut self, holding: Holding) {
        self.revision += 1;
        self.mover.want(ROUTER, self.revision, holding);
        self.run();
        if holding == Holding::Absent {
            self.pass(Duration::from_millis(100));
        }
        assert!(self.mover.news().contains(&News::Settled(ROUTER, self.revision)));
        self.mover.facts();
    }

    fn requests(&self) -> Vec<Vec<Request>> {
        let some = |call: &Call| match call {
            Call::Requests(requests) => Some(requests.clone()),
            Call::Announce(_) | Call::ArpIgnore(..) | Call::Dump => None,
        };
        self.kernel.state().calls.iter().filter_map(some).collect()
    }
}

fn vip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, 100 + number)
}

fn vips(numbers: std::ops::Range<u8>) -> Vec<Ipv4Addr> {
    numbers.map(vip).collect()
}

fn router(addresses: u8) -> RouterSetup {
    let addresses = vips(0..addresses);
    RouterSetup {
        id: ROUTER,
        name: "web".into(),
        interface: "eth0".into(),
        settings: Settings {
            link: LinkId(0),
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::new(100).unwrap(),
            interval: Interval::DEFAULT,
            addresses: addresses.clone(),
            preempt: Preempt::Yes,
            adverts: Adverts::Multicast,
            checksum: ChecksumPolicy::Auto,
            peer_base: None,
            rival: Priority::MAX,
            hold: Duration::ZERO,
        },
        source: None,
        addresses: addresses
            .iter()
            .map(|&address| VirtualAddress { address, prefix: 32 })
            .collect(),
    }
}
