//! The mover on the real kernel: what `ip` shows and what a neighbour finds.

use std::net::{IpAddr, UdpSocket};

use clock::Duration;
use vrrp::{Fact, Order, Setup};
use vrrp_proto::held::{Mac, VirtualRoute, VirtualRule};
use vrrp_proto::router::{Holding, Protocol};
use vrrp_proto::{ChecksumPolicy, Role};

use crate::net::{Director, Lab, VIP, member, on, until};

const VIP6: &str = "2001:db8::80";

fn settled(director: &mut Director, wanted: Holding) {
    director.wait("settled", |fact| {
        matches!(fact, Fact::Settled { holding, .. } if *holding == wanted).then_some(())
    });
}

/// Both families, on devices of virtual MACs if there are names for them.
fn both(lab: &Lab, host: char, priority: u8, devices: Option<[&str; 2]>) -> Setup {
    let local = "fe80::5e00:233".parse().unwrap();
    let v6: [IpAddr; 2] = [local, VIP6.parse().unwrap()];
    let members = vec![
        member(Protocol::V3Ipv4(ChecksumPolicy::Auto), &[VIP.into()]),
        member(Protocol::V3Ipv6, &v6),
    ];
    let mut setup = lab.setup_of(host, priority, members);
    if let Some(names) = devices {
        let router = &mut setup.routers[0];
        for (member, name) in router.members.iter_mut().zip(names) {
            member.mac = Mac::Virtual(name.into());
        }
        let held = v6.into_iter().map(|address| on(names[1], address));
        router.held.addresses = [on(names[0], VIP.into())].into_iter().chain(held).collect();
    }
    setup
}

/// Makes host 'b' ask who has both addresses; its neighbours then.
fn neighbours(lab: &Lab) -> String {
    lab.ip('b', "neigh flush dev eth0");
    lab.inside('b', || {
        for to in [format!("{VIP}:9"), format!("[{VIP6}]:9")] {
            let from = if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
            let socket = UdpSocket::bind(from).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            // Refused by the director's kernel, which takes it; or lost, where nobody answers.
            let told = socket.connect(&to).and_then(|()| socket.send(b"?"));
            assert!(told.is_ok() || socket.recv(&mut [0]).is_err());
            assert!(socket.recv(&mut [0]).is_err());
        }
    });
    lab.show('b', "neigh show dev eth0")
}

fn with_ipv6(lab: &Lab) {
    lab.ip('a', "addr add 2001:db8::1/64 dev eth0 nodad");
    lab.ip('b', "addr add 2001:db8::2/64 dev eth0 nodad");
}

#[test]
fn an_ipv6_address_is_never_a_source_and_is_muted_before_it_goes() {
    let lab = Lab::new(2);
    with_ipv6(&lab);
    let mut a = lab.try_start('a', both(&lab, 'a', 100, None)).unwrap();
    settled(&mut a, Holding::Held);
    let shown = lab.show('a', "-d -6 -o addr show dev eth0");
    let line = shown.lines().find(|line| line.contains("2001:db8::80/128")).unwrap();
    assert!(line.contains("nodad") && line.contains("deprecated"), "{line}");
    let seen = neighbours(&lab);
    assert!(seen.contains("2001:db8::80 lladdr 02:00:00:00:00:01"), "{seen}");
    a.order(Order::Release);
    a.ended();
    let left = lab.show('a', "-6 addr show dev eth0");
    assert!(!left.contains("2001:db8::80") && !left.contains("fe80::5e00:233"), "{left}");
    assert!(!lab.show('a', "-6 route show table local").contains("2001:db8::80"));
}

#[test]
fn only_the_virtual_macs_answer_while_held_and_nobody_does_after() {
    let lab = Lab::new(2);
    with_ipv6(&lab);
    let mut a = lab.try_start('a', both(&lab, 'a', 100, Some(["v51", "w51"]))).unwrap();
    settled(&mut a, Holding::Held);
    let seen = neighbours(&lab);
    assert!(seen.contains("192.0.2.80 lladdr 00:00:5e:00:01:33"), "{seen}");
    assert!(seen.contains("2001:db8::80 lladdr 00:00:5e:00:02:33"), "{seen}");
    a.order(Order::Release);
    a.ended();
    assert!(!lab.show('a', "-o link").contains("00:00:5e:00"), "no device is left");
    assert_eq!(lab.inside('a', crate::net::arp_ignore), "0", "as it was");
    let seen = neighbours(&lab);
    assert!(!seen.contains("00:00:5e:00"), "{seen}");
}

#[test]
fn a_kept_virtual_mac_goes_on_answering_and_its_successor_takes_it_over() {
    let lab = Lab::new(2);
    with_ipv6(&lab);
    let mut a = lab.try_start('a', both(&lab, 'a', 100, Some(["v51", "w51"]))).unwrap();
    settled(&mut a, Holding::Held);
    let before = lab.show('a', "-o link show v51");
    a.keep();
    let seen = neighbours(&lab);
    assert!(seen.contains("192.0.2.80 lladdr 00:00:5e:00:01:33"), "{seen}");
    let mut a = lab.try_start('a', both(&lab, 'a', 100, Some(["v51", "w51"]))).unwrap();
    settled(&mut a, Holding::Held);
    assert_eq!(lab.show('a', "-o link show v51"), before, "the very same device");
    a.order(Order::Release);
    a.ended();
    assert!(!lab.show('a', "-o link").contains("00:00:5e:00"));
}

#[test]
fn where_a_device_of_that_name_is_anothers_the_router_stays_out_until_it_is_gone() {
    let lab = Lab::new(1);
    lab.ip('a', "link add v51 type veth peer name other");
    let mut a = lab.try_start('a', both(&lab, 'a', 100, Some(["v51", "w51"]))).unwrap();
    a.wait("the way out", |fact| {
        matches!(fact, Fact::Warning(text) if text.contains("ip link del v51")).then_some(())
    });
    let roles = |fact: &Fact| matches!(fact, Fact::Role { role: Role::Active, .. });
    assert!(!a.heard().iter().any(roles));
    lab.ip('a', "link del v51");
    a.role(Role::Active);
    a.order(Order::Release);
    a.ended();
}

#[test]
fn a_port_of_a_bridge_takes_no_macvlan_and_that_is_said() {
    let lab = Lab::new(1);
    lab.ip('a', "link add br7 type bridge");
    lab.ip('a', "link set eth0 master br7");
    let mut a = lab.try_start('a', both(&lab, 'a', 100, Some(["v51", "w51"]))).unwrap();
    a.wait("the way out", |fact| {
        matches!(fact, Fact::Warning(text) if text.contains("name the bridge")).then_some(())
    });
}

#[test]
fn routes_and_rules_follow_the_role_and_come_back() {
    let lab = Lab::new(1);
    let mut setup = lab.setup('a', 100);
    let held = &mut setup.routers[0].held;
    let to = (IpAddr::from([198, 51, 100, 0]), 24);
    let via = Some([192, 0, 2, 254].into());
    let table = Some(100);
    let route =
        VirtualRoute { to, via, interface: None, source: Some(VIP.into()), table, metric: None };
    held.routes = vec![route];
    let from = Some((VIP.into(), 32));
    held.rules = vec![VirtualRule { from, to: None, mark: None, table: 100, priority: Some(500) }];
    let mut a = lab.try_start('a', setup).unwrap();
    settled(&mut a, Holding::Held);
    let route = || lab.show('a', "route show table 100");
    assert!(route().contains("198.51.100.0/24 via 192.0.2.254 dev eth0 proto 112 src 192.0.2.80"));
    assert!(lab.show('a', "rule show").contains("500:\tfrom 192.0.2.80 lookup 100 proto 112"));
    lab.ip('a', "route del 198.51.100.0/24 table 100");
    lab.ip('a', "rule del from 192.0.2.80 lookup 100");
    until("both are back", || {
        route().contains("198.51.100.0/24") && lab.show('a', "rule show").contains("lookup 100")
    });
    // With its preferred source the kernel takes the route, and says nothing of it.
    lab.ip('a', "addr del 192.0.2.80/32 dev eth0");
    until("it is back with its source", || route().contains("198.51.100.0/24"));
    a.order(Order::Release);
    a.ended();
    assert_eq!(route(), "");
    assert!(!lab.show('a', "rule show").contains("lookup 100"));
}

#[test]
fn another_machine_with_our_address_is_told_with_its_mac() {
    let lab = Lab::new(2);
    with_ipv6(&lab);
    let mut a = lab.try_start('a', both(&lab, 'a', 100, None)).unwrap();
    settled(&mut a, Holding::Held);
    lab.inside('b', || {
        for (family, setting) in [("ipv4", "arp_notify"), ("ipv6", "ndisc_notify")] {
            std::fs::write(format!("/proc/sys/net/{family}/conf/eth0/{setting}"), "1").unwrap();
        }
    });
    lab.ip('b', "addr add 192.0.2.80/32 dev eth0");
    lab.ip('b', &format!("addr add {VIP6}/128 dev eth0 nodad"));
    for address in [VIP.into(), VIP6.parse::<IpAddr>().unwrap()] {
        // Claims within a second of the landing are a predecessor's: claim until one is heard.
        let mut claims = 0;
        let mut heard = Vec::new();
        until("the conflict", || {
            lab.ip('b', "link set eth0 address 02:00:00:00:00:02");
            claims += 1;
            let claimed = std::time::Instant::now();
            let mut told = false;
            while !told && claimed.elapsed() < Duration::from_millis(400) {
                heard.extend(a.heard());
                told = heard.iter().any(|fact| is_conflict(fact, address));
                std::thread::yield_now();
            }
            told
        });
        println!("{address}: heard after {claims} claims");
    }
}

/// Whether this tells that host 'b' claims an address.
fn is_conflict(fact: &Fact, wanted: IpAddr) -> bool {
    let Fact::Conflict { address, mac, .. } = fact else { return false };
    (*address, *mac) == (wanted, [2, 0, 0, 0, 0, 2])
}
