//! Two routers in virtual time on a bad wire, ordered about at random: whatever happened before, a
//! while after the wire is whole exactly one of them is Active.

use super::*;

const SEEDS: u64 = 2_000;

#[test]
fn a_pair_that_went_through_anything_ends_with_one_active() {
    for seed in 1..=SEEDS {
        let mut pair = Pair::new(seed);
        pair.run(ms(60_000));
        pair.heal();
        pair.run(ms(80_000));
        let roles = [&pair.nodes[0], &pair.nodes[1]].map(|node| node.router.role());
        let actives = roles.iter().filter(|role| **role == Role::Active).count();
        assert_eq!(actives, 1, "seed {seed}: {roles:?}");
        let settled = pair.nodes[0].changes + pair.nodes[1].changes;
        pair.run(ms(200_000));
        assert_eq!(pair.nodes[0].changes + pair.nodes[1].changes, settled, "seed {seed}: stable");
    }
}

struct Pair {
    nodes: [Node; 2],
    /// When, to whom, what.
    wire: Vec<(Instant, usize, Heard)>,
    faulty: bool,
    now: Instant,
    dice: Dice,
    seed: u64,
}

struct Node {
    router: Router,
    address: Ipv4Addr,
    wanted: Option<Holding>,
    role: Role,
    changes: u64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut build = |last: u8| {
            let settings = Settings {
                priority: prio(dice.below(254) as u8 + 1),
                preempt: if dice.below(2) == 0 { Preempt::Yes } else { Preempt::No },
                hold: Duration::from_millis(dice.below(6_000)),
                ..settings(1)
            };
            let address = host(last);
            let router = Router::new(Instant::ZERO, settings, Path::Open);
            Node { router, address, wanted: None, role: Role::Init, changes: 0 }
        };
        let nodes = [build(1), build(2)];
        let now = Instant::ZERO;
        let mut pair = Self { nodes, wire: Vec::new(), faulty: true, now, dice, seed };
        pair.handle(0, Event::Startup);
        pair.handle(1, Event::Startup);
        pair
    }

    fn run(&mut self, until: Instant) {
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.wire.sort_by_key(|(at, ..)| *at);
            let arrived = self.wire.partition_point(|(at, ..)| *at <= self.now);
            for (_, to, heard) in self.wire.drain(..arrived).collect::<Vec<_>>() {
                self.handle(to, Event::Advert(heard));
            }
            self.handle(0, Event::Tick);
            self.handle(1, Event::Tick);
            if self.faulty && self.dice.below(20) == 0 {
                self.order();
            }
        }
    }

    fn next_moment(&self) -> Option<Instant> {
        let deadlines = self.nodes.iter().filter_map(|node| node.router.deadline());
        let arrivals = self.wire.iter().map(|(at, ..)| *at);
        // While nobody has a deadline, orders still come.
        let orders = self.faulty.then(|| self.now + Duration::from_millis(500));
        deadlines.chain(arrivals).chain(orders).min()
    }

    fn order(&mut self) {
        let to = self.dice.below(2) as usize;
        let event = match self.dice.below(9) {
            0 => Event::Shutdown,
            1 => Event::Keep,
            2 | 3 => Event::Startup,
            4 => Event::Resume(self.now - Duration::from_millis(self.dice.below(4_000))),
            5 => Event::Path(Path::Closed),
            6 => Event::Path(Path::Open),
            7 => Event::Ready,
            _ => Event::Priority(prio(self.dice.below(256) as u8)),
        };
        self.handle(to, event);
    }

    fn heal(&mut self) {
        self.faulty = false;
        for to in [0, 1] {
            self.handle(to, Event::Path(Path::Open));
            self.handle(to, Event::Startup);
        }
    }

    fn handle(&mut self, to: usize, event: Event) {
        let seed = self.seed;
        let peer = self.nodes[1 - to].address;
        let node = &mut self.nodes[to];
        let outputs = node.router.handle(self.now, event);
        let from = node.address;
        for output in outputs.iter().copied() {
            match output {
                Output::Want(holding) => node.wanted = Some(holding),
                Output::Became(role, _) => {
                    node.role = role;
                    node.changes += 1;
                }
                Output::Announce => assert_eq!(node.role, Role::Active, "seed {seed}"),
                Output::Advertise(priority) => {
                    let lost = self.faulty && self.dice.below(2) == 0;
                    if !lost && node.router.path() == Path::Open {
                        let interval = node.router.settings().interval;
                        let delay =
                            if self.faulty { self.dice.below(200_000_000) } else { 1_000_000 };
                        let heard = said(from, peer, priority.get(), interval);
                        self.wire.push((self.now + Duration::from_nanos(delay), 1 - to, heard));
                    }
                }
            }
        }
        self.nodes[to].agrees(seed);
    }
}

impl Node {
    /// What was said is what is: the role, and the addresses with it.
    fn agrees(&self, seed: u64) {
        assert_eq!(self.role, self.router.role(), "seed {seed}");
        let kept = self.router.reason() == Reason::Keep;
        if self.role != Role::Init || !(kept || self.wanted.is_none()) {
            let held = self.wanted == Some(Holding::Held);
            assert_eq!(held, self.role.holds(), "seed {seed}: {:?}", self.router);
        }
        if !kept {
            let claims = self.router.last_advert().is_some();
            assert_eq!(claims, self.role == Role::Active, "seed {seed}: {:?}", self.router);
        }
    }
}
