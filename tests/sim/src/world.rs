//! The run: virtual time, the queue of what will happen, the wire, and fate.
//!
//! What the loops do with a message is in `steps`; what must be true afterwards is in `judge`.

use std::collections::BinaryHeap;

use clock::{Duration, Instant};

use crate::host::{Host, Process};
use crate::judge::Judge;
use crate::message::{Entry, HOP, Interface, Item, Loop, Message, Signal};
use crate::plan::{self, Action, Expect, Netlink, Wire};
use crate::rng::Rng;
use crate::setup::{ROUTER, Setup, Side};
use crate::{Broken, Summary};

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
    wire: Wire,
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
            wire: Wire::default(),
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
            let view = crate::judge::View {
                now: self.now,
                setup: &self.setup,
                hosts: &self.hosts,
                servers: &self.servers,
                wire: &self.wire,
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
            Item::Arrive(side, bytes) => self.arrive(side, bytes),
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
        let election = setup.interval.duration() * 9;
        let table = setup.verify * 4 + if netlink_was_bad { TABLE_BACKOFF } else { Duration::ZERO };
        setup.hold + checks + election + table + Duration::from_secs(1)
    }

    // --- fate ---

    fn act(&mut self, action: Action) {
        self.tell(|_| format!("fault {action:?}"));
        match action {
            Action::Wire(wire) => self.wire = wire,
            Action::Crash(side, pause) => self.kill(side, pause),
            Action::PowerCut(side, pause) => {
                self.kill(side, pause);
                let (link, tracked) = (self.hosts[side].link, self.hosts[side].tracked);
                let (reach, life) = (self.hosts[side].reach.clone(), self.hosts[side].life);
                self.hosts[side] =
                    Host { powered: false, link, tracked, reach, life, ..Host::new(&self.setup) };
            }
            Action::Keep(side, pause) => self.signal(side, Signal::Usr2, Some(pause)),
            Action::Release(side, pause) => self.signal(side, Signal::Term, Some(pause)),
            Action::Reload(side) => self.signal(side, Signal::Reload, None),
            Action::Freeze(side, which, lasts) => self.freeze(side, which, lasts),
            Action::Server(server, alive) => self.servers[server] = alive,
            Action::Reach(side, server, whole) => self.hosts[side].reach[server] = whole,
            Action::Link(side, up) => {
                self.hosts[side].link = up;
                self.monitor(side, Interface::Own, up);
            }
            Action::Tracked(side, up) => {
                self.hosts[side].tracked = up;
                self.monitor(side, Interface::Tracked, up);
            }
            Action::Meddle(side, what) => {
                self.hosts[side].kernel.meddle(&mut self.rng, what);
                self.judge.meddled(side, self.now);
            }
            Action::Netlink(side, how) => self.hosts[side].kernel.netlink = how,
        }
    }

    fn kill(&mut self, side: Side, pause: Duration) {
        if self.hosts[side].process.take().is_some() {
            self.put(self.now + pause, Item::Spawn(side));
        }
    }

    /// A signal ends the process sooner or later; another one before that changes nothing.
    fn signal(&mut self, side: Side, signal: Signal, pause: Option<Duration>) {
        let host = &mut self.hosts[side];
        if host.process.is_some() && host.restart.is_none() {
            host.restart = pause;
            let engine = Loop::Engine;
            self.send(side, engine, engine, Message::Signal(signal));
        }
    }

    fn freeze(&mut self, side: Side, which: Option<Loop>, lasts: Duration) {
        let (until, life) = (self.now + lasts, self.hosts[side].life);
        let Some(process) = &mut self.hosts[side].process else { return };
        for each in Loop::ALL.into_iter().filter(|each| which.is_none_or(|w| w == *each)) {
            let state = process.at(each);
            state.frozen_until = state.frozen_until.max(until);
            self.number += 1;
            let item = Item::Thaw(side, life, each);
            self.queue.push(Entry { at: until, number: self.number, item });
        }
    }

    fn monitor(&mut self, side: Side, interface: Interface, up: bool) {
        self.send(side, Loop::Mover, Loop::Mover, Message::Monitor(interface, up));
    }

    // --- life of a process ---

    fn spawn(&mut self, side: Side) {
        let host = &mut self.hosts[side];
        if host.process.is_some() {
            return;
        }
        host.powered = true;
        host.restart = None;
        host.life += 1;
        let life = host.life;
        let ours = host.ours.clone();
        host.process = Some(Process::new(self.now, &self.setup, side, ours));
        self.tell(|w| format!("lb{side} starts, state file {:?}", w.hosts[side].state_file));
        let wire = self.now + self.rng.millis(2, 30);
        // The table is dumped before the engine is told what is in it (ipvs::start).
        let table = wire + self.rng.millis(0, 40);
        let engine = table + self.rng.millis(0, 10);
        let begins = [wire, wire, engine, table, wire];
        for (which, begin) in Loop::ALL.into_iter().zip(begins) {
            if let Some(process) = &mut self.hosts[side].process {
                process.at(which).frozen_until = begin;
            }
            self.put(begin, Item::Thaw(side, life, which));
        }
    }

    fn exit(&mut self, side: Side, life: u32) {
        let host = &mut self.hosts[side];
        if host.life != life {
            return;
        }
        let Some(process) = host.process.take() else { return };
        if process.releasing {
            let ours = self.setup.ours();
            host.kernel.table.retain(|key, _| !ours.contains(key));
            host.ours.clear();
        }
        let pause = host.restart.take().unwrap_or_default();
        self.tell(|_| format!("lb{side} has ended"));
        self.put(self.now + pause, Item::Spawn(side));
    }

    // --- the wire ---

    /// Puts an advert on the wire, as bytes.
    fn transmit(&mut self, from: Side, mut bytes: Box<[u8]>) {
        let wire = self.wire;
        if !self.hosts[from].link || wire.cut[from] || self.rng.chance(wire.loss) {
            return;
        }
        if self.rng.chance(wire.damage) {
            let bit = self.rng.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for _ in 0..1 + u8::from(self.rng.chance(wire.twice)) {
            let late = self.rng.micros(0, wire.delay.as_micros() as u64);
            let at = self.now + self.rng.micros(30, WIRE.as_micros() as u64) + late;
            self.put(at, Item::Arrive(1 - from, bytes.clone()));
        }
    }

    /// A datagram is lost if nobody has a socket open.
    fn arrive(&mut self, side: Side, bytes: Box<[u8]>) {
        let host = &self.hosts[side];
        if host.link && host.process.is_some() {
            self.deliver(side, host.life, Loop::Wire, Message::Datagram(bytes));
        }
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

    fn role(&self, side: Side) -> Option<vrrp_proto::Role> {
        self.hosts[side].process.as_ref()?.election.router(ROUTER).map(|router| router.role())
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
        Item::Arrive(..) => false,
        Item::Spawn(_)
        | Item::Exit(..)
        | Item::Action(_)
        | Item::Episode
        | Item::Turn
        | Item::Quiet
        | Item::End => true,
    }
}
