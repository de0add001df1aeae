//! Two directors in virtual time, joined by a wire for each member of their one router. What is
//! sent are real datagrams; what is lost, late or cut is for the test to say.

use super::*;
use crate::router::Auth;

/// Both directors, and what is on its way between them.
pub(super) struct Two {
    pub(super) sides: [Side; 2],
    pub(super) now: Instant,
    pub(super) dice: Dice,
    /// For each member: whether what each side sends arrives.
    pub(super) carries: Vec<[bool; 2]>,
    /// How many of a hundred adverts get lost.
    pub(super) loss: u64,
    /// The longest way, in nanoseconds.
    pub(super) delay: u64,
    wire: Vec<Flying>,
    /// The longest time for which both answered, and neither did after the first had.
    pub(super) both: Span,
    pub(super) nobody: Span,
}

/// One director.
pub(super) struct Side {
    pub(super) election: Election,
    /// What its adverts come from, for each member.
    pub(super) addresses: Vec<IpAddr>,
    pub(super) wanted: Option<Holding>,
    pub(super) role: Role,
    pub(super) changes: u64,
    /// The priority it was last told.
    pub(super) told: Priority,
}

/// An advert on its way.
struct Flying {
    at: Instant,
    to: usize,
    member: usize,
    from: IpAddr,
    bytes: Vec<u8>,
}

/// How long something lasts, and how long it lasted at most.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    since: Option<Instant>,
    pub(super) longest: Duration,
}

impl Span {
    fn note(&mut self, now: Instant, holds: bool) {
        if let Some(since) = self.since {
            self.longest = self.longest.max(now.since(since));
        }
        self.since = holds.then(|| self.since.unwrap_or(now));
    }
}

impl Two {
    /// In Init, with every link up and every wire whole.
    pub(super) fn new(seed: u64, settings: [Settings; 2], addresses: [Vec<IpAddr>; 2]) -> Self {
        let members = settings[0].members.len();
        let [one, other] = addresses;
        let [ours, theirs] = settings;
        Self {
            sides: [Side::new(ours, one), Side::new(theirs, other)],
            now: Instant::ZERO,
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            carries: vec![[true; 2]; members],
            loss: 0,
            delay: 1_000_000,
            wire: Vec::new(),
            both: Span::default(),
            nobody: Span::default(),
        }
    }

    /// Tells one side.
    pub(super) fn order(&mut self, to: usize, event: router::Event) {
        if let router::Event::Priority(priority) = event {
            let told = &mut self.sides[to].told;
            *told = if *told == Priority::OWNER {
                Priority::OWNER
            } else {
                Priority::clamped(priority.get().into())
            };
        }
        self.handle(to, Event::Router(ONE, event));
    }

    /// Tells both sides.
    pub(super) fn order_both(&mut self, event: router::Event) {
        self.order(0, event);
        self.order(1, event);
    }

    /// What one member's link can do from now on.
    pub(super) fn link(&mut self, to: usize, member: usize, link: Link) {
        self.handle(to, Event::Source(MemberId { router: ONE, at: member }, link));
    }

    /// One member's link is as it was at the start.
    pub(super) fn link_up(&mut self, to: usize, member: usize) {
        let address = self.sides[to].addresses[member];
        self.link(to, member, Link::Up(address));
    }

    /// Everything that happens until then, what arrives at a moment before what is due in it.
    pub(super) fn run(&mut self, until: Instant) {
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.deliver();
            let first = self.dice.below(2) as usize;
            self.handle(first, Event::Tick);
            self.handle(1 - first, Event::Tick);
        }
        self.now = until;
        self.measure();
    }

    /// What has arrived by now.
    pub(super) fn deliver(&mut self) {
        self.wire.sort_by_key(|flying| flying.at);
        let arrived = self.wire.partition_point(|flying| flying.at <= self.now);
        for flying in self.wire.drain(..arrived).collect::<Vec<_>>() {
            let member = &self.sides[flying.to].settings().members[flying.member];
            let link = member.link;
            self.handle(flying.to, Event::Datagram(link, flying.datagram()));
        }
    }

    /// How many sides are Active.
    pub(super) fn actives(&self) -> usize {
        self.sides.iter().filter(|side| side.role == Role::Active).count()
    }

    /// How often a role changed.
    pub(super) fn changes(&self) -> u64 {
        self.sides.iter().map(|side| side.changes).sum()
    }

    fn next_moment(&self) -> Option<Instant> {
        let deadlines = self.sides.iter().filter_map(|side| side.election.deadline());
        deadlines.chain(self.wire.iter().map(|flying| flying.at)).min()
    }

    fn handle(&mut self, to: usize, event: Event<'_>) {
        let outputs = self.sides[to].election.handle(self.now, event).to_vec();
        for (_, output) in outputs {
            match output {
                router::Output::Want(holding) => self.sides[to].wanted = Some(holding),
                router::Output::Became(role, _) => {
                    self.sides[to].role = role;
                    self.sides[to].changes += 1;
                }
                router::Output::Announce => assert_eq!(self.sides[to].role, Role::Active),
                router::Output::Advertise(priority) => self.send(to, priority),
            }
        }
        self.sides[to].agrees();
        self.measure();
    }

    fn measure(&mut self) {
        let answering = self.sides.iter().filter(|side| side.answers()).count();
        self.both.note(self.now, answering == 2);
        self.nobody.note(self.now, answering == 0);
    }

    /// One advert on every member that can send.
    fn send(&mut self, from: usize, priority: Priority) {
        for at in 0..self.carries.len() {
            let mut buffer = [0; MAX_DATAGRAM];
            let side = &self.sides[from];
            let member = MemberId { router: ONE, at };
            let to = wire::multicast(side.settings().members[at].protocol.family());
            let Some(length) = side.election.emit(member, priority, to, &mut buffer) else {
                continue;
            };
            let address = side.addresses[at];
            let lost = self.dice.below(100) < self.loss;
            if lost || !self.carries[at][from] {
                continue;
            }
            let arrives = self.now + Duration::from_nanos(1 + self.dice.below(self.delay));
            let bytes = buffer[..length].to_vec();
            let flying = Flying { at: arrives, to: 1 - from, member: at, from: address, bytes };
            self.wire.push(flying);
        }
    }
}

impl Side {
    fn new(settings: Settings, addresses: Vec<IpAddr>) -> Self {
        let mut election = Election::default();
        let told = settings.priority;
        election.handle(Instant::ZERO, Event::Add(ONE, settings));
        for (at, address) in addresses.iter().enumerate() {
            let member = MemberId { router: ONE, at };
            election.handle(Instant::ZERO, Event::Source(member, Link::Up(*address)));
        }
        Self { election, addresses, wanted: None, role: Role::Init, changes: 0, told }
    }

    pub(super) fn router(&self) -> &Router {
        self.election.router(ONE).unwrap()
    }

    pub(super) fn settings(&self) -> &Settings {
        self.router().settings()
    }

    fn answers(&self) -> bool {
        self.wanted == Some(Holding::Held)
    }

    /// What was said is what is: the role, the addresses with it, the priority.
    fn agrees(&self) {
        let router = self.router();
        assert_eq!(self.role, router.role());
        assert_eq!(self.told, router.priority());
        let kept = router.reason() == Reason::Keep;
        if self.role != Role::Init || !(kept || self.wanted.is_none()) {
            assert_eq!(self.answers(), self.role.holds(), "{router:?}");
        }
        if !kept {
            let claims = router.last_advert().is_some();
            assert_eq!(claims, self.role == Role::Active, "{router:?}");
        }
    }
}

impl Flying {
    fn datagram(&self) -> Datagram<'_> {
        match self.from {
            IpAddr::V4(_) => Datagram::V4(&self.bytes),
            IpAddr::V6(from) => {
                Datagram::V6 { from, to: wire::MULTICAST_V6, hops: 255, message: &self.bytes }
            }
        }
    }
}

/// A small generator: the same seed, the same run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

// --- members ---

/// Number 51 over IPv4 on this link.
pub(super) fn v4(link: u32) -> Member {
    Member { link: LinkId(link), ..settings(51).members.remove(0) }
}

/// Number 51 over IPv4 on this link, in version 2.
pub(super) fn v2(link: u32) -> Member {
    Member { protocol: Protocol::V2(Auth::None), ..v4(link) }
}

/// Number 51 over IPv6 on this link.
pub(super) fn v6(link: u32) -> Member {
    let address = "fe80::5e00:233".parse().unwrap();
    Member { protocol: Protocol::V3Ipv6, addresses: vec![address], ..v4(link) }
}

/// These members, of this priority.
pub(super) fn group(members: &[Member], priority: u8) -> Settings {
    Settings { members: members.to_vec(), priority: prio(priority), ..settings(51) }
}

/// An address for each member, the last byte of each given.
pub(super) fn addresses(members: &[Member], last: &[u8]) -> Vec<IpAddr> {
    let one = |(member, last): (&Member, &u8)| match member.protocol.family() {
        Family::V4 => IpAddr::V4(ip(*last)),
        Family::V6 => {
            IpAddr::V6(core::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, (*last).into()))
        }
    };
    members.iter().zip(last).map(one).collect()
}
