//! Whom a datagram reaches, what is counted, and when to come back.

#![allow(clippy::indexing_slicing)]

use core::net::Ipv4Addr;
use std::vec;

use clock::{Duration, Interval};

use super::*;
use crate::router::{
    Adverts, Deciders, Holding, Link, Member, Preempt, Reason, Settings, Strictness,
};
use crate::{Checksum, ChecksumPolicy, DownFactor, Role, wire::MAX_DATAGRAM};

mod groups;
mod pair;
mod three;
mod ties;
mod two;
mod vectors;

const LINK: LinkId = LinkId(3);
const OURS: Ipv4Addr = ip(1);
const THEIRS: Ipv4Addr = ip(2);
const ONE: RouterId = RouterId(1);
const TWO: RouterId = RouterId(2);
const FIRST: MemberId = MemberId { router: ONE, at: 0 };
const OTHERS_FIRST: MemberId = MemberId { router: TWO, at: 0 };

/// The vector T3 of `vrrp.md` section 12; T11 and T13 are made of it.
const T3: [u8; 32] = [
    0x45, 0xc0, 0, 0x20, 0, 0, 0, 0, 0xff, 0x70, 0x18, 0x9a, 192, 0, 2, 1, 224, 0, 0, 18, 0x31,
    0x33, 0xc8, 1, 0, 0x64, 0x44, 2, 192, 0, 2, 100,
];

#[test]
fn an_advert_reaches_the_router_of_its_number_on_its_link() {
    let mut election = started(&[(ONE, settings(51)), (TWO, settings(52))]);
    let datagram = theirs(|_| ());
    let here = Event::Datagram(LINK, Datagram::V4(&datagram));
    assert_eq!(election.handle(ms(1_000), here), []);
    assert_eq!(peer_of(&election, ONE), Some(THEIRS.into()));
    assert_eq!(peer_of(&election, TWO), None);
    let elsewhere = Event::Datagram(LinkId(4), Datagram::V4(&datagram));
    assert_eq!(election.handle(ms(1_000), elsewhere), []);
    assert_eq!(election.counters().vrid_errors, 1);
    assert_eq!(counter(&election, "advertisement-rcvd"), 1);
}

#[test]
fn each_discard_is_counted_once_under_its_name() {
    for (name, datagram) in [
        ("ip-header-errors", changed(9, 113)),
        ("ip-ttl-errors", changed(8, 254)),
        ("version-errors", changed(20, 0x41)),
        ("checksum-errors", changed(22, 7)),
        ("packet-length-errors", changed(23, 3)),
        ("vrid-errors", theirs(|advert| advert.vrid = vrid(99))),
        ("invalid-type-pkts-rcvd", changed(20, 0x32)),
        (
            "address-list-errors",
            [&T3[..3], &[28], &T3[4..10], &[0x18, 0x9e], &T3[12..23], &[0, 0, 100, 6, 0x68]]
                .concat(),
        ),
        ("interval-errors", [&T3[..25], &[0, 0x44, 0x66], &T3[28..]].concat()),
        ("own-source", theirs(|advert| advert.from = OURS.into())),
        ("dest-mode", theirs(|advert| advert.to = OURS.into())),
    ] {
        check_discard(settings(51), &datagram, name);
    }
}

#[test]
fn a_refused_checksum_form_is_a_checksum_error() {
    let only = |form| with(|member| member.protocol = Protocol::V3Ipv4(ChecksumPolicy::Only(form)));
    let t4 = theirs(|advert| advert.format = Format::V3Ipv4(Checksum::PseudoHeader));
    check_discard(only(Checksum::Rfc9568), &t4, "checksum-errors");
    let t3 = theirs(|advert| advert.format = Format::V3Ipv4(Checksum::Rfc9568));
    check_discard(only(Checksum::PseudoHeader), &t3, "checksum-errors");
}

#[test]
fn a_unicast_router_hears_its_peers_only_and_only_by_unicast() {
    let peers = || vec![THEIRS.into()];
    let unicast = || with(|m| m.adverts = Adverts::Unicast { peers: peers(), min_ttl: 255 });
    check_discard(unicast(), &theirs(|_| ()), "dest-mode");
    let stranger = theirs(|advert| (advert.from, advert.to) = (ip(9).into(), OURS.into()));
    check_discard(unicast(), &stranger, "unknown-peer");
    let mut election = started(&[(ONE, unicast())]);
    let peer = theirs(|advert| advert.to = OURS.into());
    election.handle(ms(0), Event::Datagram(LINK, Datagram::V4(&peer)));
    assert_eq!(peer_of(&election, ONE), Some(THEIRS.into()));
}

#[test]
fn another_interval_or_another_list_is_counted_and_kept() {
    let mut election = started(&[(ONE, settings(51))]);
    let other_interval = theirs(|advert| advert.interval = Interval::MAX);
    election.handle(ms(0), Event::Datagram(LINK, Datagram::V4(&other_interval)));
    assert_eq!(counter(&election, "interval-errors"), 1);
    assert_eq!(
        election.deadline(),
        Some(ms(0) + prio(100).down(Interval::MAX, DownFactor::DEFAULT))
    );

    let lists = [&[ip(101), ip(100)][..], &[ip(100)], &[ip(100), ip(102)], &[ip(100); 2]];
    for list in lists {
        let datagram = with_list(list);
        election.handle(ms(1_000), Event::Datagram(LINK, Datagram::V4(&datagram)));
    }
    assert_eq!(counter(&election, "address-list-errors"), 3, "the order does not matter");
    assert_eq!(counter(&election, "advertisement-rcvd"), 5);
    assert_eq!(counter(&election, "interval-errors"), 1);
}

#[test]
fn a_datagram_that_is_discarded_for_its_sender_counts_nothing_else() {
    let stranger = theirs(|advert| {
        (advert.to, advert.interval) = (OURS.into(), Interval::MAX);
    });
    check_discard(settings(51), &stranger.to_vec(), "dest-mode");
}

#[test]
fn only_due_routers_hear_that_time_has_passed() {
    let fast = Settings { priority: prio(200), ..settings(51) };
    let mut election = started(&[(ONE, settings(52)), (TWO, fast)]);
    let due = election.deadline().unwrap();
    assert_eq!(due, ms(0) + prio(200).down(Interval::DEFAULT, DownFactor::DEFAULT));
    let active = [
        (TWO, router::Output::Advertise(prio(200))),
        (TWO, router::Output::Want(Holding::Held)),
        (TWO, router::Output::Became(Role::Active, Reason::PeerSilent)),
    ];
    assert_eq!(election.handle(due - Duration::from_nanos(1), Event::Tick), []);
    assert_eq!(election.handle(due, Event::Tick), active);
    assert_eq!(
        election.deadline(),
        Some(ms(0) + prio(100).down(Interval::DEFAULT, DownFactor::DEFAULT))
    );
}

#[test]
fn routers_added_later_know_their_link() {
    let mut election = Election::default();
    assert_eq!(election.handle(ms(0), Event::Link(LINK, Family::V4, up(OURS))), []);
    election.handle(ms(0), Event::Add(TWO, settings(52)));
    election.handle(ms(0), Event::Add(ONE, settings(51)));
    let ids: Vec<_> =
        election.routers().map(|(id, _)| (id, election.seats(id)[0].link())).collect();
    assert_eq!(ids, [(ONE, up(OURS)), (TWO, up(OURS))]);
    assert_eq!(election.handle(ms(0), Event::Router(TWO, router::Event::Startup)).len(), 2);
}

#[test]
fn a_link_tells_each_of_its_routers() {
    let mut elsewhere = settings(53);
    elsewhere.members[0].link = LinkId(4);
    let mut election =
        started(&[(ONE, settings(51)), (TWO, settings(52)), (RouterId(3), elsewhere)]);
    let outputs = election.handle(ms(10), Event::Link(LINK, Family::V4, Link::Down));
    let told: Vec<_> = outputs.iter().map(|(id, _)| *id).collect();
    assert_eq!(told, [ONE, ONE, TWO, TWO]);
}

#[test]
fn a_number_is_given_once_a_link() {
    let mut election = started(&[(ONE, settings(51))]);
    election.handle(ms(0), Event::Add(TWO, settings(51)));
    assert!(election.router(TWO).is_none());
    election.handle(ms(0), Event::Add(TWO, with(|member| member.link = LinkId(4))));
    assert!(election.router(TWO).is_some());
    let mut twice = settings(60);
    twice.members.push(twice.members[0].clone());
    election.handle(ms(0), Event::Add(RouterId(3), twice));
    assert!(election.router(RouterId(3)).is_none());
}

#[test]
fn only_a_router_in_init_is_replaced() {
    let mut election = started(&[(ONE, settings(51))]);
    election.handle(ms(0), Event::Add(ONE, settings(60)));
    assert_eq!(election.router(ONE).unwrap().settings().members[0].vrid, vrid(51));
    election.handle(ms(0), Event::Router(ONE, router::Event::Shutdown));
    election.handle(ms(0), Event::Add(ONE, settings(60)));
    assert_eq!(election.router(ONE).unwrap().settings().members[0].vrid, vrid(60));
    election.handle(ms(0), Event::Datagram(LINK, Datagram::V4(&theirs(|_| ()))));
    assert_eq!(election.counters().vrid_errors, 1, "the old number is free");
}

#[test]
fn an_advert_is_built_from_the_state_of_this_moment() {
    let mut election = started(&[(ONE, settings(51))]);
    let mut buffer = [0; MAX_DATAGRAM];
    let length =
        election.emit(FIRST, Priority::RELEASE, wire::MULTICAST.into(), &mut buffer).unwrap();
    let (advert, addresses) = read(&buffer[..length]);
    let want = Advert { from: OURS.into(), priority: Priority::RELEASE, ..advert_from_them() };
    assert_eq!(advert, want);
    assert!(addresses.iter().eq([ip(100), ip(101)].map(IpAddr::V4)));

    election.handle(ms(0), Event::Link(LINK, Family::V4, up(ip(7))));
    let heard = theirs(|advert| advert.format = Format::V3Ipv4(Checksum::Rfc9568));
    election.handle(ms(0), Event::Datagram(LINK, Datagram::V4(&heard)));
    let length = election.emit(FIRST, prio(9), THEIRS.into(), &mut buffer).unwrap();
    let (advert, _) = read(&buffer[..length]);
    assert_eq!((advert.from, advert.to, advert.priority), (ip(7).into(), THEIRS.into(), prio(9)));
    assert_eq!(advert.format, Format::V3Ipv4(Checksum::Rfc9568));

    election.handle(ms(0), Event::Link(LINK, Family::V4, Link::Down));
    assert_eq!(election.emit(FIRST, prio(9), THEIRS.into(), &mut buffer), None);
    assert_eq!(election.emit(OTHERS_FIRST, prio(9), THEIRS.into(), &mut buffer), None);
}

#[test]
fn two_elections_settle_and_hand_over_by_their_datagrams() {
    let better = Settings { priority: prio(150), ..settings(51) };
    let mut ours = started_at(OURS, &[(ONE, better)]);
    let mut theirs = started_at(THEIRS, &[(ONE, settings(51))]);
    let due = ours.deadline().unwrap();
    assert!(due < theirs.deadline().unwrap());
    assert_eq!(exchange(&mut ours, due, Event::Tick, &mut theirs), [Role::Active]);
    let leave = Event::Router(ONE, router::Event::Shutdown);
    let due = due + Duration::from_millis(500);
    assert_eq!(exchange(&mut ours, due, leave, &mut theirs), [Role::Leaving]);
    let due = theirs.deadline().unwrap();
    assert_eq!(exchange(&mut theirs, due, Event::Tick, &mut ours), [Role::Active]);
    assert_eq!(ours.router(ONE).unwrap().reason(), Reason::Succeeded);
    assert_eq!(theirs.router(ONE).unwrap().reason(), Reason::PeerReleased);
}

// --- helpers ---

fn started(routers: &[(RouterId, Settings)]) -> Election {
    started_at(OURS, routers)
}

/// Every link up with this address, every router started at 0.
fn started_at(address: Ipv4Addr, routers: &[(RouterId, Settings)]) -> Election {
    let mut election = Election::default();
    for (id, settings) in routers {
        election.handle(ms(0), Event::Link(settings.members[0].link, Family::V4, up(address)));
        election.handle(ms(0), Event::Add(*id, settings.clone()));
        assert_eq!(election.handle(ms(0), Event::Router(*id, router::Event::Startup)).len(), 2);
    }
    election
}

/// One event here; the adverts it causes go to the other. Returns the roles that it led to.
fn exchange(
    election: &mut Election,
    now: Instant,
    event: Event<'_>,
    other: &mut Election,
) -> Vec<Role> {
    let outputs = election.handle(now, event).to_vec();
    let mut buffer = [0; MAX_DATAGRAM];
    let mut roles = Vec::new();
    for (id, output) in outputs {
        match output {
            router::Output::Advertise(priority) => {
                let length = election
                    .emit(
                        MemberId { router: id, at: 0 },
                        priority,
                        wire::MULTICAST.into(),
                        &mut buffer,
                    )
                    .unwrap();
                other.handle(now, Event::Datagram(LINK, Datagram::V4(&buffer[..length])));
            }
            router::Output::Became(role, _) => roles.push(role),
            router::Output::Want(_) | router::Output::Announce => {}
        }
    }
    roles
}

#[track_caller]
fn check_discard(settings: Settings, datagram: &[u8], name: &str) {
    let mut election = started(&[(ONE, settings)]);
    let before = election.deadline();
    assert_eq!(election.handle(ms(1_000), Event::Datagram(LINK, Datagram::V4(datagram))), []);
    assert_eq!(election.deadline(), before, "{name}: nothing changes");
    let seat = election.seats(ONE)[0].counters();
    let all = election.counters().named().into_iter().chain(seat.named());
    let counted: Vec<_> = all.filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [(name, 1)]);
}

fn counter(election: &Election, name: &str) -> u64 {
    let counters = election.seats(ONE)[0].counters().named();
    counters.into_iter().find(|(known, _)| *known == name).unwrap().1
}

fn peer_of(election: &Election, id: RouterId) -> Option<IpAddr> {
    election.seats(id)[0].peer().map(|peer| peer.address)
}

fn settings(number: u8) -> Settings {
    Settings {
        members: vec![Member {
            link: LINK,
            vrid: vrid(number),
            protocol: Protocol::V3Ipv4(ChecksumPolicy::Auto),
            addresses: vec![ip(100).into(), ip(101).into()],
            adverts: Adverts::Multicast,
            strictness: Strictness::Lenient,
        }],
        deciders: Deciders::All,
        priority: prio(100),
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

/// Number 51, changed.
fn with(change: impl FnOnce(&mut Member)) -> Settings {
    let mut settings = settings(51);
    change(&mut settings.members[0]);
    settings
}

fn advert_from_them() -> Advert {
    Advert {
        from: THEIRS.into(),
        to: wire::MULTICAST.into(),
        ttl: 255,
        vrid: vrid(51),
        priority: prio(150),
        interval: Interval::DEFAULT,
        format: Format::V3Ipv4(Checksum::PseudoHeader),
    }
}

fn theirs(change: impl FnOnce(&mut Advert)) -> Vec<u8> {
    let mut advert = advert_from_them();
    change(&mut advert);
    datagram(&advert, &[ip(100), ip(101)])
}

fn with_list(addresses: &[Ipv4Addr]) -> Vec<u8> {
    datagram(&advert_from_them(), addresses)
}

fn datagram(advert: &Advert, addresses: &[Ipv4Addr]) -> Vec<u8> {
    let mut buffer = [0; MAX_DATAGRAM];
    let addresses: Vec<_> = addresses.iter().copied().map(IpAddr::V4).collect();
    let length = wire::emit(advert, &addresses, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

fn read(datagram: &[u8]) -> (Advert, wire::Addresses<'_>) {
    let protocol = Protocol::V3Ipv4(ChecksumPolicy::Auto);
    Envelope::open(Datagram::V4(datagram)).unwrap().read(protocol).unwrap()
}

/// Their advert with one byte changed; the header's sum is right, the message's is not.
fn changed(at: usize, value: u8) -> Vec<u8> {
    let mut datagram = theirs(|_| ());
    datagram[at] = value;
    if at < 20 {
        datagram[10..12].fill(0);
        let words = datagram[..20].chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum: u32 = words.sum();
        let folded = (sum >> 16) + (sum & 0xffff);
        datagram[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    }
    datagram
}

const fn up(address: Ipv4Addr) -> Link {
    Link::Up(IpAddr::V4(address))
}

const fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, last)
}

const fn prio(value: u8) -> Priority {
    Priority::from_wire(value)
}

fn vrid(value: u8) -> Vrid {
    Vrid::new(value).unwrap()
}

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}
