use std::net::IpAddr;

use clock::Interval;
use coordinator::{Impact, Source};
use health::{HttpGet, Question};
use track::{Run, Timing};
use vrrp_proto::held::{Accept, AnnouncePolicy, Mac, MemberSetup, VirtualRoute, VirtualRule};
use vrrp_proto::{ChecksumPolicy, Family, Priority, router};

use super::*;
use crate::check;

const EXAMPLE: &str = include_str!("../../tests/golden/example.toml");
const GROUP: &str = include_str!("../../tests/golden/example-group.toml");
const EVERYTHING: &str = include_str!("../../tests/golden/everything.toml");

#[test]
fn the_example_makes_two_directors_that_mirror_each_other() {
    let (lb1, lb2) = (assembly(EXAMPLE, "lb1"), assembly(EXAMPLE, "lb2"));
    for (one, base, peer) in [(&lb1, 150, 100), (&lb2, 100, 150)] {
        let [plan] = one.routers.as_slice() else { panic!("one router") };
        assert_eq!((plan.id, plan.name.as_str()), (RouterId(0), "web"));
        let at = MemberSetup { interface: "eth0".into(), source: None, mac: Mac::Interface };
        assert_eq!(plan.members, [at]);
        assert_eq!(plan.settings.priority, priority(base));
        assert_eq!(plan.settings.peer_base, Some(priority(peer)));
        assert_eq!(plan.settings.rival, priority(peer), "no cause raises it");
        assert_eq!(plan.settings.hold, Duration::from_secs(5), "its service is checked");
        assert_eq!(plan.settings.interval, Interval::from_centis(10).unwrap());
        let [member] = plan.settings.members.as_slice() else { panic!("one member") };
        assert_eq!(member.adverts, router::Adverts::Multicast);
        assert_eq!(member.protocol, router::Protocol::V3Ipv4(ChecksumPolicy::Auto));
        assert_eq!(member.addresses, [address("192.0.2.80")]);
        assert_eq!(shown(plan), ["eth0 192.0.2.80/32"]);
    }
    assert_eq!(lb1.checks, lb2.checks);
    assert_eq!(lb1.coordinator.pools, lb2.coordinator.pools);
}

#[test]
fn a_quorum_is_held_for_the_slowest_bound_of_its_check() {
    let assembly = assembly(EXAMPLE, "lb1");
    let pool = assembly.coordinator.pools.values().next().unwrap();
    assert_eq!(pool.router, Some(RouterId(0)));
    // Three intervals of 1.1 s and one timeout of 1 s.
    assert_eq!(pool.quorum.unwrap().hold, Duration::from_millis(4_300));
    assert_eq!(assembly.coordinator.hold, Duration::from_secs(5));
}

#[test]
fn every_server_has_a_check_of_its_own_in_the_order_of_the_file() {
    let assembly = assembly(EVERYTHING, "lb2");
    let targets: Vec<String> =
        assembly.checks.values().map(|check| check.target.to_string()).collect();
    assert_eq!(targets, ["10.0.1.11:8080", "10.0.1.12:8080", "10.0.1.11:5353"]);
    assert!(assembly.checks.keys().copied().eq((0..3).map(CheckId)));
    let get = HttpGet {
        path: "/healthz?deep=1".into(),
        host: Some("www.example.org".into()),
        status: vec![200..=200, 301..=302],
    };
    assert_eq!(assembly.checks[&CheckId(0)].question, Question::Http(get));
    let http = assembly.coordinator.pools.values().find(|pool| pool.name == "http").unwrap();
    let checks: Vec<_> = http.servers.values().map(|server| server.check).collect();
    assert_eq!(checks, [Some(CheckId(0)), Some(CheckId(1))]);
}

#[test]
fn unicast_adverts_go_from_our_address_to_the_others() {
    let plan = &assembly(EVERYTHING, "lb2").routers[0];
    let own = &plan.members[plan.parts[0].members.clone()];
    let sources: Vec<_> = own.iter().map(|member| member.source).collect();
    assert_eq!(sources, [Some(address("192.0.2.12")), Some(address("2001:db8::12"))]);
    for (member, peer) in plan.settings.members.iter().zip(["192.0.2.11", "2001:db8::11"]) {
        let peers = vec![address(peer)];
        assert_eq!(member.adverts, router::Adverts::Unicast { peers, min_ttl: 254 });
    }
    assert_eq!(plan.settings.priority, priority(120), "the router's own for lb2");
    assert_eq!(plan.settings.peer_base, Some(priority(150)), "the director's");
}

#[test]
fn a_router_with_both_families_is_two_virtual_routers_that_move_together() {
    let plan = with("\"192.0.2.80\", \"2001:db8::80/64\", \"192.0.2.81/24\"", "");
    let [v4, v6] = plan.settings.members.as_slice() else { panic!("two members") };
    assert_eq!((v4.vrid, v4.protocol.family()), (v6.vrid, Family::V4));
    assert_eq!(v4.addresses, [address("192.0.2.80"), address("192.0.2.81")]);
    assert_eq!(v6.protocol, router::Protocol::V3Ipv6);
    // VRID 51 is 0x33: the interface identifier of 00:00:5e:00:02:33.
    assert_eq!(v6.addresses, [address("fe80::5e00:233"), address("2001:db8::80")]);
    let held = [
        "eth0 192.0.2.80/32",
        "eth0 fe80::5e00:233/128",
        "eth0 2001:db8::80/64",
        "eth0 192.0.2.81/24",
    ];
    assert_eq!(shown(&plan), held);
    assert_eq!(plan.parts, [Part { name: "web".into(), members: 0..2, addresses: 0..4 }]);
}

#[test]
fn a_link_local_address_of_the_file_is_taken_if_it_is_the_first() {
    let plan = with("\"192.0.2.80\", \"fe80::80\", \"2001:db8::80\"", "");
    assert_eq!(plan.settings.members[1].addresses, [address("fe80::80"), address("2001:db8::80")]);
    let late = with("\"192.0.2.80\", \"2001:db8::80\", \"fe80::80\"", "");
    let first = late.settings.members[1].addresses[0];
    assert_eq!(first, address("fe80::5e00:233"));
    assert_eq!(late.settings.members[1].addresses.len(), 3);
}

#[test]
fn what_is_not_advertised_is_held_behind_the_rest() {
    let plan = with("\"192.0.2.80\"", "unadvertised = [\"198.51.100.1\", \"2001:db8::1\"]");
    assert_eq!(plan.settings.members.len(), 1, "no IPv6 is advertised");
    assert_eq!(plan.settings.members[0].addresses, [address("192.0.2.80")]);
    let held = ["eth0 192.0.2.80/32", "eth0 198.51.100.1/32", "eth0 2001:db8::1/128"];
    assert_eq!(shown(&plan), held);
}

#[test]
fn a_virtual_mac_has_a_device_for_each_family_and_its_addresses_stand_there() {
    let plan = with(
        "\"192.0.2.80\", \"2001:db8::80\", { address = \"192.0.2.81\", interface = \"eth9\" }",
        "virtual_mac = true",
    );
    let macs: Vec<_> = plan.members.iter().map(|member| member.mac.clone()).collect();
    let device = |name: &str| Mac::Virtual(name.into());
    assert_eq!(macs, [device("gm4-51-eth0"), device("gm6-51-eth0")]);
    let held = [
        "gm4-51-eth0 192.0.2.80/32",
        "gm6-51-eth0 fe80::5e00:233/64",
        "gm6-51-eth0 2001:db8::80/128",
        "eth9 192.0.2.81/32",
    ];
    assert_eq!(shown(&plan), held);
    let named = with("\"192.0.2.80\", \"2001:db8::80\"", "virtual_mac = \"vrrp.51\"");
    let macs: Vec<_> = named.members.iter().map(|member| member.mac.clone()).collect();
    assert_eq!(macs, [device("vrrp.51"), device("vrrp.51-6")]);
    let none = with("\"192.0.2.80\"", "virtual_mac = false");
    assert_eq!(none.members[0].mac, Mac::Interface);
}

#[test]
fn a_device_of_a_long_interface_has_a_name_that_linux_takes() {
    let text = EXAMPLE.replace("interface = \"eth0\"", "interface = \"enp129s0f1.4094\"");
    let text = text.replace("vrid = 51", "vrid = 255\nvirtual_mac = true");
    let plan = assembly(&text, "lb1").routers.remove(0);
    let Mac::Virtual(name) = &plan.members[0].mac else { panic!("a device") };
    assert_eq!(name.len(), 15, "{name}");
    assert!(name.starts_with("gm4-255-"), "{name}");
}

#[test]
fn version_two_has_its_password_and_no_checksum() {
    let text = EXAMPLE
        .replace("interval = \"100ms\"", "interval = \"2s\"\nversion = 2\npassword = \"sesame\"");
    let plan = assembly(&text, "lb1").routers.remove(0);
    let auth = router::Auth::Password(*b"sesame\0\0");
    assert_eq!(plan.settings.members[0].protocol, router::Protocol::V2(auth));
}

#[test]
fn timing_and_policy_are_carried() {
    let keys = "preempt_delay = \"30s\"\nstartup_delay = \"10s\"\ndown_factor = 5\n\
                strict = true\naccept = true";
    let plan = with("\"192.0.2.80\"", keys);
    let settings = &plan.settings;
    assert_eq!(settings.preempt_delay, Duration::from_secs(30));
    assert_eq!(settings.startup_delay, Duration::from_secs(10));
    assert_eq!(settings.down_factor.get(), 5);
    assert_eq!(settings.members[0].strictness, router::Strictness::Strict);
    assert_eq!(plan.held.accept, Accept::Yes);
}

#[test]
fn an_owner_is_255_and_the_other_knows_it() {
    let text = EXAMPLE.replace("priority = 150", "priority = 255");
    assert_eq!(assembly(&text, "lb1").routers[0].settings.priority, Priority::OWNER);
    let other = &assembly(&text, "lb2").routers[0].settings;
    assert_eq!((other.rival, other.peer_base), (Priority::OWNER, Some(Priority::OWNER)));
}

#[test]
fn a_group_is_one_decision_with_the_members_and_causes_of_all() {
    let assembly = assembly(GROUP, "lb2");
    let [plan] = assembly.routers.as_slice() else { panic!("one plan") };
    assert_eq!(plan.name, "edge");
    let members: Vec<_> = plan.settings.members.iter().map(|one| one.protocol.family()).collect();
    assert_eq!(members, [Family::V4, Family::V6, Family::V4]);
    let interfaces: Vec<_> = plan.members.iter().map(|one| one.interface.as_str()).collect();
    assert_eq!(interfaces, ["eth0", "eth0", "eth1"]);
    let parts = [
        Part { name: "outside".into(), members: 0..2, addresses: 0..3 },
        Part { name: "inside".into(), members: 2..3, addresses: 3..4 },
    ];
    assert_eq!(plan.parts, parts);
    assert_eq!(plan.settings.deciders, router::Deciders::All);
    let policy = &assembly.coordinator.routers[&plan.id];
    assert_eq!((policy.name.as_str(), policy.base), ("edge", priority(100)));
    assert_eq!(policy.track.len(), 1);
    let pool = assembly.coordinator.pools.values().next().unwrap();
    assert_eq!(pool.router, Some(plan.id), "the service names one of its routers");
    let rival = |text: &str| self::assembly(text, "lb2").routers[0].settings.rival;
    assert_eq!(rival(GROUP), priority(150));
    let rises =
        GROUP.replace("priority = -60", "priority = 7").replace("weight = -60", "weight = 5");
    assert_eq!(rival(&rises), priority(162), "the causes of both add up");
}

#[test]
fn a_leader_is_the_first_half_of_its_router() {
    let led = |name: &str| {
        let routers = "routers = [\"inside\", \"outside\"]";
        let text = GROUP.replace(
            "routers = [\"outside\", \"inside\"]",
            &format!("{routers}\nleader = \"{name}\""),
        );
        assembly(&text, "lb1").routers[0].settings.deciders
    };
    assert_eq!(led("inside"), router::Deciders::Leader(0));
    assert_eq!(led("outside"), router::Deciders::Leader(1));
}

#[test]
fn tracked_sources_have_their_impact_their_hold_and_one_timing() {
    let track = "track = [\
        { gateway = \"192.0.2.1\", weight = -20, interval = \"200ms\", fall = 5 }, \
        { process = \"haproxy\", fault = true, fall = \"3s\" }, \
        { file = \"/run/x\", weight = 2 }]";
    let text = EXAMPLE.replace("track = [{ interface = \"eth1\", weight = -60 }]", track);
    let assembly = assembly(&text, "lb1");
    let gateway = Source::Gateway(address("192.0.2.1"), "eth0".into());
    let process = Source::Process("haproxy".into());
    let file = Source::File("/run/x".into());
    let gateway_timing = Timing {
        interval: Duration::from_millis(200),
        timeout: Duration::from_millis(200),
        fall: Run::of(5),
        rise: Run::of(2),
    };
    let lasting = Run { lasting: Duration::from_secs(3), ..Run::of(1) };
    let sources = BTreeMap::from([
        (gateway.clone(), gateway_timing),
        (process.clone(), Timing { fall: lasting, ..Timing::of(&process) }),
        (file.clone(), Timing::of(&file)),
    ]);
    assert_eq!(assembly.track.sources, sources);
    let (weight, fault) = (Impact::Weight, Impact::Fault);
    let held = Some(gateway_timing.bound());
    let track = [
        coordinator::Track { source: gateway, impact: weight(-20), hold: held },
        coordinator::Track { source: process, impact: fault, hold: None },
        coordinator::Track { source: file, impact: weight(2), hold: None },
    ];
    assert_eq!(assembly.coordinator.routers[&RouterId(0)].track, track);
    let rival = assembly.routers[0].settings.rival;
    assert_eq!(rival, Priority::MAX, "the other's file may hold any number");
}

#[test]
fn a_claim_waits_for_what_is_asked_of_the_machine() {
    let hold = |track: &str| {
        let keys = format!("[{track}]");
        let text = EXAMPLE.replace("[{ interface = \"eth1\", weight = -60 }]", &keys);
        let text: String = text
            .lines()
            .filter(|line| !line.starts_with("check"))
            .fold(String::new(), |all, line| all + line + "\n");
        assembly(&text, "lb1").routers[0].settings.hold
    };
    assert_eq!(hold("{ interface = \"eth1\", fault = true }"), Duration::ZERO);
    assert_eq!(hold("{ process = \"haproxy\", fault = true }"), Duration::from_secs(5));
}

#[test]
fn routes_rules_and_announcements_are_held_with_the_addresses() {
    let keys = "route = [\"default via 192.0.2.1 dev eth0 table 100 src 192.0.2.80 metric 10\"]\n\
                rule = [\"from 192.0.2.80 table 100 priority 1000\"]";
    let plan = with("\"192.0.2.80\"", keys);
    let route = VirtualRoute {
        to: (address("0.0.0.0"), 0),
        via: Some(address("192.0.2.1")),
        interface: Some("eth0".into()),
        source: Some(address("192.0.2.80")),
        table: Some(100),
        metric: Some(10),
    };
    assert_eq!(plan.held.routes, [route]);
    let rule = VirtualRule {
        from: Some((address("192.0.2.80"), 32)),
        to: None,
        mark: None,
        table: 100,
        priority: Some(1000),
    };
    assert_eq!(plan.held.rules, [rule]);
    assert_eq!(plan.held.announce, AnnouncePolicy::default());
    let text = EXAMPLE
        .replace("[[router]]", "[announce]\nburst = 3\nrefresh = false\nrate = false\n[[router]]");
    let announce = assembly(&text, "lb1").routers[0].held.announce;
    assert_eq!(announce, AnnouncePolicy { burst: 3, refresh: None, rate: None });
}

#[test]
fn the_rival_counts_every_cause_that_can_raise_it() {
    let text = EXAMPLE
        .replace("weight = -60 }", "weight = -60 }, { interface = \"eth2\", weight = 30 }")
        .replace("down_below = 1, priority = -60", "down_below = 1, priority = 40");
    assert_eq!(assembly(&text, "lb1").routers[0].settings.rival, priority(170));
    assert_eq!(assembly(&text, "lb2").routers[0].settings.rival, priority(220));
}

#[test]
fn a_director_alone_fears_anybody() {
    let start = EXAMPLE.rfind("[[director]]").unwrap();
    let end = EXAMPLE.find("[[router]]").unwrap();
    let alone = format!("{}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
    let settings = &assembly(&alone, "lb1").routers[0].settings;
    assert_eq!((settings.rival, settings.peer_base), (Priority::MAX, None));
}

#[test]
fn without_a_check_no_claim_waits() {
    let text: String = EXAMPLE
        .lines()
        .filter(|line| !line.starts_with("check"))
        .fold(String::new(), |all, line| all + line + "\n");
    assert_eq!(assembly(&text, "lb1").routers[0].settings.hold, Duration::ZERO);
    assert!(assembly(&text, "lb1").checks.is_empty());
}

#[test]
fn a_stranger_gets_nothing_unless_there_is_nothing_to_get() {
    let settings = check("f.toml", EXAMPLE).settings.unwrap();
    assert!(settings.for_director("lb3").is_none());
    let nothing = check("f.toml", "[pair]\nname = \"edge\"\n").settings.unwrap();
    assert!(nothing.for_director("lb3").is_some_and(|assembly| assembly.routers.is_empty()));
}

fn assembly(text: &str, director: &str) -> Assembly {
    let report = check("f.toml", text);
    let settings = report.settings.unwrap_or_else(|| panic!("{:#?}", report.problems));
    settings.for_director(director).unwrap()
}

/// A router that names these addresses, with more keys behind.
fn with(addresses: &str, keys: &str) -> RouterPlan {
    let text = EXAMPLE
        .replace("addresses = [\"192.0.2.80\"]", &format!("addresses = [{addresses}]\n{keys}"));
    assembly(&text, "lb1").routers.remove(0)
}

/// What is held, and where.
fn shown(plan: &RouterPlan) -> Vec<String> {
    let held = plan.held.addresses.iter();
    held.map(|one| format!("{} {}/{}", one.interface, one.address, one.prefix)).collect()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn priority(value: u8) -> Priority {
    Priority::new(value).unwrap()
}
