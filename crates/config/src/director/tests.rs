use clock::Interval;
use health::{HttpGet, Question};

use super::*;
use crate::check;

const EXAMPLE: &str = include_str!("../../tests/golden/example.toml");
const EVERYTHING: &str = include_str!("../../tests/golden/everything.toml");

#[test]
fn the_example_makes_two_directors_that_mirror_each_other() {
    let (lb1, lb2) = (assembly(EXAMPLE, "lb1"), assembly(EXAMPLE, "lb2"));
    for (one, base, peer) in [(&lb1, 150, 100), (&lb2, 100, 150)] {
        let [plan] = one.routers.as_slice() else { panic!("one router") };
        assert_eq!((plan.id, plan.name.as_str()), (RouterId(0), "web"));
        assert_eq!(plan.interface, "eth0");
        assert_eq!(plan.source, None);
        assert_eq!(plan.settings.priority, priority(base));
        assert_eq!(plan.settings.peer_base, Some(priority(peer)));
        assert_eq!(plan.settings.rival, priority(peer), "no cause raises it");
        assert_eq!(plan.settings.hold, Duration::from_secs(5), "its service is checked");
        assert_eq!(plan.settings.interval, Interval::from_centis(10).unwrap());
        assert_eq!(plan.settings.adverts, router::Adverts::Multicast);
        assert_eq!(plan.settings.addresses, [Ipv4Addr::new(192, 0, 2, 80)]);
        assert_eq!(plan.addresses, [(Ipv4Addr::new(192, 0, 2, 80), 32)]);
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
    assert_eq!(plan.source, Some(Ipv4Addr::new(192, 0, 2, 12)));
    let peers = vec![Ipv4Addr::new(192, 0, 2, 11)];
    assert_eq!(plan.settings.adverts, router::Adverts::Unicast(peers));
    assert_eq!(plan.settings.priority, priority(120), "the router's own for lb2");
    assert_eq!(plan.settings.peer_base, Some(priority(150)), "the director's");
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

fn priority(value: u8) -> Priority {
    Priority::new(value).unwrap()
}
