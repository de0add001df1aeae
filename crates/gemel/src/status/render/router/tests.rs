use super::*;
use crate::status::{Address, Peer, VirtualMac};

#[test]
fn the_priority_is_shown_as_the_sum_it_is() {
    let cause = Cause {
        name: "quorum tcp://192.0.2.80:80".into(),
        value: -60,
        counts: true,
        since_s: 4.0,
        held_for_s: None,
    };
    let router = Router { priority: 90, causes: vec![cause], ..router() };
    let text = router.to_string();
    assert!(text.contains("web: Backup for 1 min 15 s (peer-higher)\n"), "{text}");
    assert!(text.contains("priority 90 = base 150 -60 quorum tcp://192.0.2.80:80\n"), "{text}");
}

#[test]
fn each_virtual_router_of_a_group_s_router_has_its_line() {
    let six = Member {
        family: "IPv6".into(),
        source: Some("fe80::1".into()),
        link_local: Some("fe80::5e00:233".into()),
        virtual_mac: Some(VirtualMac {
            device: "gm6-51-eth0".into(),
            address: "00:00:5e:00:02:33".into(),
        }),
        is_leader: true,
        ..member()
    };
    let router = Router { group: Some("edge".into()), members: vec![member(), six], ..router() };
    let expected = "\nrouter web: Backup for 1 min 15 s (peer-higher), group edge
  priority 150 = base 150
  IPv4 VRRPv3 VRID 51 multicast on eth0 from 192.0.2.11
    peer 192.0.2.12 last heard 0.1 s ago, priority 200
  IPv6 VRRPv3 VRID 51 multicast on eth0 from fe80::1, leads the group, as 00:00:5e:00:02:33 on gm6-51-eth0, link-local fe80::5e00:233
    peer 192.0.2.12 last heard 0.1 s ago, priority 200
  advertises every 100 ms; takes over after 364.8 ms of silence
  addresses 192.0.2.80/32 2001:db8::80/128 on gm6-51-eth0 (not advertised)
";
    assert_eq!(router.to_string(), expected);
}

#[test]
fn a_silent_link_and_a_silent_peer_are_told_apart() {
    let deaf = Member { source: None, link: "down".into(), peer: None, ..member() };
    assert!(
        deaf.to_string().contains("on eth0, which is down or absent\n    nobody heard"),
        "{deaf}"
    );
    let bare = Member { source: None, link: "no-address".into(), ..member() };
    assert!(bare.to_string().contains("lacks the address"), "{bare}");
}

#[test]
fn of_very_many_addresses_the_first_are_shown_and_the_rest_counted() {
    let one = router().addresses.remove(0);
    let router = Router { addresses: vec![one; 5_000], ..router() };
    assert!(router.to_string().ends_with("192.0.2.80/32 and 4980 more\n"), "{router}");
}

fn router() -> Router {
    let address = |address: &str, interface: &str, advertised| Address {
        address: address.into(),
        interface: interface.into(),
        advertised,
    };
    Router {
        name: "web".into(),
        group: None,
        interface: "eth0".into(),
        vrid: 51,
        role: "Backup".into(),
        since_s: 75.0,
        since: "2026-01-01T00:00:00Z".into(),
        up_datetime: None,
        reason: "peer-higher".into(),
        last_event: "vrrp-event-higher-priority-backup".into(),
        new_active_reason: "not-active".into(),
        is_owner: false,
        priority: 150,
        base: 150,
        causes: Vec::new(),
        preempt: true,
        preempt_delay_s: 0.0,
        startup_delay_s: 0.0,
        accept: true,
        peer: None,
        interval_ms: 100,
        down_factor: 3,
        skew_us: 64_843,
        active_down_ms: 364.8,
        addresses: vec![
            address("192.0.2.80/32", "eth0", true),
            address("2001:db8::80/128", "gm6-51-eth0", false),
        ],
        members: vec![member()],
        socket_counters: [].into(),
    }
}

fn member() -> Member {
    Member {
        family: "IPv4".into(),
        version: 3,
        vrid: 51,
        interface: "eth0".into(),
        link: "up".into(),
        source: Some("192.0.2.11".into()),
        virtual_mac: None,
        link_local: None,
        adverts: "multicast".into(),
        peers: Vec::new(),
        is_leader: false,
        checksum: Some("pseudo-header".into()),
        last_adv_source: Some("192.0.2.12".into()),
        peer: Some(Peer {
            address: "192.0.2.12".into(),
            priority: 200,
            interval_ms: 100,
            heard_s_ago: 0.1,
        }),
        counters: [].into(),
    }
}
