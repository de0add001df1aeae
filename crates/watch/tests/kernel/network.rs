//! Addresses and routes come and go.

use std::net::IpAddr;

use coordinator::Reading::{Bad, Good};
use coordinator::Source;

use super::lab::{Host, Watched, settings};

#[test]
fn an_address_is_there_while_some_interface_has_it() {
    let host = Host::new();
    two_ends(&host);
    let (v4, v6) = (address("192.0.2.7"), address("2001:db8::7"));
    host.ip("addr add 2001:db8::7/64 dev d0 nodad");
    let mut watched = Watched::start(Some(&host), settings(&[v4.clone(), v6.clone()]));
    assert_eq!(watched.says(&v4, Bad), "is not on an interface");
    assert_eq!(watched.says(&v6, Good), "is on an interface");
    host.ip("addr add 192.0.2.7/24 dev d0");
    watched.says(&v4, Good);
    // Twice there, once removed: still there, which the next change shows.
    host.ip("addr add 192.0.2.7/32 dev d1");
    host.ip("addr del 192.0.2.7/24 dev d0");
    host.ip("addr del 2001:db8::7/64 dev d0");
    watched.says(&v6, Bad);
    assert_eq!(watched.readings[&v4].0, Good);
    host.ip("link del d1");
    watched.says(&v4, Bad);
    watched.stop();
}

#[test]
fn an_ipv6_address_somebody_else_has_is_not_there() {
    let (host, other) = (Host::new(), Host::new());
    host.connect(&other);
    other.ip("addr add 2001:db8::7/64 dev eth0 nodad");
    let (taken, free) = (address("2001:db8::7"), address("2001:db8::8"));
    let mut watched = Watched::start(Some(&host), settings(&[taken.clone(), free.clone()]));
    host.ip("addr add 2001:db8::7/64 dev eth0");
    host.ip("addr add 2001:db8::8/64 dev eth0");
    // Duplicate address detection of both takes a second or so; then one is good and one is not.
    watched.says(&free, Good);
    watched.says(&taken, Bad);
    watched.stop();
}

#[test]
fn a_route_is_there_while_the_main_table_has_one_that_works() {
    let host = Host::new();
    two_ends(&host);
    host.ip("addr add 192.0.2.1/24 dev d0");
    host.ip("addr add 2001:db8::1/64 dev d0 nodad");
    let (net, default) = (route("10.0.0.0", 8), route("0.0.0.0", 0));
    let default6 = route("::", 0);
    let sources = [net.clone(), default.clone(), default6.clone()];
    let mut watched = Watched::start(Some(&host), settings(&sources));
    for source in &sources {
        assert_eq!(watched.says(source, Bad), "is not in the main table");
    }
    host.ip("route add 10.0.0.0/8 via 192.0.2.254");
    watched.says(&net, Good);
    host.ip("route add default via 192.0.2.254 metric 5");
    watched.says(&default, Good);
    host.ip("-6 route add default via 2001:db8::fe");
    watched.says(&default6, Good);
    // A second one of another metric, then the first goes, then it is replaced: there all the time.
    host.ip("route add default via 192.0.2.253 metric 9");
    host.ip("route del default metric 5");
    host.ip("route change default via 192.0.2.252 metric 9");
    // What does not forward, or stands in another table, is none.
    host.ip("route del 10.0.0.0/8");
    watched.says(&net, Bad);
    assert_eq!(watched.readings[&default].0, Good);
    host.ip("route add blackhole 10.0.0.0/8");
    host.ip("route add 10.0.0.0/8 via 192.0.2.254 table 100");
    host.ip("route add 10.0.0.0/9 via 192.0.2.254");
    host.ip("-6 route del default");
    watched.says(&default6, Bad);
    assert_eq!(watched.readings[&net].0, Bad);
    watched.stop();
}

#[test]
fn a_route_that_goes_with_its_link_without_a_word_is_missed() {
    let host = Host::new();
    two_ends(&host);
    host.ip("addr add 192.0.2.1/24 dev d0");
    host.ip("route add default via 192.0.2.254");
    let default = route("0.0.0.0", 0);
    let mut watched = Watched::start(Some(&host), settings(std::slice::from_ref(&default)));
    watched.says(&default, Good);
    host.ip("link set d0 down");
    watched.says(&default, Bad);
    host.ip("link set d0 up");
    host.ip("route add default via 192.0.2.254");
    watched.says(&default, Good);
    host.ip("addr del 192.0.2.1/24 dev d0");
    watched.says(&default, Bad);
    watched.stop();
}

#[test]
fn a_list_of_thousands_is_read_in_pieces() {
    let host = Host::new();
    two_ends(&host);
    host.ip("addr add 192.0.2.1/24 dev d0");
    let folder = tempfile::tempdir().unwrap();
    let batch = folder.path().join("routes");
    let routes = (0..20_000_u32)
        .map(|n| format!("route add 10.{}.{}.0/25 via 192.0.2.254\n", n / 250, n % 250));
    std::fs::write(&batch, routes.collect::<String>()).unwrap();
    host.ip(&format!("-batch {}", batch.display()));
    let (first, last, none) =
        (route("10.0.0.0", 25), route("10.79.249.0", 25), route("10.79.250.0", 25));
    let mut watched =
        Watched::start(Some(&host), settings(&[first.clone(), last.clone(), none.clone()]));
    watched.says(&first, Good);
    watched.says(&last, Good);
    watched.says(&none, Bad);
    host.ip("route del 10.79.249.0/25");
    watched.says(&last, Bad);
    watched.stop();
}

/// Interfaces without anybody else: `d0` and `d1`, one cable.
fn two_ends(host: &Host) {
    host.ip("link add d0 type veth peer name d1");
    host.ip("link set d0 up");
    host.ip("link set d1 up");
}

fn address(text: &str) -> Source {
    Source::Address(text.parse().unwrap())
}

fn route(to: &str, prefix: u8) -> Source {
    Source::Route(to.parse::<IpAddr>().unwrap(), prefix)
}
