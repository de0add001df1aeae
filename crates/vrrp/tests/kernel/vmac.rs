//! Virtual routers with a virtual MAC address, as seen on the cable: who speaks from it, and when.

use std::net::{IpAddr, Ipv6Addr};

use vrrp::{Order, Setup};
use vrrp_proto::held::Mac;
use vrrp_proto::router::{Adverts, Protocol, Reason};
use vrrp_proto::{ChecksumPolicy, Role};

use crate::directors::role;
use crate::ear::{Ear, Said};
use crate::net::{Lab, VIP, member, on, until};

const V4_MAC: [u8; 6] = [0, 0, 0x5e, 0, 0x01, 51];
const V6_MAC: [u8; 6] = [0, 0, 0x5e, 0, 0x02, 51];
const MS: i64 = 1_000_000;

/// A router of both families on devices `v51` and `w51`.
fn setup(lab: &Lab, host: char, priority: u8) -> Setup {
    let v6 = [0x233_u16, 0x8080]
        .map(|last| IpAddr::from(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e00, last)));
    let members = vec![
        member(Protocol::V3Ipv4(ChecksumPolicy::Auto), &[VIP.into()]),
        member(Protocol::V3Ipv6, &v6),
    ];
    let mut setup = lab.setup_of(host, priority, members);
    let router = &mut setup.routers[0];
    router.members[0].mac = Mac::Virtual("v51".into());
    router.members[1].mac = Mac::Virtual("w51".into());
    let held = v6.into_iter().map(|address| on("w51", address));
    router.held.addresses = [on("v51", VIP.into())].into_iter().chain(held).collect();
    setup
}

#[test]
fn multicast_adverts_come_from_the_virtual_mac_of_their_family_and_are_heard() {
    let lab = Lab::new(2);
    let ear = Ear::new(&lab, 'a');
    let mut a = lab.try_start('a', setup(&lab, 'a', 150)).unwrap();
    a.role(Role::Active);
    let mut b = lab.try_start('b', setup(&lab, 'b', 100)).unwrap();
    b.role(Role::Backup);
    let mut said = Vec::new();
    until("some adverts", || {
        said.extend(ear.heard());
        said.len() > 9
    });
    let place = |said: &Said| (said.from.is_ipv4(), said.mac, said.to_mac, said.ttl);
    for said in &said {
        let want = if said.from.is_ipv4() {
            (true, V4_MAC, [0x01, 0, 0x5e, 0, 0, 0x12], 255)
        } else {
            (false, V6_MAC, [0x33, 0x33, 0, 0, 0, 0x12], 255)
        };
        assert_eq!(place(said), want);
    }
    assert_eq!(said[0].from, IpAddr::from([192, 0, 2, 1]), "the interface's, not a virtual one");
    let report = b.report();
    assert!(report.members.iter().all(|m| m.counters.advertisement_rcvd > 0), "{report:?}");
    assert_eq!(report.shared, []);
    let report = a.report();
    assert!(report.members.iter().all(|m| m.counters.own_source == 0), "{report:?}");
}

#[test]
fn no_frame_leaves_the_virtual_mac_once_the_peer_has_spoken() {
    let lab = Lab::new(2);
    let mut a = lab.try_start('a', setup(&lab, 'a', 100)).unwrap();
    a.role(Role::Active);
    // Preemption, then release: each time the one that goes is silent at the other's first word.
    let (ours, theirs) = (Ear::new(&lab, 'a'), Ear::new(&lab, 'b'));
    let b = lab.try_start('b', setup(&lab, 'b', 150)).unwrap();
    a.role(Role::Backup);
    quiet_after(&ours, &theirs);
    let (ours, theirs) = (Ear::new(&lab, 'b'), Ear::new(&lab, 'a'));
    b.order(Order::Release);
    assert_eq!(a.wait("a role", role), (Role::Active, Reason::PeerReleased));
    b.ended();
    quiet_after(&ours, &theirs);
}

/// What left before the other's first advert arrived may still be on its way.
fn quiet_after(goes: &Ear, comes: &Ear) {
    let mut won = Vec::new();
    until("the winner's adverts", || {
        won.extend(comes.heard());
        won.len() > 8
    });
    let last = goes.frames_of(&[V4_MAC, V6_MAC]).last().copied();
    let late = last.map_or(0, |last| last - won[0].at);
    println!("last frame of the loser after the winner's first: {} us", late / 1_000);
    assert!(late < MS, "{late}");
}

#[test]
fn unicast_adverts_leave_by_the_interface_s_own_mac() {
    let lab = Lab::new(2);
    let unicast = |host, priority| {
        let v4 = member(Protocol::V3Ipv4(ChecksumPolicy::Auto), &[VIP.into()]);
        let mut setup = lab.setup_of(host, priority, vec![v4]);
        let peer = if host == 'a' { 2 } else { 1 };
        let peers = vec![[192, 0, 2, peer].into()];
        let router = &mut setup.routers[0];
        router.settings.members[0].adverts = Adverts::Unicast { peers, min_ttl: 255 };
        router.members[0].mac = Mac::Virtual("v51".into());
        router.held.addresses = vec![on("v51", VIP.into())];
        setup
    };
    let ear = Ear::new(&lab, 'a');
    let mut a = lab.try_start('a', unicast('a', 150)).unwrap();
    a.role(Role::Active);
    let mut b = lab.try_start('b', unicast('b', 100)).unwrap();
    b.role(Role::Backup);
    let mut said = Vec::new();
    until("an advert", || {
        said.extend(ear.heard());
        !said.is_empty()
    });
    assert_eq!(said[0].mac, [2, 0, 0, 0, 0, 1]);
    until("it is heard", || b.report().members[0].peer.is_some());
}
