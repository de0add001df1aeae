//! The promise of [`Timing::fall_bound`] and [`Timing::rise_bound`], in virtual time: forty
//! servers die and return at random moments, with random timings, latencies and failures of our own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use clock::Duration;

use super::*;
use crate::{Failure, Question, Timing};

#[test]
fn a_dead_server_is_down_and_a_returned_one_up_within_the_bounds() {
    for seed in 0..100 {
        World::new(seed, Trouble::None).run();
    }
}

#[test]
fn our_own_failures_delay_verdicts_but_never_make_one() {
    for seed in 1_000..1_050 {
        World::new(seed, Trouble::Ours).run();
    }
}

/// What goes wrong beside the servers.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Trouble {
    None,
    /// A third of all questions fail for a reason of our own or get lost.
    Ours,
}

struct World {
    seed: u64,
    random: Random,
    trouble: Trouble,
    schedule: Schedule,
    servers: BTreeMap<CheckId, Server>,
    /// Answers on their way.
    answers: BTreeMap<(Instant, CheckId), (u64, Outcome)>,
    verdicts: u32,
}

struct Server {
    timing: Timing,
    /// When it dies, returns, dies...; alive before the first.
    turns: Vec<Instant>,
    verdict: Option<(Verdict, Instant)>,
}

impl World {
    fn new(seed: u64, trouble: Trouble) -> Self {
        let mut random = Random(seed);
        let mut schedule = Schedule::default();
        let mut servers = BTreeMap::new();
        for number in 0..SERVERS {
            let server = Server::new(&mut random);
            let target = SocketAddr::from(([192, 0, 2, 1], 80));
            let check = Check { target, question: Question::Tcp, timing: server.timing };
            let id = CheckId(number);
            assert_eq!(schedule.handle(Instant::ZERO, Event::Set(id, check)), []);
            servers.insert(id, server);
        }
        Self { seed, random, trouble, schedule, servers, answers: BTreeMap::new(), verdicts: 0 }
    }

    fn run(&mut self) {
        loop {
            let tick = self.schedule.deadline().expect("checks go on for ever");
            let answer = self.answers.first_key_value().map(|(&(at, _), _)| at);
            let now = answer.map_or(tick, |at| at.min(tick));
            if now > END {
                break;
            }
            let event = match answer.filter(|at| *at == now) {
                Some(_) => self.answer(),
                None => Event::Tick,
            };
            for output in self.schedule.handle(now, event) {
                self.carry_out(now, output);
            }
            self.judge(now);
        }
        assert!(self.verdicts > SERVERS, "seed {}: too quiet to prove anything", self.seed);
    }

    fn answer(&mut self) -> Event {
        let ((_, check), (round, outcome)) = self.answers.pop_first().unwrap();
        Event::Answered { check, round, outcome }
    }

    fn carry_out(&mut self, now: Instant, output: Output) {
        match output {
            Output::Ask { check, round } => self.ask(now, check, round),
            Output::Verdict { check, verdict, why } => {
                assert!(!matches!(why, Outcome::Internal(_)), "seed {}: {check:?}", self.seed);
                self.servers.get_mut(&check).unwrap().verdict = Some((verdict, now));
                self.verdicts += 1;
            }
            Output::Impaired(check, why) => {
                assert!(self.trouble == Trouble::Ours, "seed {}: {check:?} {why:?}", self.seed);
            }
        }
    }

    fn ask(&mut self, now: Instant, check: CheckId, round: u64) {
        let server = &self.servers[&check];
        let timeout = server.timing.timeout;
        let outcome = match (server.alive(now), self.random.below(3)) {
            (true, _) => Outcome::Pass,
            (false, 0) => Outcome::Fail(Failure::Refused),
            (false, _) => Outcome::Fail(Failure::TimeoutConnect),
        };
        let takes = match outcome {
            Outcome::Fail(Failure::TimeoutConnect) => timeout,
            Outcome::Pass | Outcome::Fail(_) | Outcome::Internal(_) => {
                Duration::from_millis(self.random.below(timeout.as_millis() as u64 + 1))
            }
        };
        let ours = self.trouble == Trouble::Ours && self.random.below(3) == 0;
        match (ours, self.random.below(2)) {
            (true, 0) => {}
            (true, _) => {
                let outcome = Outcome::Internal(Internal::Descriptors);
                self.answers.insert((now, check), (round, outcome));
            }
            (false, _) => {
                self.answers.insert((now + takes, check), (round, outcome));
            }
        }
    }

    fn judge(&self, now: Instant) {
        for (id, server) in &self.servers {
            let Some((verdict, since)) = server.verdict else {
                let slowest = server.timing.interval * 2;
                let unknown = self.trouble == Trouble::None && now > Instant::ZERO + slowest;
                assert!(!unknown, "seed {}: {id:?} still unknown at {now:?}", self.seed);
                continue;
            };
            if self.trouble == Trouble::None {
                let late = server.overdue(now, verdict);
                assert!(!late, "seed {}: {id:?} still {verdict} at {now:?}", self.seed);
            }
            if server.turns.is_empty() {
                assert!(verdict == Verdict::Up, "seed {}: {id:?} at {since:?}", self.seed);
            }
        }
    }
}

impl Server {
    fn new(random: &mut Random) -> Self {
        let interval = Duration::from_millis(100 + random.below(2_000));
        let timeout = interval / (1 + random.below(3) as u32);
        let timeout = Duration::from_millis(timeout.as_millis() as u64);
        let (fall, rise) = (1 + random.below(4) as u32, 1 + random.below(4) as u32);
        let mut turns: Vec<_> =
            (0..random.below(4)).map(|_| Instant::from_millis(random.below(90_000))).collect();
        turns.sort();
        Self { timing: Timing { interval, timeout, fall, rise }, turns, verdict: None }
    }

    fn alive(&self, now: Instant) -> bool {
        self.turns.iter().filter(|turn| **turn <= now).count() % 2 == 0
    }

    /// Whether this verdict should have gone by now.
    fn overdue(&self, now: Instant, verdict: Verdict) -> bool {
        let last = self.turns.iter().rfind(|turn| **turn <= now).copied().unwrap_or_default();
        let bound = match (self.alive(now), verdict) {
            (true, Verdict::Up) | (false, Verdict::Down) => return false,
            (true, Verdict::Down) => self.timing.rise_bound(),
            (false, Verdict::Up) => self.timing.fall_bound(),
        };
        now > last + bound
    }
}

/// splitmix64, so that a seed is all there is to a run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        let mut state = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0 = state;
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (state ^ (state >> 31)) % bound
    }
}

const SERVERS: u32 = 40;
const END: Instant = Instant::from_millis(120_000);
