//! The virtual routers of a run: which members, on which wires, with which priorities and delays.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clock::{Duration, Interval};
use vrrp_proto::router::{Adverts, Auth, Deciders, Member, Preempt, Protocol, Strictness};
use vrrp_proto::{ChecksumPolicy, DownFactor, Family, LinkId, Priority, RouterId, Vrid, router};

use super::Side;
use crate::rng::Rng;

/// How many wires there are between the directors; not every run uses both.
pub(crate) const WIRES: usize = 2;

/// One decision: a virtual router, or several that move together.
#[derive(Clone, Debug)]
pub(crate) struct RouterPlan {
    /// Time between adverts of either director.
    pub(crate) interval: Interval,
    /// Base priorities.
    pub(crate) bases: [Priority; 2],
    /// How many intervals of silence end in a takeover.
    pub(crate) factor: DownFactor,
    /// Whether the better one takes over from a live worse one.
    pub(crate) preempt: Preempt,
    /// How long it waits before it does.
    pub(crate) preempt_delay: Duration,
    /// How long it stays out after a start.
    pub(crate) startup_delay: Duration,
    /// Its virtual routers.
    pub(crate) members: Vec<MemberPlan>,
    /// Whose adverts and links count.
    pub(crate) deciders: Deciders,
}

/// One virtual router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberPlan {
    /// On which wire.
    pub(crate) wire: usize,
    /// What it speaks.
    pub(crate) protocol: Protocol,
}

impl RouterPlan {
    /// The routers of a run: mostly one virtual router, sometimes a group over two wires or over
    /// both families, sometimes two routers with opposite priorities.
    pub(crate) fn draw_all(rng: &mut Rng) -> Vec<Self> {
        let first = Self::draw(rng);
        let one = |wire: usize, protocol| MemberPlan { wire, protocol };
        match rng.below(100) {
            0..=49 => vec![first],
            50..=64 => {
                let second = if rng.chance(300) { v6() } else { first.members[0].protocol };
                vec![first.with(rng, one(1, second))]
            }
            65..=79 if first.members[0].protocol != v6() => vec![first.with(rng, one(0, v6()))],
            _ => {
                let wire = rng.index(2);
                let bases = [first.bases[1], first.bases[0]];
                let members = vec![one(wire, first.members[0].protocol)];
                vec![Self { bases, members, ..first.clone() }, first]
            }
        }
    }

    /// Mostly what people run: version 3, 100 ms, 150 and 100; sometimes the edges.
    fn draw(rng: &mut Rng) -> Self {
        let protocol = match rng.below(10) {
            0..=6 => Protocol::V3Ipv4(ChecksumPolicy::Auto),
            7 => Protocol::V2(Auth::None),
            8 => Protocol::V2(Auth::Password(*b"secret12")),
            _ => v6(),
        };
        let centis = match rng.below(100) {
            _ if matches!(protocol, Protocol::V2(_)) => 100 * (1 + rng.below(2)),
            0..=2 => 1,
            3..=5 => 2 + rng.below(4),
            6..=77 => 10,
            78..=89 => 11 + rng.below(40),
            _ => 100,
        };
        let interval = Interval::from_centis(centis as u16).unwrap_or(Interval::DEFAULT);
        let delay = |rng: &mut Rng| match rng.below(4) {
            0 => rng.millis(50, 2_000),
            _ => Duration::ZERO,
        };
        let bases = bases(rng);
        let factor = match rng.below(10) {
            0..=5 => 3,
            // After one interval of silence Skew_Time is all there is for an advert to be late in.
            _ if bases.iter().all(|base| base.skew(interval) > LATE) => 1 + rng.below(5) as u8,
            _ => 2 + rng.below(4) as u8,
        };
        Self {
            interval,
            bases,
            factor: DownFactor::new(factor).unwrap_or(DownFactor::DEFAULT),
            preempt: if rng.chance(300) { Preempt::No } else { Preempt::Yes },
            preempt_delay: delay(rng),
            startup_delay: delay(rng),
            members: vec![MemberPlan { wire: 0, protocol }],
            deciders: Deciders::All,
        }
    }

    /// With a second member; sometimes one of the two leads.
    fn with(mut self, rng: &mut Rng, member: MemberPlan) -> Self {
        self.members.push(member);
        if rng.chance(300) {
            self.deciders = Deciders::Leader(rng.index(2));
        }
        self
    }

    /// Whether what this member hears, and its link, decides.
    pub(crate) fn decides(&self, member: usize) -> bool {
        match self.deciders {
            Deciders::All => true,
            Deciders::Leader(leader) => leader == member,
        }
    }

    /// The members that decide.
    pub(crate) fn deciding(&self) -> impl Iterator<Item = MemberPlan> + '_ {
        let members = self.members.iter().enumerate();
        members.filter(|(at, _)| self.decides(*at)).map(|(_, member)| *member)
    }

    /// Skew_Time (RFC 9568 6.1), computed apart from the machine that is judged.
    pub(crate) fn skew(&self, priority: Priority) -> Duration {
        self.interval.duration() * (256 - u32::from(priority.get())) / 256
    }

    /// Active_Down_Interval, likewise.
    pub(crate) fn down(&self, priority: Priority) -> Duration {
        self.interval.duration() * u32::from(self.factor.get()) + self.skew(priority)
    }

    /// So many intervals, and those of silence on top.
    pub(crate) fn intervals(&self, count: u32) -> Duration {
        self.interval.duration() * (count + u32::from(self.factor.get()))
    }

    /// What a director says when its score says `scored`: who owns the addresses is not a matter of
    /// health.
    pub(crate) fn effective(&self, side: Side, scored: Priority) -> Priority {
        if self.bases[side] == Priority::OWNER { Priority::OWNER } else { scored }
    }

    /// One director's settings; with `extra`, an address has been rolled out to it.
    pub(crate) fn settings(
        &self,
        at: usize,
        side: Side,
        extra: bool,
        hold: Duration,
    ) -> router::Settings {
        let member = |member: &MemberPlan| Member {
            link: link_id(member.wire),
            vrid: vrid(at),
            protocol: member.protocol,
            addresses: addresses(at, member.protocol.family(), extra),
            adverts: Adverts::Multicast,
            strictness: Strictness::Lenient,
        };
        router::Settings {
            members: self.members.iter().map(member).collect(),
            deciders: self.deciders,
            priority: self.bases[side],
            interval: self.interval,
            down_factor: self.factor,
            preempt: self.preempt,
            preempt_delay: self.preempt_delay,
            startup_delay: self.startup_delay,
            peer_base: Some(self.bases[1 - side]),
            rival: self.bases[1 - side],
            hold,
        }
    }
}

/// More than an advert is late while all is well.
const LATE: Duration = Duration::from_millis(5);

fn bases(rng: &mut Rng) -> [Priority; 2] {
    let any = |rng: &mut Rng| Priority::clamped(1 + rng.below(254) as i32);
    match rng.below(40) {
        0..=18 => [Priority::clamped(150), Priority::clamped(100)],
        19..=26 => [Priority::clamped(100), Priority::clamped(150)],
        27..=30 => [Priority::clamped(100); 2],
        31 | 32 => [Priority::OWNER, Priority::clamped(100)],
        33 => [Priority::OWNER; 2],
        _ => [any(rng), any(rng)],
    }
}

const fn v6() -> Protocol {
    Protocol::V3Ipv6
}

/// The identity of the router at this place of the setup.
pub(crate) const fn router_id(at: usize) -> RouterId {
    RouterId(at as u32 + 1)
}

/// The link a director has on a wire.
pub(crate) const fn link_id(wire: usize) -> LinkId {
    LinkId(wire as u32 + 1)
}

/// All members of a router have one number: links and families keep them apart.
pub(crate) fn vrid(at: usize) -> Vrid {
    Vrid::new(51 + at as u8).unwrap_or_else(|| unreachable!("51 and more are not 0"))
}

/// The router of the setup that a number belongs to.
pub(crate) fn router_of(vrid: u8) -> Option<usize> {
    vrid.checked_sub(51).map(usize::from)
}

/// What a router advertises.
pub(crate) fn addresses(at: usize, family: Family, extra: bool) -> Vec<IpAddr> {
    let number = 80 + at as u16;
    match family {
        Family::V4 => {
            let rolled = extra.then_some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 90)));
            let first = IpAddr::V4(Ipv4Addr::new(192, 0, 2, number as u8));
            std::iter::once(first).chain(rolled).collect()
        }
        Family::V6 => {
            let local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x200 + 51 + at as u16);
            let first = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number);
            let rolled = extra.then_some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 90));
            [local, first].into_iter().chain(rolled).map(IpAddr::V6).collect()
        }
    }
}
