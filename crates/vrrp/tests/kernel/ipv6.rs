//! Virtual routers over IPv6, alone and beside one over IPv4, on the real kernel.

use std::net::{IpAddr, Ipv6Addr};

use vrrp::{Order, Setup};
use vrrp_proto::router::{Adverts, Link, Protocol, Reason};
use vrrp_proto::wire::MULTICAST_V6;
use vrrp_proto::{ChecksumPolicy, Role};

use crate::directors::role;
use crate::ear::{Ear, Said};
use crate::net::{Director, Lab, VIP, member, until};

/// RFC 9568 5.2.9: the first is a link-local one, the same on both directors.
const V6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x0233)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x80)),
];

fn over_ipv6(lab: &Lab, host: char, priority: u8) -> Setup {
    lab.setup_of(host, priority, vec![member(Protocol::V3Ipv6, &V6)])
}

fn dual(lab: &Lab, host: char, priority: u8) -> Setup {
    let v4 = member(Protocol::V3Ipv4(ChecksumPolicy::Auto), &[VIP.into()]);
    lab.setup_of(host, priority, vec![v4, member(Protocol::V3Ipv6, &V6)])
}

fn pair(lab: &Lab, setup: impl Fn(&Lab, char, u8) -> Setup) -> (Director, Director) {
    let mut a = lab.try_start('a', setup(lab, 'a', 150)).unwrap();
    a.role(Role::Active);
    let mut b = lab.try_start('b', setup(lab, 'b', 100)).unwrap();
    b.role(Role::Backup);
    (a, b)
}

fn link_local(director: &mut Director, member: usize) -> IpAddr {
    let report = director.report();
    let Link::Up(address) = report.members[member].link else { panic!("{report:?}") };
    address
}

#[test]
fn an_ipv6_router_speaks_as_the_rfc_says_and_is_succeeded_and_released() {
    let lab = Lab::new(2);
    let (ear, other) = (Ear::new(&lab, 'a'), Ear::new(&lab, 'b'));
    let (mut a, mut b) = pair(&lab, over_ipv6);
    let from = link_local(&mut a, 0);
    assert!(from.to_string().starts_with("fe80::"), "{from}");
    let said = ear.heard();
    let Said { at, .. } = said[0];
    let want = Said {
        at,
        mac: [2, 0, 0, 0, 0, 1],
        to_mac: [0x33, 0x33, 0, 0, 0, 0x12],
        from,
        to: MULTICAST_V6.into(),
        ttl: 255,
        version: 3,
        vrid: 51,
        priority: 150,
    };
    assert_eq!(said[0], want);
    let mut more = 0;
    until("more adverts", || {
        more += ear.heard().len();
        more > 3
    });
    assert_eq!(other.heard(), [], "the Backup hears them and is silent");
    let report = b.report();
    assert_eq!(report.members[0].peer.map(|peer| peer.address), Some(from));
    assert_eq!(report.members[0].counters.address_list_errors, 0);
    assert_eq!(report.shared, [], "whole, of the right hop limit, and not our own");
    a.order(Order::Release);
    assert_eq!(b.wait("a role", role), (Role::Active, Reason::PeerReleased));
    a.ended();
    assert_eq!(ear.heard().last().map(|said| said.priority), Some(0));
}

#[test]
fn a_restart_resumes_over_ipv6() {
    let lab = Lab::new(2);
    let (mut a, mut b) = pair(&lab, over_ipv6);
    for _ in 0..3 {
        a.keep();
        a = lab.try_start('a', over_ipv6(&lab, 'a', 150)).unwrap();
        assert_eq!(a.wait("a role", role), (Role::Active, Reason::Resumed));
    }
    assert_eq!(b.heard().iter().find_map(role), None);
}

#[test]
fn ipv6_unicast_goes_from_peer_to_peer() {
    let lab = Lab::new(2);
    let address = |last| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last));
    lab.ip('a', "addr add 2001:db8::1/64 dev eth0 nodad");
    lab.ip('b', "addr add 2001:db8::2/64 dev eth0 nodad");
    let unicast = |lab: &Lab, host, priority| {
        let mut setup = over_ipv6(lab, host, priority);
        let (ours, theirs) = if host == 'a' { (1, 2) } else { (2, 1) };
        let adverts = Adverts::Unicast { peers: vec![address(theirs)], min_ttl: 255 };
        setup.routers[0].settings.members[0].adverts = adverts;
        setup.routers[0].members[0].source = Some(address(ours));
        setup
    };
    let ear = Ear::new(&lab, 'a');
    let (a, mut b) = pair(&lab, unicast);
    let said = ear.heard();
    let way = |said: &Said| (said.from, said.to, said.ttl);
    assert_eq!(said.last().map(way), Some((address(1), address(2), 255)));
    assert_eq!(b.report().shared, []);
    a.keep();
    assert_eq!(b.wait("a role", role), (Role::Active, Reason::PeerSilent));
}

#[test]
fn both_families_of_a_group_speak_and_move_together() {
    let lab = Lab::new(2);
    let ear = Ear::new(&lab, 'a');
    let (a, mut b) = pair(&lab, dual);
    let mut said = Vec::new();
    until("adverts of both families", || {
        said.extend(ear.heard());
        said.len() > 7
    });
    let families: Vec<bool> = said.iter().map(|said| said.from.is_ipv4()).collect();
    let v4 = families.iter().filter(|is_v4| **is_v4).count();
    assert!(v4.abs_diff(families.len() - v4) <= 1, "{families:?}");
    let report = b.report();
    assert!(report.members.iter().all(|member| member.peer.is_some()), "{report:?}");
    // A restart finds one slot for the two.
    a.keep();
    let mut a = lab.try_start('a', dual(&lab, 'a', 150)).unwrap();
    assert_eq!(a.wait("a role", role), (Role::Active, Reason::Resumed));
    assert_eq!(b.heard().iter().find_map(role), None);
    a.keep();
    assert_eq!(b.wait("a role", role), (Role::Active, Reason::PeerSilent));
}

#[test]
fn what_breaks_an_ipv6_rule_is_counted_and_told_and_changes_nothing() {
    use vrrp_proto::wire::Discard;
    let lab = Lab::new(3);
    let (_a, mut b) = pair(&lab, over_ipv6);
    lab.inside('c', bad_sum_from_here);
    let told = b.wait("a discard", |fact| {
        let vrrp::Fact::Discards { why, count, from, .. } = fact else { return None };
        Some((*why, *count, from.is_some_and(|from| from.is_ipv6())))
    });
    assert_eq!(told, (Discard::Checksum, 1, true));
    let report = b.report();
    assert_eq!(report.shared, [("checksum-errors", 1)]);
    assert_eq!(report.role, Role::Backup);
}

/// An advert of router 51 and priority 255, but for its checksum.
fn bad_sum_from_here() {
    use socket2::{Domain, Protocol, SockAddr, Socket, Type};
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(112))).unwrap();
    socket.set_multicast_hops_v6(255).unwrap();
    let index = nix::net::if_::if_nametoindex("eth0").unwrap();
    socket.set_multicast_if_v6(index).unwrap();
    let mut message = [0; 24];
    message[..8].copy_from_slice(&[0x31, 51, 255, 1, 0, 10, 0xba, 0xd0]);
    let to = std::net::SocketAddrV6::new(MULTICAST_V6, 0, 0, index);
    until("a source address", || socket.send_to(&message, &SockAddr::from(to)).is_ok());
}
