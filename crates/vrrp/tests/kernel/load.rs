//! Directors under load: floods of bad packets, and many routers. Small by default; figures come
//! from `VRRP_LOAD_SECONDS=10 VRRP_LOAD_ROUTERS=1000 cargo test --release -p vrrp --test kernel
//! load -- --nocapture`.

use std::fs;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clock::{Duration, Interval};
use nix::sys::socket::{LinkAddr, MsgFlags, sendto};
use socket2::{Domain, Socket, Type};
use vrrp::{Fact, Setup};
use vrrp_proto::router::Protocol;
use vrrp_proto::{ChecksumPolicy, Priority, Role, RouterId, Vrid};

use crate::ear::{Ear, Said};
use crate::net::{Lab, member, on, place};

const MS: i64 = 1_000_000;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// An Ethernet frame with an advert of router 51, 192.0.2.80, from 192.0.2.3, and a way to spoil it.
fn frame(spoil: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut ip = vec![0x45, 0xc0, 0, 32, 0, 0, 0, 0, 255, 112, 0, 0, 192, 0, 2, 3, 224, 0, 0, 18];
    ip.extend([0x31, 51, 60, 1, 0, 10, 0, 0, 192, 0, 2, 80]);
    let sum = checksum(&ip[20..]);
    ip[26..28].copy_from_slice(&sum);
    spoil(&mut ip);
    let sum = checksum(&ip[..20]);
    ip[10..12].copy_from_slice(&sum);
    let mut frame = vec![0x01, 0, 0x5e, 0, 0, 0x12, 2, 0, 0, 0, 0, 3, 0x08, 0];
    frame.extend(ip);
    frame
}

/// RFC 1071, of bytes whose checksum field is zero.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let sum: u32 = words.sum();
    let once = (sum >> 16) + (sum & 0xffff);
    (!((once >> 16) + (once & 0xffff)) as u16).to_be_bytes()
}

/// Spoils the sum with the message.
fn resummed(ip: &mut [u8], change: impl Fn(&mut [u8])) {
    change(ip);
    ip[26..28].fill(0);
    let sum = checksum(&ip[20..]);
    ip[26..28].copy_from_slice(&sum);
}

fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("bad checksum", frame(|ip| ip[27] ^= 1)),
        (
            "short",
            frame(|ip| {
                ip.truncate(25);
                ip[3] = 25;
            }),
        ),
        ("TTL 1", frame(|ip| ip[8] = 1)),
        ("wrong version", frame(|ip| resummed(ip, |ip| ip[20] = 0x41))),
        ("lying length", frame(|ip| resummed(ip, |ip| ip[23] = 9))),
        ("other addresses, lower priority", frame(|ip| resummed(ip, |ip| ip[31] = 99))),
        ("foreign number", frame(|ip| resummed(ip, |ip| ip[21] = 77))),
    ]
}

/// Sends a frame so often in a second until it is over; counts what it sent.
fn flood(frame: &[u8], rate: u64, over: &AtomicBool, sent: &AtomicU64) {
    let socket = Socket::new(Domain::PACKET, Type::RAW, None).unwrap();
    let own = nix::ifaddrs::getifaddrs().unwrap().find_map(|interface| {
        (interface.interface_name == "eth0").then_some(())?;
        interface.address?.as_link_addr().copied()
    });
    let own: LinkAddr = own.unwrap();
    let (start, mut count) = (Instant::now(), 0);
    while !over.load(Ordering::Relaxed) {
        let due = start.elapsed().as_micros() as u64 * rate / 1_000_000;
        while count < due {
            // A full queue drops some: that is the sender's loss.
            let left = sendto(socket.as_raw_fd(), frame, &own, MsgFlags::empty()).is_ok();
            sent.fetch_add(u64::from(left), Ordering::Relaxed);
            count += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Nanoseconds that the threads of this name have run, and the ids of those threads.
fn ran(name: &str) -> (u64, Vec<u32>) {
    let tasks = fs::read_dir("/proc/self/task").unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let comm = fs::read_to_string(path.join("comm")).ok()?;
        let stat = fs::read_to_string(path.join("schedstat")).ok()?;
        let id = path.file_name()?.to_str()?.parse().ok()?;
        let ran: u64 = stat.split(' ').next()?.parse().ok()?;
        (comm.trim() == name).then_some((ran, id))
    });
    let tasks: Vec<(u64, u32)> = tasks.collect();
    let total = tasks.iter().map(|(ran, _)| ran).sum();
    (total, tasks.into_iter().map(|(_, id)| id).collect())
}

/// The longest time between two adverts, and how often there was one.
fn longest_gap(said: &[Said]) -> i64 {
    said.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap_or(i64::MAX)
}

#[test]
fn a_flood_of_bad_packets_changes_no_role_and_delays_no_advert() {
    let lab = Lab::new(3);
    let (mut a, mut b) = lab.pair([150, 100]);
    let seconds = setting("VRRP_LOAD_SECONDS", 1);
    let rate = setting("VRRP_LOAD_RATE", 10_000);
    for (kind, frame) in kinds() {
        let ear = Ear::new(&lab, 'a');
        let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (before, start) = (ran("gemel-wire").0, Instant::now());
        let flood = {
            let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
            lab.spawn('c', move || flood(&frame, rate, &over, &sent))
        };
        // The length of the measurement, not a wait for anything.
        thread::sleep(Duration::from_secs(seconds));
        let cpu = (ran("gemel-wire").0 - before) as f64 / start.elapsed().as_nanos() as f64;
        over.store(true, Ordering::Relaxed);
        flood.join().unwrap();
        let mut said = ear.heard();
        said.retain(|said| said.priority == 150);
        let gap = longest_gap(&said);
        let facts = [a.heard(), b.heard()].concat();
        println!(
            "{kind}: {} packets, {:.1} % of a core for each director, longest time between adverts \
             {:.2} ms, {} facts",
            sent.load(Ordering::Relaxed),
            cpu * 100.0 / 2.0,
            gap as f64 / MS as f64,
            facts.len(),
        );
        let roles: Vec<_> = facts.iter().filter(|f| matches!(f, Fact::Role { .. })).collect();
        assert!(roles.is_empty(), "{kind}: {roles:?}");
        assert!(gap < 110 * MS, "{kind}: an advert came late: {gap}");
        assert!(facts.len() < 20, "{kind}: {} facts", facts.len());
        assert!(cpu / 2.0 < 0.3, "{kind}: {cpu}");
    }
}

/// So many routers on interfaces of 250 each, with an interval in hundredths of a second.
fn many(lab: &Lab, host: char, priority: u8, routers: u32, centis: u16) -> Setup {
    let mut setup = lab.setup(host, priority);
    let first = setup.routers.remove(0);
    setup.routers = (0..routers)
        .map(|number| {
            let interface = format!("eth{}", number / 250);
            let vip = IpAddr::from([10, 9, (number / 250) as u8, (number % 250 + 1) as u8]);
            let mut router = first.clone();
            router.id = RouterId(number + 1);
            router.name = format!("r{number}");
            router.settings.interval = Interval::from_centis(centis).unwrap();
            let protocol = Protocol::V3Ipv4(ChecksumPolicy::Auto);
            router.settings.members = vec![member(protocol, &[vip])];
            router.settings.members[0].vrid = Vrid::new((number % 250 + 1) as u8).unwrap();
            router.members = vec![place(&interface)];
            router.held.addresses = vec![on(&interface, vip)];
            router
        })
        .collect();
    setup
}

fn rss_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn many_routers_cost_little_and_keep_their_rate() {
    let routers = setting("VRRP_LOAD_ROUTERS", 20) as u32;
    let (seconds, centis) = (setting("VRRP_LOAD_SECONDS", 1), setting("VRRP_LOAD_CENTIS", 10));
    let lab = Lab::new(2);
    for extra in 1..routers.div_ceil(250) {
        lab.plug('a', &format!("eth{extra}"));
        lab.plug('b', &format!("eth{extra}"));
    }
    let empty = rss_kilobytes();
    let mut a = lab.try_start('a', many(&lab, 'a', 150, routers, centis as u16)).unwrap();
    for _ in 0..routers {
        a.role(Role::Active);
    }
    let one = ran("gemel-wire").1[0];
    let full = rss_kilobytes();
    let mut b = lab.try_start('b', many(&lab, 'b', 100, routers, centis as u16)).unwrap();
    for _ in 0..routers {
        b.role(Role::Backup);
    }
    println!("{routers} routers: {} kB more than {empty} kB for one director", full - empty);
    let cpu = |id: u32| -> u64 {
        let stat = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).unwrap();
        stat.split(' ').next().unwrap().parse().unwrap()
    };
    let other = ran("gemel-wire").1.into_iter().find(|id| *id != one).unwrap();
    println!("thread of the Active {one}, of the Backup {other}");
    let ear = Ear::new(&lab, 'a');
    let before = [cpu(one), cpu(other)];
    thread::sleep(Duration::from_secs(seconds));
    let used = [cpu(one) - before[0], cpu(other) - before[1]];
    let said: Vec<Said> = ear.heard().into_iter().filter(|said| said.vrid == 1).collect();
    let adverts = u64::from(routers) * seconds * 100 / centis;
    let each = |nanos: u64| nanos as f64 / adverts as f64 / 1_000.0;
    println!("{:.2} us an advert sent, {:.2} us received", each(used[0]), each(used[1]));
    let span = (said[said.len() - 1].at - said[0].at) as f64;
    let period = span / (said.len() - 1) as f64;
    let want = (centis as i64 * 10 * MS) as f64;
    println!("one router's adverts: every {:.4} ms, wanted {:.4} ms", period / 1e6, want / 1e6);
    assert!(a.heard().iter().chain(&b.heard()).all(|fact| !matches!(fact, Fact::Role { .. })));
    assert!((period / want - 1.0).abs() < 0.01, "{period} {want}");
    assert_eq!(a.report().priority, Priority::new(150).unwrap());
}
