//! The takeover and the hand-over, as an independent witness on the switch sees them.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clock::{Duration, Interval};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{MsgFlags, sendto};
use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::{EtherTypes, MutableEthernetPacket};
use socket2::{Domain, Socket, Type};
use std::os::fd::AsRawFd;
use vrrp::{Fact, Order};
use vrrp_proto::router::Holding;
use vrrp_proto::{DownFactor, Priority, Role};

use crate::net::{Director, Lab, VIP, arp_ignore, until};
use crate::witness::{ECHO_PORT, Seen, What, Witness, is_advert, is_gratuitous, times};

const MS: i64 = 1_000_000;

fn wait_settled(director: &mut Director, wanted: Holding) {
    director.wait("settled", |fact| {
        matches!(fact, Fact::Settled { holding, .. } if *holding == wanted).then_some(())
    });
}

#[test]
fn a_takeover_comes_when_it_is_due_and_is_announced_at_once() {
    let lab = Lab::new(2);
    let witness = Witness::new(&lab);
    let mut active = ('a', lab.start('a', 100));
    active.1.role(Role::Active);
    wait_settled(&mut active.1, Holding::Held);
    let mut backup = ('b', lab.start('b', 100));
    backup.1.role(Role::Backup);
    let interval = Interval::from_centis(10).unwrap();
    let down = Priority::new(100).unwrap().down(interval, DownFactor::DEFAULT).as_nanos() as i64;
    let (mut late, mut gap) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        witness.seen();
        active.1.keep();
        backup.1.role(Role::Active);
        wait_settled(&mut backup.1, Holding::Held);
        let seen = witness.seen();
        let last = *times(&seen, active.0, is_advert).last().unwrap();
        let first = times(&seen, backup.0, is_advert)[0];
        late.push((first - last - down) / 1_000);
        gap.push((times(&seen, backup.0, is_gratuitous)[0] - first) / 1_000);
        // The one that went comes back as Backup and finds what it left.
        let again = lab.start(active.0, 100);
        active = std::mem::replace(&mut backup, (active.0, again));
        wait_settled(&mut backup.1, Holding::Absent);
    }
    late.sort_unstable();
    gap.sort_unstable();
    println!("advert after Active_Down_Interval, us: {late:?}");
    println!("first gratuitous ARP after the advert, us: {gap:?}");
    assert!(late[0] >= -100, "nobody takes over early: {late:?}");
    assert!(late[5] < 5_000 && gap[5] < 5_000, "median over 5 ms: {late:?} {gap:?}");
}

#[test]
fn a_release_leaves_no_hole_and_no_address() {
    let lab = Lab::new(2);
    let (mut a, mut b) = lab.pair([150, 100]);
    let witness = Witness::new(&lab);
    a.order(Order::Release);
    a.role(Role::Leaving);
    b.role(Role::Active);
    wait_settled(&mut b, Holding::Held);
    a.ended();
    assert!(!lab.has_vip('a') && lab.has_vip('b'));
    assert_eq!(lab.inside('a', arp_ignore), "0");
    let seen = witness.seen();
    let said_zero = times(&seen, 'a', |what| matches!(what, What::Advert(0, ..)));
    let first = times(&seen, 'b', is_advert)[0];
    let skew = Priority::new(100).unwrap().skew(Interval::from_centis(10).unwrap());
    let late = first - said_zero[0] - skew.as_nanos() as i64;
    println!("takeover after Skew_Time: {} us", late / 1_000);
    assert!((-MS / 10..20 * MS).contains(&late), "{late}");
}

#[test]
fn a_release_without_a_successor_ends_in_time() {
    let lab = Lab::new(1);
    let mut a = lab.start('a', 150);
    a.role(Role::Active);
    let start = std::time::Instant::now();
    a.order(Order::Release);
    a.ended();
    assert!(!lab.has_vip('a'));
    assert!(start.elapsed() < Duration::from_millis(1_300), "{:?}", start.elapsed());
}

/// vrrp.md 11.2: whoever still sends to the old Active is served; whoever asks hears the new one.
#[test]
fn the_loser_stops_answering_at_once_but_takes_packets_in_flight() {
    let lab = Lab::new(3);
    let mut a = lab.start('a', 100);
    a.role(Role::Active);
    wait_settled(&mut a, Holding::Held);
    lab.ip('c', "neigh replace 192.0.2.80 lladdr 02:00:00:00:00:01 nud permanent dev eth0");
    let over = Arc::new(AtomicBool::new(false));
    let echo = {
        let over = Arc::clone(&over);
        lab.spawn('a', move || answer_echoes(&over))
    };
    let client = {
        let over = Arc::clone(&over);
        lab.spawn('c', move || ask_all_the_time(&over))
    };
    let witness = Witness::new(&lab);
    let mut seen = Vec::new();
    let heard = |seen: &[Seen], is: What| seen.iter().any(|one| one.host == 'a' && one.what == is);
    until("echoes and ARP replies from a", || {
        seen.extend(witness.seen());
        heard(&seen, What::Echo) && heard(&seen, What::ArpReply(VIP))
    });
    let mut b = lab.start('b', 150);
    a.role(Role::Backup);
    wait_settled(&mut a, Holding::Absent);
    wait_settled(&mut b, Holding::Held);
    over.store(true, Ordering::Relaxed);
    client.join().unwrap();
    echo.join().unwrap();
    seen.extend(witness.seen());
    let won = times(&seen, 'b', is_advert)[0];
    let since = |times: Vec<i64>| times.last().map(|at| (at - won) as f64 / MS as f64).unwrap();
    let answered = since(times(&seen, 'a', |what| what == What::ArpReply(VIP)));
    let served = since(times(&seen, 'a', |what| what == What::Echo));
    println!(
        "after the winner's advert: last ARP reply {answered:.2} ms, last echo {served:.2} ms"
    );
    assert!(answered < 20.0, "{answered}");
    assert!((80.0..250.0).contains(&served), "{served}");
    assert!(!times(&seen, 'b', |what| what == What::ArpReply(VIP)).is_empty());
    assert_eq!(lab.inside('a', arp_ignore), "0", "as it was");
    assert!(!lab.has_vip('a'));
    assert_eq!(lab.local_routes('a'), "");
}

fn answer_echoes(over: &AtomicBool) {
    let socket = UdpSocket::bind(("0.0.0.0", ECHO_PORT)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut bytes = [0; 16];
    while !over.load(Ordering::Relaxed) {
        if let Ok((length, from)) = socket.recv_from(&mut bytes) {
            socket.send_to(&bytes[..length], from).unwrap();
        }
    }
}

/// Each millisecond one echo to the MAC address it knows, and one ARP request to everybody.
fn ask_all_the_time(over: &AtomicBool) {
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    let raw = Socket::new(Domain::PACKET, Type::RAW, None).unwrap();
    let own = getifaddrs().unwrap().find_map(|interface| {
        (interface.interface_name == "eth0").then_some(())?;
        interface.address?.as_link_addr().copied()
    });
    let own = own.unwrap();
    let frame = arp_request();
    while !over.load(Ordering::Relaxed) {
        udp.send_to(b"anybody?", (VIP, ECHO_PORT)).unwrap();
        sendto(raw.as_raw_fd(), &frame, &own, MsgFlags::empty()).unwrap();
        // The rate of the question, not a wait for an answer.
        thread::sleep(Duration::from_millis(1));
    }
}

fn arp_request() -> [u8; 42] {
    let mut frame = [0; 42];
    let (ethernet, arp) = frame.split_at_mut(14);
    let mac = [2, 0, 0, 0, 0, 3];
    let mut packet = MutableEthernetPacket::new(ethernet).unwrap();
    packet.set_destination([0xff; 6].into());
    packet.set_source(mac.into());
    packet.set_ethertype(EtherTypes::Arp);
    let mut packet = MutableArpPacket::new(arp).unwrap();
    packet.set_hardware_type(ArpHardwareTypes::Ethernet);
    packet.set_protocol_type(EtherTypes::Ipv4);
    packet.set_hw_addr_len(6);
    packet.set_proto_addr_len(4);
    packet.set_operation(ArpOperations::Request);
    packet.set_sender_hw_addr(mac.into());
    packet.set_sender_proto_addr([192, 0, 2, 3].into());
    packet.set_target_proto_addr(VIP);
    frame
}
