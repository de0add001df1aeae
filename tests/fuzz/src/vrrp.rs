//! VRRP datagrams: whatever comes in, it does not hurt, and it is counted exactly once.

use std::net::{IpAddr, Ipv6Addr};

use clock::{Duration, Instant, Interval};
use vrrp_proto::election::{Event, SeatCounters};
use vrrp_proto::router::{
    Adverts, Auth, Deciders, Event as Told, Link, Member, Preempt, Protocol, Settings, Strictness,
};
use vrrp_proto::wire::{Datagram, MULTICAST_V6};
use vrrp_proto::{ChecksumPolicy, DownFactor, Election, Family, LinkId, Priority, RouterId, Vrid};

/// A whole datagram, as it is, and with right sums for the number we have: the fuzzer cannot guess
/// those.
pub(crate) fn ipv4(bytes: &[u8]) {
    check(Datagram::V4(bytes));
    let mut repaired = bytes.to_vec();
    for pseudo in [false, true] {
        if repair(&mut repaired, pseudo).is_some() {
            check(Datagram::V4(&repaired));
        }
    }
}

/// The hop limit, the source, and the message, as it is and with a right sum for the number we have.
pub(crate) fn ipv6(bytes: &[u8]) {
    let Some((hops, rest)) = bytes.split_first() else { return };
    let Some((from, message)) = rest.split_first_chunk::<16>() else { return };
    let from = Ipv6Addr::from(*from);
    check(Datagram::V6 { from, to: MULTICAST_V6, hops: *hops, message });
    let mut message = message.to_vec();
    if let Some(vrid) = message.get_mut(1) {
        *vrid = 51;
    }
    let length = message.len() as u32;
    let pseudo = sum(&from.octets()) + sum(&MULTICAST_V6.octets()) + 112 + length;
    if set_sum(&mut message, 6, pseudo).is_some() {
        check(Datagram::V6 { from, to: MULTICAST_V6, hops: *hops, message: &message });
    }
}

/// Makes the length, the protocol and both sums of an IPv4 datagram right.
fn repair(datagram: &mut [u8], pseudo: bool) -> Option<()> {
    let total = u16::try_from(datagram.len()).ok()?;
    let header_bytes = 4 * usize::from(datagram.first()? & 0x0f);
    datagram.get_mut(2..4)?.copy_from_slice(&total.to_be_bytes());
    datagram.get_mut(6..8)?.fill(0);
    *datagram.get_mut(9)? = 112;
    let (header, message) = datagram.split_at_mut_checked(header_bytes)?;
    *message.get_mut(1)? = 51;
    set_sum(header, 10, 0)?;
    let before = if pseudo { sum(header.get(12..20)?) + 112 + message.len() as u32 } else { 0 };
    set_sum(message, 6, before)
}

fn set_sum(bytes: &mut [u8], at: usize, before: u32) -> Option<()> {
    bytes.get_mut(at..at + 2)?.fill(0);
    let all = sum(bytes) + before;
    let once = (all >> 16) + (all & 0xffff);
    let right = !((once >> 16) + (once & 0xffff)) as u16;
    bytes.get_mut(at..at + 2)?.copy_from_slice(&right.to_be_bytes());
    Some(())
}

fn sum(bytes: &[u8]) -> u32 {
    let pair = |two: &[u8]| match *two {
        [high, low] => u32::from(high) << 8 | u32::from(low),
        [high] => u32::from(high) << 8,
        _ => 0,
    };
    bytes.chunks(2).map(pair).sum()
}

/// To a director whose one virtual router, 51, speaks each protocol in turn.
fn check(datagram: Datagram<'_>) {
    for protocol in [
        Protocol::V2(Auth::None),
        Protocol::V2(Auth::Password(*b"secret12")),
        Protocol::V3Ipv4(ChecksumPolicy::Auto),
        Protocol::V3Ipv6,
    ] {
        for (adverts, strictness) in [
            (Adverts::Multicast, Strictness::Lenient),
            (Adverts::Unicast { peers: vec![host(protocol, 2)], min_ttl: 1 }, Strictness::Strict),
        ] {
            let mut election = started(protocol, adverts, strictness);
            let (heard, errors) = counted(&election);
            election.handle(Instant::from_millis(1_000), Event::Datagram(LINK, datagram));
            let (heard_now, errors_now) = counted(&election);
            match (heard_now - heard, errors_now - errors) {
                (0, 1) => {}
                // Kept, and of another interval or list, or of both.
                (1, 0..=2) => assert_eq!(election.discarded(), None),
                counts => panic!("{datagram:?} counts as {counts:?} for {protocol:?}"),
            }
        }
    }
}

fn started(protocol: Protocol, adverts: Adverts, strictness: Strictness) -> Election {
    let addresses = match protocol.family() {
        Family::V4 => vec![IpAddr::from([192, 0, 2, 100])],
        Family::V6 => vec![
            IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x233]),
            IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100]),
        ],
    };
    let vrid = Vrid::new(51).expect("is not 0");
    let member = Member { link: LINK, vrid, protocol, addresses, adverts, strictness };
    let settings = Settings {
        members: vec![member],
        deciders: Deciders::All,
        priority: Priority::MIN,
        interval: Interval::DEFAULT,
        down_factor: DownFactor::DEFAULT,
        preempt: Preempt::Yes,
        preempt_delay: Duration::ZERO,
        startup_delay: Duration::ZERO,
        peer_base: None,
        rival: Priority::MAX,
        hold: Duration::ZERO,
    };
    let mut election = Election::default();
    let up = Link::Up(host(protocol, 9));
    election.handle(Instant::ZERO, Event::Link(LINK, protocol.family(), up));
    election.handle(Instant::ZERO, Event::Add(ONE, settings));
    election.handle(Instant::ZERO, Event::Router(ONE, Told::Startup));
    election
}

/// A director's address on the link.
fn host(protocol: Protocol, last: u8) -> IpAddr {
    match protocol.family() {
        Family::V4 => IpAddr::from([192, 0, 2, last]),
        Family::V6 => IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(last)]),
    }
}

/// The adverts that were heard, and everything that is counted against any.
fn counted(election: &Election) -> (u64, u64) {
    let seat = election.seats(ONE).first().map(|seat| *seat.counters()).unwrap_or_default();
    let SeatCounters {
        advertisement_rcvd,
        advertisement_sent: _,
        priority_zero_pkts_rcvd: _,
        priority_zero_pkts_sent: _,
        master_transitions: _,
        packet_length_errors,
        invalid_type_pkts_rcvd,
        interval_errors,
        address_list_errors,
        own_source,
        dest_mode,
        unknown_peer,
        auth_invalid_type,
        auth_type_mismatch,
        auth_failure,
    } = seat;
    let shared: u64 = election.counters().named().iter().map(|(_, count)| count).sum();
    let errors = shared
        + packet_length_errors
        + invalid_type_pkts_rcvd
        + interval_errors
        + address_list_errors
        + own_source
        + dest_mode
        + unknown_peer
        + auth_invalid_type
        + auth_type_mismatch
        + auth_failure;
    (advertisement_rcvd, errors)
}

const LINK: LinkId = LinkId(3);
const ONE: RouterId = RouterId(1);
