//! Parent interfaces that are a bridge, that change while running, and version 2 on one.

use clock::{Duration, Interval};
use std::thread;
use vrrp::{Fact, Setup};
use vrrp_proto::router::{Auth, Protocol, Reason};
use vrrp_proto::{ChecksumPolicy, Role};

use crate::directors::role;
use crate::ear::Ear;
use crate::net::{Director, Lab, VIP, member, on, place, until};

/// What must not happen is watched for so long: five intervals, more than a Backup's patience.
const WATCH: Duration = Duration::from_millis(500);

/// A router of both families on an interface.
fn dual(lab: &Lab, host: char, priority: u8, interface: &str) -> Setup {
    let v6 = "fe80::5e00:233".parse().unwrap();
    let members = vec![
        member(Protocol::V3Ipv4(ChecksumPolicy::Auto), &[VIP.into()]),
        member(Protocol::V3Ipv6, &[v6]),
    ];
    let mut setup = lab.setup_of(host, priority, members);
    let router = &mut setup.routers[0];
    router.members = vec![place(interface); 2];
    router.held.addresses = vec![on(interface, VIP.into()), on(interface, v6)];
    setup
}

#[test]
fn a_bridge_carries_both_families() {
    let lab = Lab::new(2);
    for (host, number) in [('a', 1), ('b', 2)] {
        lab.ip(host, "link add br9 type bridge mcast_snooping 0");
        lab.ip(host, "link set eth0 master br9");
        lab.ip(host, "addr flush dev eth0");
        lab.ip(host, &format!("addr add 192.0.2.{number}/24 dev br9"));
        lab.ip(host, "link set br9 up");
    }
    let mut a = lab.try_start('a', dual(&lab, 'a', 150, "br9")).unwrap();
    a.role(Role::Active);
    let mut b = lab.try_start('b', dual(&lab, 'b', 100, "br9")).unwrap();
    b.role(Role::Backup);
    until("adverts of both families", || {
        b.report().members.iter().all(|member| member.counters.advertisement_rcvd > 2)
    });
    a.keep();
    assert_eq!(b.wait("a role", role), (Role::Active, Reason::PeerSilent));
}

#[test]
fn a_renamed_parent_is_gone_until_it_has_its_name_again() {
    let lab = Lab::new(2);
    let mut a = lab.try_start('a', dual(&lab, 'a', 150, "eth0")).unwrap();
    a.role(Role::Active);
    let mut b = lab.try_start('b', dual(&lab, 'b', 100, "eth0")).unwrap();
    b.role(Role::Backup);
    for _ in 0..2 {
        lab.ip('b', "link set eth0 down");
        lab.ip('b', "link set eth0 name eth9");
        lab.ip('b', "link set eth9 up");
        b.role(Role::Init);
        lab.ip('b', "link set eth9 down");
        lab.ip('b', "link set eth9 name eth0");
        lab.ip('b', "link set eth0 up");
        b.role(Role::Backup);
        let before = counts(&mut b);
        until("adverts of both families", || {
            let now = counts(&mut b);
            now.iter().zip(&before).all(|(now, before)| now > before)
        });
    }
    assert!(!a.heard().iter().any(|fact| matches!(fact, Fact::Role { .. })));
}

#[test]
fn ipv6_that_is_switched_off_and_on_again_is_heard_again() {
    let lab = Lab::new(2);
    let mut a = lab.try_start('a', dual(&lab, 'a', 150, "eth0")).unwrap();
    a.role(Role::Active);
    let mut b = lab.try_start('b', dual(&lab, 'b', 100, "eth0")).unwrap();
    b.role(Role::Backup);
    let switch = |value: &str| {
        let setting = "/proc/sys/net/ipv6/conf/eth0/disable_ipv6";
        lab.inside('b', || std::fs::write(setting, value).unwrap());
    };
    // Below 1280 the kernel forgets everything of IPv6, the groups of our socket too.
    let mtu = |bytes: &str| lab.ip('b', &format!("link set eth0 mtu {bytes}"));
    for way in ["switch", "mtu"] {
        if way == "switch" {
            switch("1")
        } else {
            mtu("1200")
        }
        b.role(Role::Init);
        if way == "switch" {
            switch("0")
        } else {
            mtu("1500")
        }
        b.role(Role::Backup);
        let before = counts(&mut b)[1];
        until("adverts over IPv6", || counts(&mut b)[1] > before + 2);
    }
    thread::sleep(WATCH);
    assert_eq!(b.heard().iter().find_map(role), None);
    a.keep();
    b.role(Role::Active);
}

#[test]
fn adverts_follow_the_primary_address() {
    let lab = Lab::new(1);
    let ear = Ear::new(&lab, 'a');
    let mut a = lab.start('a', 150);
    a.role(Role::Active);
    let setting = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries";
    lab.inside('a', || std::fs::write(setting, "1").unwrap());
    lab.ip('a', "addr add 192.0.2.7/24 dev eth0");
    lab.ip('a', "addr del 192.0.2.1/24 dev eth0");
    let from = std::net::IpAddr::from([192, 0, 2, 7]);
    until("adverts from the new address", || ear.heard().iter().any(|said| said.from == from));
}

#[test]
fn version_2_with_a_password_is_spoken_and_no_other_word_is_heard() {
    let lab = Lab::new(2);
    let ear = Ear::new(&lab, 'a');
    let v2 = |host, priority, password: &[u8; 8]| {
        let protocol = Protocol::V2(Auth::Password(*password));
        let mut setup = lab.setup_of(host, priority, vec![member(protocol, &[VIP.into()])]);
        setup.routers[0].settings.interval = Interval::from_centis(100).unwrap();
        lab.try_start(host, setup).unwrap()
    };
    let mut a = v2('a', 150, b"secret12");
    a.role(Role::Active);
    let mut b = v2('b', 100, b"secret12");
    b.role(Role::Backup);
    until("an advert", || b.report().members[0].peer.is_some());
    assert_eq!(ear.heard().last().map(|said| (said.version, said.ttl)), Some((2, 255)));
    b.keep();
    let mut b = v2('b', 100, b"another!");
    let why = b.wait("a discard", |fact| {
        let Fact::Discards { why, .. } = fact else { return None };
        Some(*why)
    });
    assert_eq!(why, vrrp_proto::wire::Discard::AuthFailure);
    a.keep();
}

#[test]
fn a_peer_with_other_addresses_and_another_interval_is_kept_and_told() {
    let lab = Lab::new(2);
    let mut a = lab.start('a', 150);
    a.role(Role::Active);
    let mut setup = lab.setup('b', 100);
    let settings = &mut setup.routers[0].settings;
    settings.interval = Interval::from_centis(20).unwrap();
    settings.members[0].addresses.push([192, 0, 2, 81].into());
    let mut b = lab.try_start('b', setup).unwrap();
    b.role(Role::Backup);
    let mut told = Vec::new();
    while told.len() < 2 {
        told.push(b.wait("a difference", |fact| {
            let Fact::Differs { what, from, .. } = fact else { return None };
            Some((*what, *from))
        }));
    }
    let from = Some([192, 0, 2, 1].into());
    let want = [(vrrp::Difference::Interval, from), (vrrp::Difference::Addresses, from)];
    assert_eq!(told, want);
    assert_eq!(b.report().role, Role::Backup);
}

/// How many adverts each member heard.
fn counts(director: &mut Director) -> Vec<u64> {
    let members = director.report().members;
    members.iter().map(|member| member.counters.advertisement_rcvd).collect()
}
