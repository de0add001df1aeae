//! A third router on the wire: a release that is repeated must not make it claim beside the
//! successor, in whatever order the packets arrive.

use super::two::*;
use super::*;

const SEEDS: u64 = 2_000;

/// The longest way of a packet. So late, the last advert may arrive after the first priority 0, and
/// the better Backup waits for the second, and still comes before the other one: its Skew_Time is
/// 195 ms shorter. It claims at about the time of the last repeat.
const WAY_NS: u64 = 40_000_000;

#[test]
fn a_repeated_release_hands_over_to_the_better_backup_alone() {
    for seed in 1..=SEEDS {
        let mut three = Three::settled(seed);
        three.order(0, router::Event::Shutdown);
        three.run(ms(40_000));
        let roles = three.roles();
        assert_eq!(roles, [Role::Init, Role::Active, Role::Backup], "seed {seed}");
        assert_eq!(three.claims, 1, "seed {seed}: one successor");
        assert_eq!(three.holes, 0, "seed {seed}: somebody always answered");
    }
}

/// Priorities 200, 150 and 100; every packet reaches both others, each in its own time.
struct Three {
    elections: [Election; 3],
    wire: Vec<(Instant, usize, Vec<u8>)>,
    now: Instant,
    dice: Dice,
    claims: u32,
    holes: u32,
}

impl Three {
    /// The first is Active; the packets of its time as such have arrived, but for the last.
    fn settled(seed: u64) -> Self {
        let director = |(priority, last)| {
            let mut election = Election::default();
            election.handle(ms(0), Event::Link(LINK, Family::V4, up(ip(last))));
            let settings = Settings { priority: prio(priority), ..settings(51) };
            election.handle(ms(0), Event::Add(ONE, settings));
            election
        };
        let mut three = Self {
            elections: [(200, 3), (150, 2), (100, 1)].map(director),
            wire: Vec::new(),
            now: ms(0),
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            claims: 0,
            holes: 0,
        };
        (0..3).for_each(|to| three.order(to, router::Event::Startup));
        three.run(ms(10_000));
        let adverts_at = three.elections[0].deadline().unwrap();
        let after = Duration::from_nanos(three.dice.below(50_000_000));
        three.run(adverts_at + after);
        (three.claims, three.holes) = (0, 0);
        three
    }

    fn roles(&self) -> [Role; 3] {
        self.elections.each_ref().map(|election| election.router(ONE).unwrap().role())
    }

    fn order(&mut self, to: usize, event: router::Event) {
        self.handle(to, Event::Router(ONE, event));
    }

    fn run(&mut self, until: Instant) {
        loop {
            let deadlines = self.elections.iter().filter_map(Election::deadline);
            let arrivals = self.wire.iter().map(|(at, ..)| *at);
            let Some(next) = deadlines.chain(arrivals).min().filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            self.wire.sort_by_key(|(at, ..)| *at);
            let arrived = self.wire.partition_point(|(at, ..)| *at <= self.now);
            for (_, to, bytes) in self.wire.drain(..arrived).collect::<Vec<_>>() {
                self.handle(to, Event::Datagram(LINK, Datagram::V4(&bytes)));
            }
            (0..3).for_each(|to| self.handle(to, Event::Tick));
        }
        self.now = until;
    }

    fn handle(&mut self, to: usize, event: Event<'_>) {
        for (_, output) in self.elections[to].handle(self.now, event).to_vec() {
            match output {
                router::Output::Became(Role::Active, _) => self.claims += 1,
                router::Output::Advertise(priority) => self.send(to, priority),
                router::Output::Became(..) | router::Output::Want(_) | router::Output::Announce => {
                }
            }
        }
        self.holes += u32::from(!self.roles().iter().any(|role| role.holds()));
    }

    fn send(&mut self, from: usize, priority: Priority) {
        let mut buffer = [0; MAX_DATAGRAM];
        let group = wire::MULTICAST.into();
        let length = self.elections[from].emit(FIRST, priority, group, &mut buffer).unwrap();
        for other in (0..3).filter(|other| *other != from) {
            let at = self.now + Duration::from_nanos(self.dice.below(WAY_NS));
            self.wire.push((at, other, buffer[..length].to_vec()));
        }
    }
}
