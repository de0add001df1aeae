//! The mover against the fake kernel: what others say of held addresses, and how announcements are
//! paced.

use std::net::IpAddr;

use clock::{Duration, Instant};
use fakes::vrrp::{Call, FakeKernel};
use vrrp::Fact;
use vrrp::mover::Mover;
use vrrp_proto::router::Holding;

use crate::bench::{Bench, ETH0, HOST, ROUTER, router, vip, vips};

const OTHER: [u8; 6] = [2, 0, 0, 0, 9, 9];

fn conflicts(bench: &mut Bench) -> Vec<(IpAddr, [u8; 6])> {
    let one = |fact| {
        let Fact::Conflict { address, mac, .. } = fact else { return None };
        Some((address, mac))
    };
    bench.mover.facts().into_iter().filter_map(one).collect()
}

fn held() -> Bench {
    let mut bench = Bench::new(2);
    bench.settle(Holding::Held);
    bench.pass(Duration::from_secs(10));
    bench.hush();
    bench
}

/// A claim is made, and there is time to judge it.
fn claim(bench: &mut Bench, address: IpAddr) {
    bench.kernel.claim(ETH0, address, OTHER);
    bench.run();
    bench.pass(Duration::from_millis(150));
}

#[test]
fn somebody_who_answers_for_a_held_address_is_told_and_answered() {
    let mut bench = held();
    claim(&mut bench, vip(1));
    assert_eq!(conflicts(&mut bench), [(vip(1), OTHER)]);
    assert_eq!(bench.kernel.announced(), [vip(1)]);
}

#[test]
fn a_conflict_is_told_once_a_second_whatever_is_claimed() {
    let mut bench = held();
    for _ in 0..30 {
        claim(&mut bench, vip(0));
    }
    let told = conflicts(&mut bench).len();
    assert!((3..=5).contains(&told), "{told} in 4.5 s");
}

#[test]
fn our_own_voice_is_no_conflict() {
    let mut bench = held();
    bench.kernel.claim(ETH0, vip(0), [2, 0, 0, 0, 0, ETH0 as u8]);
    bench.run();
    bench.pass(Duration::from_millis(150));
    assert_eq!(conflicts(&mut bench), []);
}

#[test]
fn what_the_predecessor_said_last_is_no_conflict() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    bench.pass(Duration::from_millis(100));
    claim(&mut bench, vip(0));
    assert_eq!(conflicts(&mut bench), []);
}

#[test]
fn a_successor_that_announces_before_we_let_go_is_no_conflict() {
    let mut bench = held();
    bench.kernel.claim(ETH0, vip(0), OTHER);
    bench.run();
    bench.pass(Duration::from_millis(50));
    bench.settle(Holding::Absent);
    bench.pass(Duration::from_secs(1));
    assert_eq!(conflicts(&mut bench), []);
    assert_eq!(bench.kernel.announced(), [] as [IpAddr; 0]);
}

#[test]
fn a_backup_does_not_listen() {
    let mut bench = held();
    assert!(bench.kernel.state().ears.contains_key(&ETH0));
    bench.settle(Holding::Absent);
    assert!(bench.kernel.state().ears.is_empty());
}

#[test]
fn with_the_cap_reached_the_rest_follows_in_order_at_the_rate() {
    let mut bench = paced(Some(10), 1, 30);
    assert_eq!(bench.kernel.announced(), vips(0..11), "the burst, in order");
    let start = bench.now;
    let mut times: Vec<(u64, IpAddr)> = Vec::new();
    bench.kernel.calls();
    while times.len() < 19 {
        bench.now = bench.mover.deadline().unwrap();
        bench.run();
        let at = bench.now.since(start).as_millis() as u64;
        times.extend(bench.kernel.announced().into_iter().map(|address| (at, address)));
        bench.kernel.calls();
    }
    let expected: Vec<_> = (11..30).zip(1_u64..).map(|(n, step)| (step * 100, vip(n))).collect();
    assert_eq!(times, expected, "first announcements before repeats");
}

#[test]
fn without_a_cap_all_go_at_once_and_a_burst_has_copies() {
    let bench = paced(None, 3, 30);
    let announced = bench.kernel.announced();
    assert_eq!(announced.len(), 90);
    assert_eq!(announced[..48], [vips(0..16), vips(0..16), vips(0..16)].concat());
}

#[test]
fn an_announcement_that_cannot_leave_is_sent_soon() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Absent);
    bench.kernel.state().links.get_mut(&ETH0).unwrap().enabled = false;
    bench.kernel.calls();
    bench.settle(Holding::Held);
    assert_eq!(bench.kernel.announced(), [] as [IpAddr; 0]);
    bench.kernel.state().links.get_mut(&ETH0).unwrap().enabled = true;
    bench.pass(Duration::from_millis(100));
    assert_eq!(bench.kernel.announced(), [vip(0)]);
}

#[test]
fn an_address_found_in_place_is_announced_too() {
    let kernel = FakeKernel::with_link(ETH0, "eth0", HOST);
    kernel.state().addresses.insert((ETH0, vip(0), 32));
    let mut bench = Bench::with(kernel, 1);
    bench.settle(Holding::Held);
    assert_eq!(bench.kernel.announced(), [vip(0)]);
    let macs: Vec<_> = bench.kernel.state().calls.iter().filter_map(mac_of).collect();
    assert_eq!(macs, [[2, 0, 0, 0, 0, ETH0 as u8]]);
}

fn mac_of(call: &Call) -> Option<[u8; 6]> {
    if let Call::Announce(one) = call { Some(one.mac) } else { None }
}

fn paced(rate: Option<u32>, burst: u8, addresses: u8) -> Bench {
    let mut setup = router(&vips(0..addresses));
    setup.held.announce.rate = rate;
    setup.held.announce.burst = burst;
    let kernel = FakeKernel::with_link(ETH0, "eth0", HOST);
    let now = Instant::from_millis(10_000);
    let mover = Mover::new(now, kernel.clone(), &[setup], &[]).unwrap();
    let mut bench = Bench { kernel, mover, now, revision: 0 };
    bench.settle(Holding::Absent);
    bench.kernel.calls();
    bench.mover.want(ROUTER, 9, Holding::Held);
    bench.run();
    bench
}
