use clock::Duration;
use vrrp_proto::election::{Peer, SeatCounters};
use vrrp_proto::router::{LastEvent, NewActiveReason, Reason};
use vrrp_proto::{Checksum, Role, RouterId};

use super::*;

const FILE: &str = r#"
[pair]
name = "p"
[[director]]
name = "lb1"
[[director]]
name = "lb2"
[[router]]
name = "outside"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.80", "2001:db8::80"]
unadvertised = ["198.51.100.1"]
virtual_mac = true
[[router]]
name = "inside"
interface = "eth1"
vrid = 52
adverts = "unicast"
peers = { lb1 = "10.0.1.11", lb2 = "10.0.1.12" }
addresses = ["10.0.1.1/24"]
[[group]]
name = "edge"
routers = ["outside", "inside"]
leader = "inside"
"#;

#[test]
fn a_router_of_a_group_has_its_own_members_and_the_group_s_decision() {
    let (now, plan, report) = (at(100), plan(), report());
    let outside = members(now, &plan, &plan.parts[0], &report);
    let [v4, v6] = outside.as_slice() else { panic!("both families") };
    assert_eq!((v4.family.as_str(), v4.vrid, v4.version, v4.is_leader), ("IPv4", 51, 3, false));
    assert_eq!((v4.link.as_str(), v4.source.as_deref()), ("up", Some("192.0.2.11")));
    assert_eq!(v4.checksum.as_deref(), Some("rfc9568"));
    assert_eq!(v4.last_adv_source.as_deref(), Some("192.0.2.12"));
    assert_eq!(v4.peer.as_ref().map(|peer| (peer.priority, peer.heard_s_ago)), Some((90, 40.0)));
    let mac = v6.virtual_mac.as_ref().map(|mac| (mac.device.as_str(), mac.address.as_str()));
    assert_eq!(mac, Some(("gm6-51-eth0", "00:00:5e:00:02:33")));
    assert_eq!(v6.link_local.as_deref(), Some("fe80::5e00:233"));
    assert_eq!((v6.link.as_str(), v6.source.as_deref()), ("no-address", None));
    assert_eq!((v6.checksum.as_deref(), v6.last_adv_source.as_deref()), (None, None));
    let inside = members(now, &plan, &plan.parts[1], &report);
    let [one] = inside.as_slice() else { panic!("one family") };
    assert_eq!((one.interface.as_str(), one.link.as_str(), one.is_leader), ("eth1", "down", true));
    assert_eq!(
        (one.adverts.as_str(), one.peers.as_slice()),
        ("unicast", &["10.0.1.12".into()][..])
    );
}

#[test]
fn every_counter_of_a_member_is_named_whether_it_counted_or_not() {
    let (plan, report) = (plan(), report());
    let members = members(at(100), &plan, &plan.parts[0], &report);
    assert_eq!(members[0].counters.len(), SeatCounters::default().named().len());
    assert_eq!(members[0].counters["advertisement-rcvd"], 7);
    assert_eq!(members[1].counters["advertisement-rcvd"], 0);
}

#[test]
fn the_decision_is_told_by_the_names_of_rfc_8347() {
    let router = decision(at(100), &plan(), &report());
    assert_eq!((router.role.as_str(), router.since_s, router.priority), ("Active", 50.0, 100));
    assert_eq!(router.last_event, "vrrp-event-master-timeout");
    assert_eq!(router.new_active_reason, "no-response");
    assert_eq!((router.skew_us, router.active_down_ms), (609_375, 3609.375));
    let sockets = [("receive-queue-drops".to_owned(), 3)];
    assert_eq!(router.socket_counters, sockets.into(), "the shared ones stand elsewhere");
}

#[test]
fn addresses_say_where_they_stand_and_whether_adverts_name_them() {
    let plan = plan();
    let shown = |part: &Part| -> Vec<String> {
        let all = addresses(&plan, part).into_iter();
        all.map(|one| format!("{} {} {}", one.interface, one.address, one.advertised)).collect()
    };
    let outside = [
        "gm4-51-eth0 192.0.2.80/32 true",
        "gm6-51-eth0 fe80::5e00:233/64 true",
        "gm6-51-eth0 2001:db8::80/128 true",
        "gm4-51-eth0 198.51.100.1/32 false",
    ];
    assert_eq!(shown(&plan.parts[0]), outside);
    assert_eq!(shown(&plan.parts[1]), ["eth1 10.0.1.1/24 true"]);
}

fn plan() -> RouterPlan {
    let report = config::check("f.toml", FILE);
    let settings = report.settings.unwrap_or_else(|| panic!("{:#?}", report.problems));
    settings.for_director("lb1").unwrap().routers.remove(0)
}

fn report() -> vrrp::RouterReport {
    let interval = clock::Interval::DEFAULT;
    let peer = Peer {
        address: "192.0.2.12".parse().unwrap(),
        priority: Priority::clamped(90),
        interval,
        at: at(60),
    };
    let heard = SeatCounters { advertisement_rcvd: 7, ..SeatCounters::default() };
    let member = |link, peer, counters| vrrp::MemberReport {
        link,
        peer,
        checksum: Checksum::Rfc9568,
        counters,
        last_discard: None,
        last_other_interval: None,
        last_other_addresses: None,
    };
    vrrp::RouterReport {
        router: RouterId(0),
        role: Role::Active,
        since: at(50),
        reason: Reason::PeerSilent,
        priority: Priority::clamped(100),
        skew: Duration::from_nanos(609_375_000),
        down_interval: Duration::from_nanos(3_609_375_000),
        last_event: LastEvent::MasterTimeout,
        new_active_reason: NewActiveReason::NoResponse,
        members: vec![
            member(Link::Up("192.0.2.11".parse().unwrap()), Some(peer), heard),
            member(Link::Unaddressed, None, SeatCounters::default()),
            member(Link::Down, None, SeatCounters::default()),
        ],
        shared: vec![("checksum-errors", 9), ("receive-queue-drops", 3)],
        worst_lateness_ns: 0,
    }
}

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}
