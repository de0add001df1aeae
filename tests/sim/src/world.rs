//! The run: virtual time, the queue of what will happen, the wire, and fate.
//!
//! What befalls the machines is in `fate`, what the wires carry in `air`, what the loops do with a
//! message in `steps`, `engine` and `servers`; what must be true afterwards is in `judge`.

use std::collections::BinaryHeap;

use clock::{Duration, Instant};

use crate::foreign::ForeignRouter;
use crate::host::Host;
use crate::judge::{Judge, View};
use crate::message::{Entry, HOP, Item, Loop, Message};
use crate::plan::{self, Action, Expect, Netlink, Wire};
use crate::rng::Rng;
use crate::setup::{Setup, Side, WIRES};
use crate::{Broken, Summary};

mod air;
mod engine;
mod fate;
mod servers;
mod steps;

/// Two directors, the wire between them, and the real servers.
#[derive(Debug)]
pub(crate) struct World {
    now: Instant,
    seed: u64,
    setup: Setup,
    rng: Rng,
    queue: BinaryHeap<Entry>,
    number: u64,
    hosts: [Host; 2],
    /// Which real servers live.
    servers: Vec<bool>,
    wires: [Wire; WIRES],
    /// A router that is not ours, while there is one.
    foreign: Option<ForeignRouter>,
    judge: Judge,
    trace: bool,
    faults: u32,
    steps: u64,
}

/// A run is at least this long, and has at least this many faults (design.md 9).
const LENGTH: Duration = Duration::from_secs(600);
const FAULTS: u32 = 20;
/// More than any run needs: a machine that asks to be woken again and again is caught by it.
const STEPS: u64 = 20_000_000;
/// The longest way over a whole wire.
pub(crate) const WIRE: Duration = Duration::from_millis(1);
/// The longest the mover needs for the address.
pub(crate) const PLAN: Duration = Duration::from_millis(3);

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut rng = Rng::new(seed);
        let setup = Setup::draw(&mut rng);
        let hosts = [Host::new(&setup), Host::new(&setup)];
        let mut world = Self {
            now: Instant::from_millis(1_000),
            seed,
            queue: BinaryHeap::new(),
            number: 0,
            servers: vec![true; setup.servers()],
            wires: [Wire::default(); WIRES],
            foreign: None,
            judge: Judge::new(&setup),
            hosts,
            trace,
            faults: 0,
            steps: 0,
            rng,
            setup,
        };
        world.tell(|w| format!("setup {:?}", w.setup));
        for side in 0..2 {
            let at = world.now + world.rng.millis(0, 300);
            world.put(at, Item::Spawn(side));
        }
        let settled = world.now + world.settling(false);
        world.put(settled, Item::Quiet);
        world.put(settled, Item::Episode);
        world
    }

    /// Runs to the end, or until something is broken.
    pub(crate) fn run(mut self) -> Result<Summary, Broken> {
        while let Some(entry) = self.queue.pop() {
            self.now = entry.at;
            self.steps += 1;
            if matches!(entry.item, Item::End) {
                break;
            }
            let tables = touches_tables(&entry.item);
            self.step(entry.item);
            let view = View {
                now: self.now,
                setup: &self.setup,
                hosts: &self.hosts,
                servers: &self.servers,
                wires: &self.wires,
                foreign: self.foreign.as_ref(),
            };
            self.judge.after_step(&view, tables);
            if self.steps > STEPS {
                self.judge.broke("progress", format!("more than {STEPS} steps"));
            }
            if let Some((invariant, what)) = self.judge.broken.take() {
                let (seed, at) = (self.seed, self.now);
                return Err(Broken { seed, invariant, at, what });
            }
        }
        Ok(Summary {
            virtual_time: self.now.since(Instant::ZERO),
            faults: self.faults,
            steps: self.steps,
        })
    }

    fn step(&mut self, item: Item) {
        match item {
            Item::Arrive(side, wire, packet) => self.arrive(side, wire, packet),
            Item::Foreign(packet) => self.foreign_hears(&packet),
            Item::ForeignTimer => self.foreign_timer(),
            Item::Resume(side, stopped) => self.resume(side, stopped),
            Item::Message(side, life, to, message) => self.deliver(side, life, to, message),
            Item::Wake(side, life, which) => self.wake(side, life, which),
            Item::Thaw(side, life, which) => self.thaw(side, life, which),
            Item::Spawn(side) => self.spawn(side),
            Item::Exit(side, life) => self.exit(side, life),
            Item::Action(action) => self.act(action),
            Item::Episode => self.begin_episode(),
            Item::Turn => self.judge.turn(&self.hosts, &self.setup),
            Item::Quiet => {
                self.tell(|_| "quiet".into());
                self.judge.begin_quiet(&self.hosts, &self.setup);
            }
            Item::End => {}
        }
    }

    fn begin_episode(&mut self) {
        if self.now > Instant::ZERO + LENGTH && self.faults >= FAULTS {
            return self.put(self.now, Item::End);
        }
        let episode = plan::draw(&mut self.rng, &self.setup);
        self.tell(|_| format!("episode {:?} {:?}", episode.expect, episode.actions));
        self.faults += episode.faults;
        let hard = |(_, action): &(Duration, Action)| {
            matches!(action, Action::Netlink(_, Netlink::Refusing | Netlink::Losing))
        };
        let settled = episode.length + self.settling(episode.actions.iter().any(hard));
        self.judge.begin_episode(episode.expect, &self.hosts);
        let begin = self.now;
        for (at, action) in episode.actions {
            if episode.turn == Some(at) && episode.expect == Expect::OneSided {
                self.put(begin + at, Item::Turn);
            }
            self.put(begin + at, Item::Action(action));
        }
        self.put(begin + settled, Item::Quiet);
        let next = begin + settled + self.rng.millis(1_000, 4_000);
        self.put(next, Item::Episode);
    }

    /// How long after the last fault everything is as it will stay.
    fn settling(&self, netlink_was_bad: bool) -> Duration {
        let setup = &self.setup;
        let checks = setup.timing.fall_bound() + setup.timing.rise_bound() + setup.cause_hold();
        let election = setup.election_rest() + setup.routers[0].interval.duration() * 2;
        let table = setup.verify * 4 + if netlink_was_bad { TABLE_BACKOFF } else { Duration::ZERO };
        setup.hold + checks + election + table + Duration::from_secs(1)
    }

    // --- the queue ---

    fn put(&mut self, at: Instant, item: Item) {
        self.number += 1;
        self.queue.push(Entry { at, number: self.number, item });
    }

    /// Passes a message from loop to loop of one process; they keep their order.
    fn send(&mut self, side: Side, from: Loop, to: Loop, message: Message) {
        let rare = self.rng.chance(20);
        let hop = if rare {
            self.rng.micros(200, HOP.as_micros() as u64)
        } else {
            self.rng.micros(5, 200)
        };
        let host = &mut self.hosts[side];
        let life = host.life;
        let Some(process) = &mut host.process else { return };
        let latest = &mut process.at(to).latest[from as usize];
        let at = (self.now + hop).max(*latest);
        *latest = at;
        self.put(at, Item::Message(side, life, to, message));
    }

    /// Passes a message to a loop after a time of its own: a timer, a server, the kernel.
    fn later(&mut self, side: Side, to: Loop, after: Duration, message: Message) {
        let life = self.hosts[side].life;
        self.put(self.now + after, Item::Message(side, life, to, message));
    }

    fn tell(&self, what: impl FnOnce(&Self) -> String) {
        if self.trace {
            let at = self.now.as_nanos();
            println!("{:>4}.{:06} {}", at / 1_000_000_000, at / 1_000 % 1_000_000, what(self));
        }
    }
}

/// The longest the table waits before it tries again what the kernel refused or lost meanwhile.
pub(crate) const TABLE_BACKOFF: Duration = Duration::from_secs(10);

fn touches_tables(item: &Item) -> bool {
    match item {
        Item::Message(_, _, to, _) => matches!(to, Loop::Engine | Loop::Table),
        Item::Wake(_, _, which) | Item::Thaw(_, _, which) => {
            matches!(which, Loop::Engine | Loop::Table)
        }
        Item::Arrive(..) | Item::Foreign(_) | Item::ForeignTimer => false,
        Item::Spawn(_)
        | Item::Resume(..)
        | Item::Exit(..)
        | Item::Action(_)
        | Item::Episode
        | Item::Turn
        | Item::Quiet
        | Item::End => true,
    }
}
