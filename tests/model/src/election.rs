//! The model: who takes part, what may happen to them, and what must hold.

use std::time::Duration;

use stateright::{Model, Property};
use vrrp_proto::router::{Deciders, Preempt, Settings};
use vrrp_proto::{DownFactor, Priority};

use crate::world::{Action, STEP, World, interval};

/// An election.
#[derive(Clone, Debug)]
pub struct Election {
    /// The routers' priorities; the later has the higher address.
    pub priorities: Vec<Priority>,
    /// Whether the better one takes over from a live worse one.
    pub preempt: Preempt,
    /// How many intervals of silence end in a takeover.
    pub factor: DownFactor,
    /// What may happen.
    pub bounds: Bounds,
}

/// How much may happen. Within it everything is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Adverts lost; `None` for any number.
    pub losses: Option<u8>,
    /// Power failures; `None` for any number. What failed may come back at any moment.
    pub crashes: Option<u8>,
    /// Orders to leave.
    pub releases: u8,
    /// Steps of time for which an advert may be on its way: it arrives in the next step, or so many
    /// later, in any order with others.
    pub late: u8,
}

impl Election {
    /// X of design.md 9: how long two may answer, after the last disturbance.
    fn conflict(&self) -> Duration {
        interval().duration() * 2 + self.slowest_skew() + self.way()
    }

    /// How long none may answer: Active_Down_Interval and X.
    fn outage(&self) -> Duration {
        interval().duration() * u32::from(self.factor.get()) + self.slowest_skew() + self.conflict()
    }

    fn way(&self) -> Duration {
        STEP * u32::from(self.bounds.late)
    }

    /// One that is told to leave speaks for that of priority 1.
    fn slowest_skew(&self) -> Duration {
        let lowest = self.priorities.iter().copied().min().unwrap_or(Priority::MIN);
        lowest.skew(interval())
    }

    fn settings(&self, at: usize) -> Settings {
        let rivals = self.priorities.iter().enumerate().filter(|(other, _)| *other != at);
        Settings {
            members: Vec::new(),
            deciders: Deciders::All,
            priority: self.priorities[at],
            interval: interval(),
            down_factor: self.factor,
            preempt: self.preempt,
            preempt_delay: Duration::ZERO,
            startup_delay: Duration::ZERO,
            peer_base: None,
            rival: rivals.map(|(_, priority)| *priority).max().unwrap_or(Priority::MIN),
            hold: Duration::ZERO,
        }
    }
}

impl Model for Election {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut world = World::dark(self.priorities.len(), self.conflict(), self.outage() + STEP);
        world.losses = self.bounds.losses;
        world.crashes = self.bounds.crashes;
        world.releases = self.bounds.releases;
        world.look();
        vec![world]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let nodes = 0..world.nodes.len();
        let due = nodes.clone().filter(|at| world.is_due(*at));
        let late = |age: u8| age >= self.bounds.late;
        actions.extend(due.map(Action::Tick));
        for at in 0..world.packets.len() {
            // Equal ones are one and the same.
            if at == 0 || world.packets[at] != world.packets[at - 1] {
                actions.push(Action::Deliver(at));
                if world.losses != Some(0) {
                    actions.push(Action::Lose(at));
                }
            }
        }
        for at in nodes.clone() {
            match world.role(at) {
                None => actions.push(Action::Start(at)),
                Some(_) if world.crashes != Some(0) => actions.push(Action::Crash(at)),
                Some(_) => {}
            }
            if world.releases > 0 && world.role(at).is_some() {
                actions.push(Action::Release(at));
            }
        }
        let nothing_due = !nodes.clone().any(|at| world.is_due(at));
        if nothing_due && !world.packets.iter().any(|packet| late(packet.age)) {
            actions.push(Action::Wait);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Deliver(at) => world.deliver(at),
            Action::Lose(at) => {
                world.losses = world.losses.map(|left| left - 1);
                world.lose(at);
            }
            Action::Tick(at) => world.hand(at, vrrp_proto::router::Event::Tick),
            Action::Wait => world.wait(),
            Action::Crash(at) => {
                world.crashes = world.crashes.map(|left| left - 1);
                world.crash(at);
            }
            Action::Start(at) => world.start(at, self.settings(at)),
            Action::Release(at) => {
                world.releases -= 1;
                world.release(at);
            }
        }
        world.look();
        Some(world)
    }

    /// Each is counted from the last disturbance.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            // Connected for X, several answer no longer than an advert is on its way: one that
            // preempts claims before the other knows.
            Property::always("at most one answers", |model: &Self, world: &World| {
                world.several_for() <= model.way()
            }),
            // Also after the crash of the Active: within Active_Down_Interval and X some other does.
            Property::always("one answers in the end", |model: &Self, world: &World| {
                world.calm_for() <= model.outage() || world.fit() == 0 || world.answering() > 0
            }),
            // Where the better one preempts, it is the best of those that take part.
            Property::always("the best answers in the end", |model: &Self, world: &World| {
                let waits = world.calm_for() <= model.outage() || world.fit() == 0;
                model.preempt == Preempt::No || waits || world.best_holds(&model.priorities)
            }),
            // Nobody takes the addresses twice, so nothing goes back and forth.
            Property::always("no ping-pong", |_: &Self, world: &World| {
                world.nodes.iter().all(|node| node.claims <= 1)
            }),
            // The model is not empty: each of these is found.
            Property::sometimes("two answer, disturbed", |_: &Self, world: &World| {
                world.answering() > 1
            }),
            Property::sometimes("the worst answers alone", |_: &Self, world: &World| {
                world.answering() == 1 && world.nodes[0].holds
            }),
            Property::sometimes("the best answers alone", |_: &Self, world: &World| {
                world.answering() == 1 && world.nodes.last().is_some_and(|node| node.holds)
            }),
        ]
    }
}
