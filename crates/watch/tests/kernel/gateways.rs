//! Next hops answer, fall silent, come back, move; interfaces vanish under the question.

use coordinator::Reading::{Bad, Good};
use coordinator::Source;

use super::lab::{Host, Watched, settings};

#[test]
fn an_ipv4_gateway_is_good_while_it_answers_arp() {
    let (host, router) = (Host::new(), Host::new());
    host.connect(&router);
    host.ip("addr add 192.0.2.11/24 dev eth0");
    router.ip("link set eth0 address 02:00:00:00:00:01");
    router.ip("addr add 192.0.2.1/24 dev eth0");
    let gateway = gateway("192.0.2.1");
    let mut watched = Watched::start(Some(&host), settings(std::slice::from_ref(&gateway)));
    assert_eq!(watched.says(&gateway, Good), "answers from 02:00:00:00:00:01");
    router.ip("addr del 192.0.2.1/24 dev eth0");
    assert_eq!(watched.says(&gateway, Bad), "no answer within 50ms");
    // Another machine takes its address over: the question goes to everybody again.
    router.ip("link set eth0 address 02:00:00:00:00:02");
    router.ip("addr add 192.0.2.1/24 dev eth0");
    assert_eq!(watched.says(&gateway, Good), "answers from 02:00:00:00:00:02");
    // Without an address of our own it is asked nevertheless.
    host.ip("addr del 192.0.2.11/24 dev eth0");
    router.ip("addr del 192.0.2.1/24 dev eth0");
    watched.says(&gateway, Bad);
    router.ip("addr add 192.0.2.1/24 dev eth0");
    watched.says(&gateway, Good);
    let report = watched.report();
    assert_eq!((report.len(), report[0].reading), (1, Some(Good)));
    watched.stop();
}

#[test]
fn somebody_else_who_answers_is_not_the_gateway() {
    let (host, other) = (Host::new(), Host::new());
    host.connect(&other);
    host.ip("addr add 192.0.2.11/24 dev eth0");
    other.ip("addr add 192.0.2.2/24 dev eth0");
    let (here, absent) = (gateway("192.0.2.2"), gateway("192.0.2.1"));
    let mut watched = Watched::start(Some(&host), settings(&[here.clone(), absent.clone()]));
    watched.says(&here, Good);
    watched.says(&absent, Bad);
    watched.stop();
}

#[test]
fn an_ipv6_gateway_is_good_while_it_advertises_itself() {
    let (host, router) = (Host::new(), Host::new());
    host.connect(&router);
    router.ip("link set eth0 address 02:00:00:00:00:01");
    router.ip("addr add 2001:db8::1/64 dev eth0 nodad");
    router.ip("addr add fe80::1/64 dev eth0 nodad");
    host.ip("addr add 2001:db8::11/64 dev eth0 nodad");
    let (global, local) = (gateway("2001:db8::1"), gateway("fe80::1"));
    let mut watched = Watched::start(Some(&host), settings(&[global.clone(), local.clone()]));
    assert_eq!(watched.says(&global, Good), "answers from 02:00:00:00:00:01");
    watched.says(&local, Good);
    router.ip("addr del 2001:db8::1/64 dev eth0");
    watched.says(&global, Bad);
    assert_eq!(watched.readings[&local].0, Good, "each for itself");
    router.ip("addr del fe80::1/64 dev eth0");
    watched.says(&local, Bad);
    router.ip("addr add fe80::1/64 dev eth0 nodad");
    router.ip("addr add 2001:db8::1/64 dev eth0 nodad");
    watched.says(&global, Good);
    watched.says(&local, Good);
    watched.stop();
}

#[test]
fn an_interface_may_vanish_and_come_back_as_another() {
    let (host, router) = (Host::new(), Host::new());
    let (v4, v6) = (gateway("192.0.2.1"), gateway("fe80::1"));
    let mut watched = Watched::start(Some(&host), settings(&[v4.clone(), v6.clone()]));
    assert!(watched.says(&v4, Bad).starts_with("eth0: "), "{:?}", watched.readings);
    watched.says(&v6, Bad);
    for _ in 0..2 {
        host.connect(&router);
        host.ip("addr add 192.0.2.11/24 dev eth0");
        router.ip("addr add 192.0.2.1/24 dev eth0");
        router.ip("addr add fe80::1/64 dev eth0 nodad");
        watched.says(&v4, Good);
        watched.says(&v6, Good);
        host.ip("link del eth0");
        watched.says(&v4, Bad);
        watched.says(&v6, Bad);
    }
    watched.stop();
}

#[test]
fn an_interface_that_is_down_has_no_gateway() {
    let (host, router) = (Host::new(), Host::new());
    host.connect(&router);
    host.ip("addr add 192.0.2.11/24 dev eth0");
    router.ip("addr add 192.0.2.1/24 dev eth0");
    let gateway = gateway("192.0.2.1");
    let mut watched = Watched::start(Some(&host), settings(std::slice::from_ref(&gateway)));
    watched.says(&gateway, Good);
    host.ip("link set eth0 down");
    watched.says(&gateway, Bad);
    host.ip("link set eth0 up");
    watched.says(&gateway, Good);
    watched.stop();
}

fn gateway(address: &str) -> Source {
    Source::Gateway(address.parse().unwrap(), "eth0".into())
}
