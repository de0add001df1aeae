//! Rules that a table of single events cannot show: what a router does over time.

use core::net::{IpAddr, Ipv4Addr};
use std::vec::Vec;

use super::*;
use crate::{ChecksumPolicy, DownFactor, LinkId, Vrid};

mod delays;
mod faults;
mod holding;
mod names;
mod orders;
mod rate;
mod stalls;
mod table;
mod vectors;

// --- helpers, for all of them ---

const OURS: Ipv4Addr = host(1);
const HIGHER_ADDRESS: Ipv4Addr = host(2);
const LOWER_ADDRESS: Ipv4Addr = host(0);

const fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, last)
}

const fn prio(value: u8) -> Priority {
    Priority::from_wire(value)
}

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

const fn us(micros: u64) -> Instant {
    Instant::from_nanos(micros * 1_000)
}

const fn heard(from: Ipv4Addr, priority: u8) -> Event {
    Event::Advert(said(from, OURS, priority, Interval::DEFAULT))
}

fn every(interval_cs: u16, from: Ipv4Addr, priority: u8) -> Event {
    Event::Advert(said(from, OURS, priority, Interval::from_centis(interval_cs).unwrap()))
}

/// An advert as the one at `to` hears it.
const fn said(from: Ipv4Addr, to: Ipv4Addr, priority: u8, interval: Interval) -> Heard {
    let tie = match (from.to_bits(), to.to_bits()) {
        (from, to) if from < to => Ordering::Less,
        (from, to) if from > to => Ordering::Greater,
        _ => Ordering::Equal,
    };
    Heard {
        from: IpAddr::V4(from),
        tie,
        dissent: 0,
        other: None,
        version: Version::V3,
        priority: prio(priority),
        interval,
    }
}

const fn advertise(priority: u8) -> Output {
    Output::Advertise(prio(priority))
}

const ABSENT: Output = Output::Want(Holding::Absent);
const HELD: Output = Output::Want(Holding::Held);

fn settings(priority: u8) -> Settings {
    Settings {
        members: std::vec![Member {
            link: LinkId(1),
            vrid: Vrid::new(51).unwrap(),
            protocol: Protocol::V3Ipv4(ChecksumPolicy::Auto),
            addresses: std::vec![IpAddr::V4(host(100))],
            adverts: Adverts::Multicast,
            strictness: Strictness::Lenient,
        }],
        deciders: Deciders::All,
        priority: prio(priority),
        interval: Interval::DEFAULT,
        down_factor: DownFactor::DEFAULT,
        preempt: Preempt::Yes,
        preempt_delay: Duration::ZERO,
        startup_delay: Duration::ZERO,
        peer_base: None,
        rival: Priority::MAX,
        hold: Duration::ZERO,
    }
}

/// In Init, on a path that is open.
fn node(settings: Settings) -> Router {
    Router::new(Instant::ZERO, settings, Path::Open)
}

/// Started at 0.
fn backup(settings: Settings) -> Router {
    let mut router = node(settings);
    check(&mut router, ms(0), Event::Startup, &[ABSENT, became(Role::Backup, Reason::Startup)]);
    router
}

/// Active since 10 s.
fn active(settings: Settings) -> Router {
    let mut router = backup(settings);
    assert!(router.handle(ms(10_000), Event::Tick).contains(&HELD));
    router
}

const fn became(role: Role, reason: Reason) -> Output {
    Output::Became(role, reason)
}

#[track_caller]
fn check(router: &mut Router, now: Instant, event: Event, want: &[Output]) {
    assert_eq!(&*router.handle(now, event), want, "{event:?} at {now:?}");
}

/// Nothing happens just before, and this does then.
#[track_caller]
fn check_due(router: &mut Router, at: Instant, want: &[Output]) {
    assert_eq!(router.deadline(), Some(at));
    check(router, at - Duration::from_nanos(1), Event::Tick, &[]);
    check(router, at, Event::Tick, want);
}

fn takeover(priority: u8, reason: Reason) -> Vec<Output> {
    std::vec![advertise(priority), HELD, became(Role::Active, reason)]
}

/// A small generator: the same seed, the same run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
