//! Every row of `vrrp.md` section 6, in each protocol: what is discarded, what is counted and kept,
//! each once and under its name; and what a seat remembers of it.

#![allow(clippy::indexing_slicing)]

use std::vec;
use std::vec::Vec;

use clock::Duration;

use super::*;
use crate::election::{Event, SeatCounters};
use crate::router::{self, Auth, Deciders, Preempt, Settings};
use crate::wire::{Datagram, Format, MAX_DATAGRAM};
use crate::{Checksum, ChecksumPolicy, DownFactor, Election, LinkId, MemberId, RouterId, Vrid};

mod learning;
mod lists;
mod rows;

const LINK: LinkId = LinkId(3);
const ONE: RouterId = RouterId(1);
const MEMBER: MemberId = MemberId { router: ONE, at: 0 };

const V2: Protocol = Protocol::V2(Auth::Password(*b"secret12"));
const V3: Protocol = Protocol::V3Ipv4(ChecksumPolicy::Auto);
const EACH: [Protocol; 3] = [V2, V3, Protocol::V3Ipv6];

/// A second, and what else is not a default.
fn settings(protocol: Protocol) -> Settings {
    Settings {
        members: vec![Member {
            link: LINK,
            vrid: vrid(51),
            protocol,
            addresses: ours(protocol),
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

fn with(protocol: Protocol, change: impl FnOnce(&mut Member)) -> Settings {
    let mut settings = settings(protocol);
    change(&mut settings.members[0]);
    settings
}

fn strict(protocol: Protocol) -> Settings {
    with(protocol, |member| member.strictness = Strictness::Strict)
}

fn unicast(protocol: Protocol, min_ttl: u8) -> Settings {
    let peers = vec![host(protocol, 2)];
    with(protocol, |member| member.adverts = Adverts::Unicast { peers, min_ttl })
}

/// What a better peer sends that is configured as [`settings`].
fn theirs(protocol: Protocol) -> Advert {
    Advert {
        from: host(protocol, 2),
        to: wire::multicast(protocol.family()),
        ttl: 255,
        vrid: vrid(51),
        priority: prio(150),
        interval: Interval::DEFAULT,
        format: match protocol {
            Protocol::V2(auth) => Format::V2(auth),
            Protocol::V3Ipv4(_) => Format::V3Ipv4(Checksum::PseudoHeader),
            Protocol::V3Ipv6 => Format::V3Ipv6,
        },
    }
}

fn ours(protocol: Protocol) -> Vec<IpAddr> {
    match protocol {
        Protocol::V2(_) | Protocol::V3Ipv4(_) => vec![vip(100), vip(101), vip(102)],
        Protocol::V3Ipv6 => vec![vip6("fe80::5e00:233"), vip6("2001:db8::1"), vip6("2001:db8::2")],
    }
}

/// A director's own address: 1 is us, 2 our peer.
fn host(protocol: Protocol, last: u8) -> IpAddr {
    match protocol {
        Protocol::V2(_) | Protocol::V3Ipv4(_) => vip(last),
        Protocol::V3Ipv6 => IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(last)]),
    }
}

fn vip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn vip6(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn vrid(number: u8) -> Vrid {
    Vrid::new(number).unwrap()
}

fn prio(value: u8) -> Priority {
    Priority::from_wire(value)
}

fn cs(centis: u16) -> Interval {
    Interval::from_centis(centis).unwrap()
}

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// One datagram: what `Datagram` borrows from.
struct Sent {
    advert: Advert,
    bytes: Vec<u8>,
}

fn sent(advert: Advert, addresses: &[IpAddr]) -> Sent {
    let mut buffer = [0; MAX_DATAGRAM];
    let length = wire::emit(&advert, addresses, &mut buffer).unwrap();
    Sent { advert, bytes: buffer[..length].to_vec() }
}

impl Sent {
    fn datagram(&self) -> Datagram<'_> {
        match (self.advert.from, self.advert.to) {
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                Datagram::V6 { from, to, hops: self.advert.ttl, message: &self.bytes }
            }
            _ => Datagram::V4(&self.bytes),
        }
    }

    /// The message behind the IP header.
    fn message(&mut self) -> &mut [u8] {
        let header_bytes = if self.advert.from.is_ipv4() { 20 } else { 0 };
        &mut self.bytes[header_bytes..]
    }

    /// The bytes of the message changed, and its checksum right again.
    fn rewritten(mut self, change: impl FnOnce(&mut [u8])) -> Self {
        change(self.message());
        let Advert { from, to, format, .. } = self.advert;
        let message = self.message();
        message[6..8].fill(0);
        let pseudo = match (format, from, to) {
            (Format::V2(_) | Format::V3Ipv4(Checksum::Rfc9568), ..) => Vec::new(),
            (_, IpAddr::V4(from), IpAddr::V4(to)) => [from.octets(), to.octets()].concat(),
            (_, IpAddr::V6(from), IpAddr::V6(to)) => [from.octets(), to.octets()].concat(),
            _ => panic!("mixed families"),
        };
        let tail = if pseudo.is_empty() { 0 } else { 112 + message.len() as u32 };
        let words = |bytes: &[u8]| {
            bytes.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1])).sum::<u32>()
        };
        let sum = words(&pseudo) + words(message) + tail;
        let folded = (sum >> 16) + (sum & 0xffff);
        let folded = (folded >> 16) + (folded & 0xffff);
        message[6..8].copy_from_slice(&(!(folded as u16)).to_be_bytes());
        self
    }
}

/// A router in Backup since 0, whose address on the link is that of host 1.
fn started(settings: Settings) -> Election {
    let protocol = settings.members[0].protocol;
    let mut election = Election::default();
    let up = Link::Up(host(protocol, 1));
    election.handle(ms(0), Event::Link(LINK, protocol.family(), up));
    election.handle(ms(0), Event::Add(ONE, settings));
    election.handle(ms(0), Event::Router(ONE, router::Event::Startup));
    assert_eq!(election.router(ONE).unwrap().role(), crate::Role::Backup);
    election
}

/// What is not zero of all that is counted, but for what was heard, sent and become.
fn errors(election: &Election) -> Vec<(&'static str, u64)> {
    let seat = election.seats(ONE)[0].counters().named();
    let harmless = [
        "advertisement-rcvd",
        "advertisement-sent",
        "priority-zero-pkts-rcvd",
        "priority-zero-pkts-sent",
        "master-transitions",
    ];
    let all = election.counters().named().into_iter().chain(seat);
    all.filter(|(name, count)| *count > 0 && !harmless.contains(name)).collect()
}

fn counters(election: &Election) -> SeatCounters {
    *election.seats(ONE)[0].counters()
}

/// The datagram changes nothing but one counter, and what the seat remembers.
#[track_caller]
fn discards(settings: Settings, sent: &Sent, why: Discard) {
    let mut election = started(settings);
    let before = election.deadline();
    let seat = election.seats(ONE)[0];
    assert_eq!(election.handle(ms(1_000), Event::Datagram(LINK, sent.datagram())), []);
    assert_eq!(errors(&election), [(why.counter(), 1)], "{why:?}");
    assert_eq!(election.deadline(), before, "{why:?}: no timer moves");
    let after = election.seats(ONE)[0];
    assert_eq!((after.peer(), counters(&election).advertisement_rcvd), (None, 0), "{why:?}");
    assert_eq!(after.last_other_addresses(), seat.last_other_addresses());
    assert_eq!(after.last_other_interval(), seat.last_other_interval());
    if why != Discard::Vrid {
        let noted = Some((why, ms(1_000), Some(sent.advert.from)));
        assert_eq!(after.last_discard(), noted, "{why:?}");
    }
    let told = (why != Discard::Vrid).then_some((MEMBER, why, Some(sent.advert.from)));
    let got = election.discarded().map(|told| (told.member, told.why, told.from));
    assert_eq!(got, told, "{why:?}");
    election.handle(ms(1_000), Event::Tick);
    assert_eq!(election.discarded(), None, "{why:?}: told once");
}

/// The datagram is taken as an advert; this is counted against it.
#[track_caller]
fn keeps(settings: Settings, sent: &Sent, counted: &[(&str, u64)]) {
    let mut election = started(settings);
    election.handle(ms(1_000), Event::Datagram(LINK, sent.datagram()));
    assert_eq!(errors(&election), counted);
    assert_eq!(counters(&election).advertisement_rcvd, 1);
    let seat = election.seats(ONE)[0];
    assert_eq!(seat.peer().map(|peer| peer.address), Some(sent.advert.from));
    assert_eq!(seat.last_discard(), None);
    let down = prio(100).down(sent.advert.interval, DownFactor::DEFAULT);
    assert_eq!(election.deadline(), Some(ms(1_000) + down), "its timer starts anew");
}
