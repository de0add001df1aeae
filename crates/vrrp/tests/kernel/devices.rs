//! The mover against the fake kernel: IPv6, devices of virtual MACs, routes and rules.

use std::net::IpAddr;

use clock::Duration;
use fakes::vrrp::{FakeKernel, ethernet};
use nix::errno::Errno;
use vrrp::mover::News;
use vrrp::mover::kernel::{Path, Request};
use vrrp::mover::rows::{LinkKind, LinkRow, RouteRow, Word};
use vrrp_proto::held::{VirtualRoute, VirtualRule};
use vrrp_proto::router::{Adverts, Holding, Link};
use vrrp_proto::{Family, MemberId};

use crate::bench::{Bench, ETH0, HOST, ROUTER, router, vip, vips, virtual_router};

const MEMBER: MemberId = MemberId { router: ROUTER, at: 0 };
const DEVICE: &str = "vrrp.51";
/// The index that the fake gives the first device it makes.
const MADE: u32 = ETH0 + 1;
const MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];

fn v6(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn kernel() -> FakeKernel {
    let kernel = FakeKernel::with_link(ETH0, "eth0", HOST);
    kernel.state().addresses.insert((ETH0, v6("fe80::1"), 64));
    kernel
}

fn with_device() -> Bench {
    Bench::of(kernel(), &[virtual_router(&vips(0..2), DEVICE)])
}

#[test]
fn ipv6_addresses_land_are_announced_and_muted_without_any_setting() {
    let ours = [v6("fe80::5e00:233"), v6("2001:db8::80")];
    let mut bench = Bench::of(kernel(), &[router(&ours)]);
    bench.settle(Holding::Absent);
    bench.kernel.calls();
    bench.settle(Holding::Held);
    assert_eq!(bench.kernel.announced(), ours);
    bench.kernel.calls();
    bench.want(Holding::Absent);
    for address in ours {
        assert_eq!(bench.kernel.answers(ETH0, address), None);
        assert!(bench.kernel.takes_packets(ETH0, address), "in flight");
    }
    bench.pass(Duration::from_millis(100));
    assert!(bench.kernel.state().routes.is_empty());
    assert_eq!(bench.mover.news(), [News::Settled(ROUTER, 3)]);
    assert!(bench.kernel.state().settings.is_empty(), "nothing was set");
}

#[test]
fn the_source_of_ipv6_adverts_is_told_and_followed() {
    let kernel = FakeKernel::with_link(ETH0, "eth0", HOST);
    let routers = [router(&[v6("fe80::5e00:233")])];
    let mut mover =
        vrrp::mover::Mover::new(clock::Instant::ZERO, kernel.clone(), &routers, &[]).unwrap();
    let v6_link = |news: Vec<News>| match news.last() {
        Some(News::Link(fact)) => fact.v6,
        other => panic!("{other:?}"),
    };
    assert_eq!(v6_link(mover.news()), Link::Down);
    kernel.add_by_hand(ETH0, v6("fe80::9"), 64);
    while mover.step(clock::Instant::ZERO) {}
    assert_eq!(v6_link(mover.news()), Link::Up(v6("fe80::9")));
    kernel.delete_by_hand(ETH0, v6("fe80::9"), 64);
    while mover.step(clock::Instant::ZERO) {}
    assert_eq!(v6_link(mover.news()), Link::Down);
}

#[test]
fn a_virtual_macs_device_is_made_down_up_while_held_and_removed_at_the_end() {
    let mut bench = with_device();
    let made = bench.kernel.state().links[&MADE].clone();
    assert_eq!((made.name.as_str(), made.mac, made.enabled), (DEVICE, Some(MAC), false));
    assert_eq!(bench.kernel.setting_of(DEVICE, "arp_ignore"), 1);
    assert_eq!(bench.kernel.setting_of(DEVICE, "disable_ipv6"), 1);
    bench.settle(Holding::Absent);
    assert_eq!(bench.kernel.setting_of("eth0", "arp_ignore"), 0);
    bench.kernel.calls();
    bench.settle(Holding::Held);
    assert_eq!(bench.requests()[0][0], Request::LinkUp(MADE), "in one send with the addresses");
    assert_eq!(bench.kernel.answers(ETH0, vip(0)), Some(MADE), "with the virtual MAC alone");
    assert_eq!(bench.kernel.setting_of("eth0", "arp_announce"), 2, "nor asks in its name");
    bench.kernel.calls();
    bench.settle(Holding::Absent);
    assert_eq!(bench.requests()[0][0], Request::LinkDown(MADE), "before anything else");
    assert!(!bench.requests().concat().contains(&Request::AddLocal(vip(0))));
    assert_eq!(bench.kernel.answers(ETH0, vip(0)), None);
    assert_eq!(bench.kernel.setting_of("eth0", "arp_ignore"), 0, "as it was");
    assert_eq!(bench.kernel.setting_of("eth0", "arp_announce"), 0, "as it was");
    bench.mover.finish();
    assert!(!bench.kernel.state().links.contains_key(&MADE));
}

#[test]
fn what_is_held_at_the_end_is_left_with_its_device() {
    let mut bench = with_device();
    bench.settle(Holding::Held);
    bench.mover.finish();
    assert_eq!(bench.kernel.answers(ETH0, vip(0)), Some(MADE));
}

#[test]
fn a_device_of_ours_that_is_there_is_taken_over() {
    let mut bench = with_device();
    bench.settle(Holding::Held);
    let mut next = Bench::of(bench.kernel.clone(), &[virtual_router(&vips(0..2), DEVICE)]);
    assert_eq!(next.kernel.state().links.len(), 2);
    next.settle(Holding::Held);
    assert_eq!(next.kernel.answers(ETH0, vip(1)), Some(MADE));
    next.settle(Holding::Absent);
    assert!(!next.kernel.state().links[&MADE].enabled);
}

#[test]
fn a_foreign_device_of_that_name_is_told_and_keeps_the_router_out() {
    let kernel = kernel();
    kernel.state().links.insert(9, ethernet(9, DEVICE));
    let routers = [virtual_router(&vips(0..1), DEVICE)];
    let mut mover = vrrp::mover::Mover::new(clock::Instant::ZERO, kernel.clone(), &routers, &[]);
    let mover = mover.as_mut().unwrap();
    let told = format!("{:?}", mover.facts());
    assert!(told.contains("ip link del vrrp.51"), "{told}");
    assert!(mover.news().contains(&News::Source(MEMBER, Link::Down)));
    kernel.remove_link(9);
    while mover.step(clock::Instant::ZERO) {}
    let news = mover.news();
    assert!(news.contains(&News::Source(MEMBER, Link::Up(HOST.into()))), "{news:?}");
    assert!(news.contains(&News::Device(MEMBER, Some(MADE))), "{news:?}");
}

#[test]
fn a_macvlan_in_another_mode_is_not_ours() {
    let kernel = kernel();
    let kind = LinkKind::OtherMacvlan;
    let link = LinkRow { kind, mac: Some(MAC), lower: Some(ETH0), ..ethernet(9, DEVICE) };
    kernel.state().links.insert(9, link);
    let routers = [virtual_router(&vips(0..1), DEVICE)];
    let mut mover = vrrp::mover::Mover::new(clock::Instant::ZERO, kernel, &routers, &[]).unwrap();
    assert!(mover.news().contains(&News::Source(MEMBER, Link::Down)));
}

#[test]
fn where_macvlan_is_refused_that_is_told_once_and_tried_again() {
    let kernel = kernel();
    kernel.state().devices_refused = Some(Errno::EBUSY);
    let routers = [virtual_router(&vips(0..1), DEVICE)];
    let mut mover =
        vrrp::mover::Mover::new(clock::Instant::ZERO, kernel.clone(), &routers, &[]).unwrap();
    let told = format!("{:?}", mover.facts());
    assert!(told.contains("port of a bridge or bond"), "{told}");
    let mut bench = Bench { kernel, mover, now: clock::Instant::ZERO, revision: 0 };
    bench.pass(Duration::from_secs(11));
    assert_eq!(bench.warnings(), [] as [String; 0], "once");
    bench.mover.news();
    bench.kernel.state().devices_refused = None;
    bench.pass(Duration::from_secs(5));
    assert!(bench.mover.news().contains(&News::Source(MEMBER, Link::Up(HOST.into()))));
}

#[test]
fn a_link_that_changes_tells_a_virtual_macs_member_again_what_overrules_it() {
    let mut bench = with_device();
    bench.kernel.delete_by_hand(ETH0, v6("fe80::1"), 64);
    bench.run();
    let news = bench.mover.news();
    assert!(matches!(news[..], [News::Link(_), News::Source(..)]), "{news:?}");
    assert_eq!(news[1], News::Source(MEMBER, Link::Up(HOST.into())), "as it was");
}

#[test]
fn a_device_set_down_or_removed_by_hand_is_back() {
    let mut bench = with_device();
    bench.settle(Holding::Held);
    let made = bench.kernel.state().links[&MADE].clone();
    bench.kernel.change_link(LinkRow { enabled: false, up: false, ..made });
    bench.kernel.calls();
    bench.run();
    assert_eq!(bench.kernel.answers(ETH0, vip(0)), Some(MADE));
    assert_eq!(bench.kernel.announced(), vips(0..2), "it came up");
    bench.kernel.remove_link(MADE);
    bench.run();
    let name = bench.kernel.state().links.values().find(|link| link.name == DEVICE).cloned();
    assert_eq!(bench.kernel.answers(ETH0, vip(0)), name.map(|link| link.index));
}

#[test]
fn a_virtual_mac_that_sends_no_adverts_is_seen_every_30_s() {
    let mut setup = virtual_router(&vips(0..2), DEVICE);
    let peers = vec![[192, 0, 2, 2].into()];
    setup.settings.members[0].adverts = Adverts::Unicast { peers, min_ttl: 255 };
    let mut bench = Bench::of(kernel(), &[setup]);
    bench.settle(Holding::Held);
    bench.pass(Duration::from_secs(6));
    bench.kernel.calls();
    bench.pass(Duration::from_secs(30));
    assert_eq!(bench.kernel.announced(), [vip(0)], "one is enough");
}

#[test]
fn an_interface_renamed_while_held_keeps_nothing_of_ours() {
    let mut bench = Bench::of(kernel(), &[router(&vips(0..2))]);
    bench.settle(Holding::Held);
    bench.kernel.change_link(ethernet(ETH0, "old0"));
    bench.run();
    assert_eq!(bench.kernel.answers(ETH0, vip(0)), None);
    bench.want(Holding::Absent);
    assert_eq!(bench.kernel.state().addresses.len(), 2, "the host's own two");
}

#[test]
fn a_port_of_a_bridge_that_rises_or_forwards_again_has_its_addresses_announced() {
    let mut bench = Bench::of(kernel(), &[router(&vips(0..1))]);
    bench.settle(Holding::Held);
    let port = LinkRow { master: Some(ETH0), up: false, ..ethernet(20, "port") };
    bench.kernel.change_link(port.clone());
    bench.run();
    bench.kernel.calls();
    bench.kernel.change_link(LinkRow { up: true, ..port });
    bench.run();
    assert_eq!(bench.kernel.announced(), [vip(0)]);
    bench.kernel.calls();
    bench.kernel.change_port(20, ETH0, false);
    bench.kernel.change_port(20, ETH0, true);
    bench.run();
    assert_eq!(bench.kernel.announced(), [vip(0)]);
    bench.kernel.calls();
    bench.kernel.change_port(20, ETH0, true);
    bench.run();
    assert_eq!(bench.kernel.announced(), [] as [IpAddr; 0], "it did all the time");
}

#[test]
fn routes_and_rules_come_after_the_addresses_and_go_before_them() {
    let (mut bench, route) = with_route();
    bench.settle(Holding::Held);
    let asked = bench.requests().concat();
    let at = |is: &dyn Fn(&Request) -> bool| asked.iter().position(is).unwrap();
    let address = at(&|r| matches!(r, Request::AddAddress { .. }));
    let path = at(&|r| *r == Request::AddPath(route));
    let rule = at(&|r| matches!(r, Request::AddPath(Path::Rule(_))));
    assert!(address < path && path < rule, "{asked:?}");
    bench.kernel.calls();
    bench.settle(Holding::Absent);
    let asked = bench.requests().concat();
    let at = |is: &dyn Fn(&Request) -> bool| asked.iter().position(is).unwrap();
    let rule = at(&|r| matches!(r, Request::DeletePath(Path::Rule(_))));
    let path = at(&|r| *r == Request::DeletePath(route));
    let address = at(&|r| matches!(r, Request::DeleteAddress { .. }));
    assert!(rule < path && path < address, "{asked:?}");
    assert!(bench.kernel.state().paths.is_empty());
}

#[test]
fn a_route_removed_by_hand_comes_back() {
    let (mut bench, route) = with_route();
    bench.settle(Holding::Held);
    bench.kernel.delete_path_by_hand(route);
    bench.run();
    bench.pass(Duration::from_millis(5));
    assert!(bench.kernel.state().paths.contains(&route));
    let warnings = bench.warnings();
    assert!(
        warnings[0].contains("route 0.0.0.0/0 via 192.0.2.254 table 100 was gone"),
        "{warnings:?}"
    );
}

#[test]
fn routes_that_an_earlier_process_left_are_taken_over() {
    let (mut bench, route) = with_route();
    bench.settle(Holding::Held);
    let setup = bench_with_route();
    let mut next = Bench::of(bench.kernel.clone(), &[setup]);
    next.settle(Holding::Absent);
    assert!(next.kernel.state().paths.is_empty(), "{route:?}");
}

#[test]
fn a_label_and_a_prefix_are_passed_on() {
    let mut setup = router(&vips(0..1));
    setup.held.addresses[0].label = Some("eth0:web".into());
    setup.held.addresses[0].prefix = 24;
    let mut bench = Bench::of(kernel(), &[setup]);
    bench.settle(Holding::Absent);
    bench.kernel.calls();
    bench.settle(Holding::Held);
    let Request::AddAddress { prefix, manner, .. } = bench.requests()[0][0] else { panic!() };
    assert_eq!((prefix, manner.label), (24, Word::new("eth0:web")));
    assert!(manner.prefix_route);
}

fn bench_with_route() -> vrrp::RouterSetup {
    let mut setup = router(&vips(0..2));
    setup.held.routes = vec![VirtualRoute {
        to: (IpAddr::from([0, 0, 0, 0]), 0),
        via: Some([192, 0, 2, 254].into()),
        interface: Some("eth0".into()),
        source: None,
        table: Some(100),
        metric: None,
    }];
    setup.held.rules = vec![VirtualRule {
        from: Some((vip(0), 32)),
        to: None,
        mark: None,
        table: 100,
        priority: Some(1_000),
    }];
    setup
}

fn with_route() -> (Bench, Path) {
    let setup = bench_with_route();
    assert_eq!(Family::of(vip(0)), Family::V4);
    let bench = Bench::of(kernel(), &[setup]);
    let route = Path::Route(RouteRow {
        to: (IpAddr::from([0, 0, 0, 0]), 0),
        via: Some([192, 0, 2, 254].into()),
        index: Some(ETH0),
        source: None,
        table: 100,
        metric: None,
    });
    (bench, route)
}
