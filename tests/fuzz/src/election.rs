//! The election under any order of events: it never panics, never asks to be woken for nothing, and
//! wants the addresses exactly while it holds them.

use std::net::IpAddr;

use clock::{Duration, Instant, Interval};
use vrrp_proto::election::Event;
use vrrp_proto::router::{
    Adverts, Auth, Deciders, Event as Told, Fault, Holding, Link, Member, Output, Preempt,
    Protocol, Settings, Strictness,
};
use vrrp_proto::wire::{self, Advert, Datagram, Format, MAX_DATAGRAM};
use vrrp_proto::{
    Checksum, ChecksumPolicy, DownFactor, Election, Family, LinkId, MemberId, Priority, Role,
    RouterId, Vrid,
};

/// The first three bytes choose the settings; every three after them are one event.
pub(crate) fn run(bytes: &[u8]) {
    let Some((chosen, rest)) = bytes.split_first_chunk::<3>() else { return };
    let mut world = World::new(*chosen);
    for [what, which, delay] in rest.as_chunks::<3>().0 {
        world.step(*what, *which, *delay);
    }
}

struct World {
    election: Election,
    now: Instant,
    /// What the router wants held, as its outputs said.
    holding: Holding,
}

impl World {
    fn new([base, kind, timing]: [u8; 3]) -> Self {
        let mut election = Election::default();
        election.handle(Instant::ZERO, Event::Add(ONE, settings(base, kind, timing)));
        Self { election, now: Instant::ZERO, holding: Holding::Absent }
    }

    fn step(&mut self, what: u8, which: u8, delay: u8) {
        // Up to 10.4 s, half of them below 2.6.
        let wait = Duration::from_micros(u64::from(delay) * u64::from(delay) * 160);
        self.pass(self.now + wait);
        let address = IpAddr::from([192, 0, 2, which]);
        let v6 = IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(which)]);
        let link = |up| if which == 0 { Link::Down } else { Link::Up(up) };
        let order = |event| Event::Router(ONE, event);
        let event = match what % 16 {
            0 => Event::Link(LINK, Family::V4, link(address)),
            1 => Event::Link(LINK, Family::V6, link(v6)),
            2 => Event::Source(MemberId { router: ONE, at: usize::from(which % 3) }, link(address)),
            3 => order(Told::Startup),
            4 => order(Told::Shutdown),
            5 => order(Told::Keep),
            6 => order(Told::Ready),
            7 => order(Told::Priority(Priority::from_wire(which))),
            8 => order(Told::Fault(if which < 128 { Fault::Clear } else { Fault::Present })),
            9 => order(Told::Resume(self.now - wait)),
            10 => order(Told::Moved),
            11 => Event::Tick,
            12 => Event::Add(ONE, settings(which, delay, what)),
            _ => return self.hear(what, which, delay),
        };
        self.take(event);
    }

    /// Time goes by, and each deadline is met.
    fn pass(&mut self, until: Instant) {
        let mut calls = 0;
        let mut at_once = 0;
        while let Some(due) = self.election.deadline().filter(|due| *due <= until) {
            at_once = if due <= self.now { at_once + 1 } else { 0 };
            // One state may end and the next begin at the same moment.
            assert!(at_once <= 2, "woken for nothing at {:?}", self.now);
            self.now = self.now.max(due);
            self.take(Event::Tick);
            calls += 1;
            // The fastest router has 10 ms, and 10.4 s pass at most.
            assert!(calls < 4_000, "woken {calls} times until {until:?}");
        }
        self.now = until;
    }

    fn hear(&mut self, what: u8, which: u8, delay: u8) {
        let at = usize::from(what >> 4) % 2;
        let (from, to, format) = match at {
            0 => {
                let to = wire::multicast(Family::V4);
                (IpAddr::from([192, 0, 2, delay]), to, Format::V3Ipv4(Checksum::Rfc9568))
            }
            _ => {
                let from = IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(delay)]);
                (from, wire::multicast(Family::V6), Format::V3Ipv6)
            }
        };
        let interval = Interval::from_centis(1 + u16::from(what % 3) * 99).unwrap_or(Interval::MAX);
        let (ttl, priority) = (255, Priority::from_wire(which));
        let vrid = VRID.expect("is not 0");
        let advert = Advert { from, to, ttl, vrid, priority, interval, format };
        let mut buffer = [0; MAX_DATAGRAM];
        let Some(length) = wire::emit(&advert, &addresses(at), &mut buffer) else { return };
        let message = buffer.get(..length).unwrap_or_default();
        let datagram = match (from, to) {
            (IpAddr::V6(from), IpAddr::V6(to)) => Datagram::V6 { from, to, hops: 255, message },
            _ => Datagram::V4(message),
        };
        self.take(Event::Datagram(LINK, datagram));
    }

    /// Follows what is wanted; what is advertised can be built while its link is there.
    fn take(&mut self, event: Event<'_>) {
        let outputs = self.election.handle(self.now, event).to_vec();
        assert!(outputs.len() <= 8, "{outputs:?}");
        for (id, output) in outputs {
            match output {
                Output::Want(holding) => self.holding = holding,
                Output::Advertise(priority) => self.emit(id, priority),
                Output::Became(..) | Output::Announce => {}
            }
        }
        let role = self.election.router(ONE).map_or(Role::Init, |router| router.role());
        if role.holds() {
            assert_eq!(self.holding, Holding::Held, "in {role}");
        } else if role == Role::Backup {
            assert_ne!(self.holding, Holding::Held, "in {role}");
        }
    }

    fn emit(&self, router: RouterId, priority: Priority) {
        let mut buffer = [0; MAX_DATAGRAM];
        for (at, seat) in self.election.seats(router).iter().enumerate() {
            let Link::Up(from) = seat.link() else { continue };
            let to = wire::multicast(Family::of(from));
            // A link that was told an address of the other family emits nothing.
            self.election.emit(MemberId { router, at }, priority, to, &mut buffer);
        }
    }
}

/// One router of one or two families, or of version 2.
fn settings(base: u8, kind: u8, timing: u8) -> Settings {
    let member = |at| Member {
        link: LINK,
        vrid: VRID.expect("is not 0"),
        protocol: [
            Protocol::V3Ipv4(ChecksumPolicy::Auto),
            Protocol::V3Ipv6,
            Protocol::V2(Auth::None),
        ][at],
        addresses: addresses(at),
        adverts: Adverts::Multicast,
        strictness: if kind & 8 == 0 { Strictness::Lenient } else { Strictness::Strict },
    };
    let seconds = |bit: u8| Duration::from_secs(u64::from(timing >> bit & 1));
    Settings {
        members: match kind % 4 {
            0 => vec![member(0)],
            1 => vec![member(1)],
            2 => vec![member(0), member(1)],
            _ => vec![member(2)],
        },
        deciders: if kind & 16 == 0 { Deciders::All } else { Deciders::Leader(0) },
        priority: Priority::from_wire(base.max(1)),
        interval: Interval::from_centis(if timing & 1 == 0 { 100 } else { 1 })
            .unwrap_or(Interval::MAX),
        down_factor: DownFactor::DEFAULT,
        preempt: if kind & 32 == 0 { Preempt::Yes } else { Preempt::No },
        preempt_delay: seconds(2),
        startup_delay: seconds(3),
        peer_base: (kind & 64 != 0).then_some(Priority::MIN),
        rival: Priority::MAX,
        hold: seconds(4),
    }
}

fn addresses(at: usize) -> Vec<IpAddr> {
    if at == 1 {
        vec![IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x233])]
    } else {
        vec![IpAddr::from([192, 0, 2, 100])]
    }
}

const LINK: LinkId = LinkId(3);
const ONE: RouterId = RouterId(1);
const VRID: Option<Vrid> = Vrid::new(51);
