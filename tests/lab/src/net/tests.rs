use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

use super::{Host, Lab, NETNS_DIR, PREFIX, ip};

#[test]
fn hosts_of_one_bridge_reach_each_other_until_traffic_is_dropped_or_the_cable_cut() {
    let mut lab = Lab::new().unwrap();
    let one = lab.host("one", &[("eth0", "front", "192.0.2.1/24")]).unwrap();
    let two = lab.host("two", &[("eth0", "front", "192.0.2.2/24")]).unwrap();
    check(&one, &two, Reach::Yes, Carrier::Yes);

    lab.drop_traffic("one", "eth0").unwrap();
    check(&one, &two, Reach::No, Carrier::Yes);
    lab.heal("one", "eth0").unwrap();
    check(&one, &two, Reach::Yes, Carrier::Yes);

    lab.cut("one", "eth0").unwrap();
    check(&one, &two, Reach::No, Carrier::No);
    lab.mend("one", "eth0").unwrap();
    check(&one, &two, Reach::Yes, Carrier::Yes);
}

#[test]
fn labs_do_not_see_each_other() {
    let mut lab = Lab::new().unwrap();
    let mut other = Lab::new().unwrap();
    let one = lab.host("one", &[("eth0", "front", "192.0.2.1/24")]).unwrap();
    let two = other.host("two", &[("eth0", "front", "192.0.2.2/24")]).unwrap();
    check(&one, &two, Reach::No, Carrier::Yes);
}

#[test]
fn a_dropped_lab_leaves_no_namespace() {
    let mut lab = Lab::new().unwrap();
    let host = lab.host("one", &[("eth0", "front", "")]).unwrap();
    let names = [host.namespace().to_owned(), lab.switch().namespace().to_owned()];
    assert!(names.iter().all(|name| exists(name)), "{names:?}");
    drop(lab);
    assert!(!names.iter().any(|name| exists(name)), "{names:?}");
}

#[test]
fn what_a_dead_process_left_is_swept_away() {
    // No process has this number: it is over the greatest that Linux allows.
    let leftover = format!("{PREFIX}4194305-0-one");
    ip(None, &[format!("netns add {leftover}")]).unwrap();
    let _lab = Lab::new().unwrap();
    assert!(!exists(&leftover));
}

#[test]
fn a_command_and_a_sysctl_are_inside_their_host() {
    let mut lab = Lab::new().unwrap();
    let host = lab.host("one", &[("eth0", "front", "192.0.2.1/24")]).unwrap();
    assert!(host.output("ip", &["addr", "show", "dev", "eth0"]).unwrap().contains("192.0.2.1/24"));
    host.sysctl(&[("net.ipv4.conf.eth0.arp_ignore", "2")]).unwrap();
    let inside = host.enter(|| std::fs::read_to_string("/proc/sys/net/ipv4/conf/eth0/arp_ignore"));
    assert_eq!(inside.unwrap().trim(), "2");
}

#[derive(Debug, PartialEq)]
enum Reach {
    Yes,
    No,
}

#[derive(Debug, PartialEq)]
enum Carrier {
    Yes,
    No,
}

/// Sends datagrams from `one` to `two` for as long as one is wanted and a little while otherwise.
fn check(one: &Host, two: &Host, reach: Reach, carrier: Carrier) {
    let receiver = two.enter(|| UdpSocket::bind("0.0.0.0:7")).unwrap();
    let sender = one.enter(|| UdpSocket::bind("0.0.0.0:0")).unwrap();
    receiver.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let tries = if reach == Reach::Yes { 100 } else { 5 };
    let mut arrived = Reach::No;
    for _ in 0..tries {
        // A send may be refused while the neighbour cannot be resolved: then it has not arrived.
        if let Err(error) = sender.send_to(b"hello", "192.0.2.2:7") {
            assert_ne!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        if receiver.recv(&mut [0; 16]).is_ok() {
            arrived = Reach::Yes;
            break;
        }
    }
    assert_eq!(arrived, reach);
    let link = one.output("ip", &["link", "show", "dev", "eth0"]).unwrap();
    let lit = if link.contains("NO-CARRIER") { Carrier::No } else { Carrier::Yes };
    assert_eq!(lit, carrier, "{link}");
}

fn exists(namespace: &str) -> bool {
    std::fs::exists(format!("{NETNS_DIR}/{namespace}")).unwrap()
}
