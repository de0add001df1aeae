//! The mover against a kernel that records, refuses, lags and loses, in virtual time: addresses and
//! links. `devices.rs` and `claims.rs` have the rest.

use std::net::IpAddr;

use clock::{Duration, Instant};
use fakes::vrrp::{Call, FakeKernel, ethernet};
use nix::errno::Errno;
use vrrp::Fact;
use vrrp::mover::kernel::Request;
use vrrp::mover::rows::LinkRow;
use vrrp::mover::{LinkFact, Mover, News};
use vrrp_proto::LinkId;
use vrrp_proto::router::{Holding, Link};

use crate::bench::{Bench, ETH0, HOST, ROUTER, router, vip, vips};

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
        assert!(!answers(&bench, ETH0, vip));
        assert!(bench.kernel.takes_packets(ETH0, vip));
    }
    assert_eq!(bench.kernel.setting_of("eth0", "arp_announce"), 2, "nor asks in its name");
    assert_eq!(bench.mover.news(), [], "it lingers");
    bench.pass(Duration::from_millis(99));
    assert!(bench.kernel.takes_packets(ETH0, vip(0)));
    bench.pass(Duration::from_millis(1));
    assert!(bench.kernel.state().routes.is_empty());
    assert_eq!(bench.kernel.setting_of("eth0", "arp_ignore"), 0, "as it was");
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 2)]);
    let first = bench.requests().into_iter().find(|some| some.contains(&Request::AddLocal(vip(0))));
    let delete = Request::DeleteAddress { index: ETH0, address: vip(0), prefix: 32 };
    assert_eq!(first.unwrap()[..2], [Request::AddLocal(vip(0)), delete]);
}

#[test]
fn an_address_held_again_while_muted_is_never_without_packets() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    bench.mover.want(ROUTER, 2, Holding::Absent);
    bench.run();
    bench.mover.want(ROUTER, 3, Holding::Held);
    assert!(bench.mover.step(bench.now));
    assert!(answers(&bench, ETH0, vip(0)));
    bench.run();
    assert!(bench.kernel.state().routes.is_empty());
    assert_eq!(bench.kernel.setting_of("eth0", "arp_ignore"), 0);
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 3)]);
}

#[test]
fn an_operators_arp_ignore_is_left_alone() {
    let mut bench = Bench::new(1);
    let key = ("eth0".into(), "arp_ignore".into());
    bench.kernel.state().settings.insert(key, 2);
    bench.settle(Holding::Held);
    bench.settle(Holding::Absent);
    assert_eq!(bench.kernel.setting_of("eth0", "arp_ignore"), 2);
    let set = |call: &Call| matches!(call, Call::Set(_, name, _) if name == "arp_ignore");
    assert!(!bench.kernel.calls().iter().any(set));
    assert_eq!(bench.kernel.setting_of("eth0", "arp_announce"), 0, "as it was");
}

#[test]
fn where_nothing_can_be_muted_the_address_just_goes() {
    let mut bench = Bench::new(1);
    bench.kernel.state().sysctl_refused = true;
    bench.settle(Holding::Held);
    bench.mover.want(ROUTER, 2, Holding::Absent);
    bench.run();
    assert!(!answers(&bench, ETH0, vip(0)));
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
    assert!(answers(&bench, ETH0, vip(1)));
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
    assert!(!answers(&bench, ETH0, vip(0)));
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
    assert!(answers(&bench, ETH0, vip(0)));
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
    assert!(answers(&bench, ETH0, vip(0)));
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
    assert!(answers(&bench, ETH0, vip(1)), "the other one is not held up");
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
    bench.kernel.change_link(LinkRow { up: false, enabled: false, ..up.clone() });
    bench.run();
    let down = LinkFact { link: LinkId(0), index: Some(ETH0), v4: Link::Down, v6: Link::Down };
    assert_eq!(bench.mover.news(), [News::Link(down)]);
    bench.kernel.calls();
    bench.kernel.change_link(up);
    bench.run();
    let fact = LinkFact { v4: Link::Up(HOST.into()), ..down };
    assert_eq!(bench.mover.news(), [News::Link(fact)]);
    assert_eq!(bench.kernel.announced(), [vip(0)]);
}

#[test]
fn an_interface_that_comes_back_with_another_index_is_followed() {
    let mut bench = Bench::new(1);
    bench.settle(Holding::Held);
    bench.kernel.remove_link(ETH0);
    bench.run();
    let gone = LinkFact { link: LinkId(0), index: None, v4: Link::Down, v6: Link::Down };
    assert_eq!(bench.mover.news(), [News::Link(gone)]);
    bench.kernel.change_link(ethernet(9, "eth0"));
    bench.kernel.add_by_hand(9, HOST, 24);
    bench.run();
    let back = LinkFact { index: Some(9), v4: Link::Up(HOST.into()), ..gone };
    assert_eq!(bench.mover.news().last(), Some(&News::Link(back)));
    assert!(answers(&bench, 9, vip(0)), "still wanted");
}

#[test]
fn a_link_that_is_only_tracked_is_told_though_nothing_of_ours_stands_on_it() {
    let kernel = FakeKernel::with_link(ETH0, "eth0", HOST);
    kernel.change_link(ethernet(8, "eth1"));
    let now = Instant::from_millis(10_000);
    let routers = [router(&vips(0..1))];
    let mover = Mover::new(now, kernel.clone(), &routers, &["eth1".to_owned()]).unwrap();
    let mut bench = Bench { kernel, mover, now, revision: 0 };
    bench.run();
    bench.hush();
    let told = |bench: &mut Bench| {
        bench.run();
        let of_it = |fact| {
            let Fact::Interface { name, up } = fact else { return None };
            (name == "eth1").then_some(up)
        };
        bench.mover.facts().into_iter().filter_map(of_it).collect::<Vec<_>>()
    };
    bench.kernel.change_link(LinkRow { up: false, ..ethernet(8, "eth1") });
    assert_eq!(told(&mut bench), [false]);
    bench.kernel.change_link(ethernet(8, "eth1"));
    assert_eq!(told(&mut bench), [true]);
    bench.kernel.remove_link(8);
    assert_eq!(told(&mut bench), [false]);
}

/// Whether the machine answers for an address on the link.
fn answers(bench: &Bench, index: u32, address: impl Into<IpAddr>) -> bool {
    bench.kernel.answers(index, address).is_some()
}
