//! The routers, what is on the wire between them, and what happened of late.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

use clock::{Duration, Instant, Interval};
use vrrp_proto::router::{Event, Heard, Holding, Output, Outputs, Path, Settings, Version};
use vrrp_proto::{Priority, Role, Router};

use crate::canon;

/// One state of the model.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    /// In flight, in an order that says nothing.
    pub(crate) packets: Vec<Packet>,
    /// Since when several have been answering in calm.
    pub(crate) several: Option<Instant>,
    /// When the last disturbance was.
    pub(crate) disturbed: Instant,
    /// How many disturbances of each kind may still come; `None` has no end.
    pub(crate) losses: Option<u8>,
    pub(crate) crashes: Option<u8>,
    pub(crate) releases: u8,
    /// How long after a disturbance several may answer.
    pub(crate) conflict: Duration,
    /// How long after one nothing depends on it any more.
    pub(crate) calm: Duration,
    view: u64,
}

/// One machine.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// `None` while it is dead.
    pub(crate) router: Option<Router>,
    /// Whether it answers for the addresses.
    pub(crate) holds: bool,
    /// How often it became Active since the last disturbance.
    pub(crate) claims: u8,
    /// Of its router, and the moment it is from.
    view: (Instant, u64),
}

/// An advert on its way.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Packet {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) priority: Priority,
    /// How many steps of time it has been on its way.
    pub(crate) age: u8,
    /// Whether it is from before the last disturbance, whose echo it is.
    pub(crate) echo: bool,
}

/// What happens next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// The advert at this place arrives.
    Deliver(usize),
    /// It is lost.
    Lose(usize),
    /// A router's deadline has come.
    Tick(usize),
    /// A step of time passes, or less, to the next deadline.
    Wait,
    /// A machine loses power.
    Crash(usize),
    /// It is there again.
    Start(usize),
    /// A router is told to leave.
    Release(usize),
}

impl World {
    /// All machines are dead.
    pub(crate) fn dark(nodes: usize, conflict: Duration, calm: Duration) -> Self {
        let now = Instant::ZERO + EPOCH;
        let node = Node::dead(now);
        let mut world = Self {
            now,
            nodes: vec![node; nodes],
            packets: Vec::new(),
            several: None,
            disturbed: now,
            losses: None,
            crashes: None,
            releases: 0,
            conflict,
            calm,
            view: 0,
        };
        world.look();
        world
    }

    /// How long there has been no disturbance, up to the time that matters.
    pub(crate) fn calm_for(&self) -> Duration {
        self.now.since(self.disturbed).min(self.calm)
    }

    /// How long several have been answering in calm.
    pub(crate) fn several_for(&self) -> Duration {
        self.several.map_or(Duration::ZERO, |since| self.now.since(since)).min(self.conflict)
    }

    /// How many answer for the addresses.
    pub(crate) fn answering(&self) -> usize {
        self.nodes.iter().filter(|node| node.holds).count()
    }

    /// Whether the best of those that live answers, or one as good.
    pub(crate) fn best_holds(&self, priorities: &[Priority]) -> bool {
        let alive = (0..self.nodes.len()).filter(|at| self.nodes[*at].router.is_some());
        let best = alive.map(|at| priorities[at]).max();
        (0..self.nodes.len()).any(|at| self.nodes[at].holds && Some(priorities[at]) == best)
    }

    /// How many take part.
    pub(crate) fn fit(&self) -> usize {
        let fit = |router: &Router| matches!(router.role(), Role::Active | Role::Backup);
        self.nodes.iter().filter(|node| node.router.as_ref().is_some_and(fit)).count()
    }

    /// It in one line.
    pub fn line(&self) -> String {
        let roles: Vec<_> =
            (0..self.nodes.len()).map(|at| (self.role(at), self.nodes[at].holds)).collect();
        format!("{} ms {roles:?} {:?}", self.now.as_millis(), self.packets)
    }

    /// The role of one.
    pub fn role(&self, at: usize) -> Option<Role> {
        self.nodes[at].router.as_ref().map(Router::role)
    }

    pub(crate) fn is_due(&self, at: usize) -> bool {
        let router = self.nodes[at].router.as_ref();
        router.and_then(Router::deadline).is_some_and(|at| at <= self.now)
    }

    /// A machine comes up and takes part.
    pub(crate) fn start(&mut self, at: usize, settings: Settings) {
        self.disturb();
        self.nodes[at].router = Some(Router::new(self.now, settings, Path::Open));
        // The first round of checks is no matter of the election.
        self.hand(at, Event::Ready);
        self.hand(at, Event::Startup);
    }

    /// Power fails: addresses and router are gone, and so is what is on its way to it.
    pub(crate) fn crash(&mut self, at: usize) {
        self.disturb();
        self.nodes[at] = Node::dead(self.now);
        self.packets.retain(|packet| packet.to != at);
    }

    pub(crate) fn release(&mut self, at: usize) {
        self.disturb();
        self.hand(at, Event::Shutdown);
    }

    pub(crate) fn lose(&mut self, at: usize) {
        self.disturb();
        self.packets.remove(at);
    }

    pub(crate) fn deliver(&mut self, at: usize) {
        let packet = self.packets.remove(at);
        if packet.echo {
            self.disturb();
        }
        let heard = Heard {
            from: address(packet.from),
            tie: packet.from.cmp(&packet.to),
            dissent: 0,
            other: None,
            version: Version::V3,
            priority: packet.priority,
            interval: interval(),
        };
        debug_assert_ne!(heard.tie, Ordering::Equal);
        self.hand(packet.to, Event::Advert(heard));
    }

    /// Goes on to the next whole step, or to the next deadline if that comes first.
    pub(crate) fn wait(&mut self) {
        let next = self.now.floor_to(STEP) + STEP;
        let deadlines = self.nodes.iter().filter_map(|node| node.router.as_ref()?.deadline());
        self.now = deadlines.fold(next, Instant::min).max(self.now);
        self.packets.iter_mut().for_each(|packet| packet.age += 1);
    }

    pub(crate) fn hand(&mut self, at: usize, event: Event) {
        let Some(router) = &mut self.nodes[at].router else { return };
        let outputs = router.handle(self.now, event);
        self.nodes[at].view.0 = Instant::ZERO;
        self.obey(at, outputs);
    }

    fn obey(&mut self, at: usize, outputs: Outputs) {
        for output in outputs.iter() {
            match *output {
                Output::Advertise(priority) => {
                    let others = (0..self.nodes.len()).filter(|to| *to != at);
                    let alive = others.filter(|to| self.nodes[*to].router.is_some());
                    let packet = |to| Packet { from: at, to, priority, age: 0, echo: false };
                    self.packets.extend(alive.map(packet).collect::<Vec<_>>());
                }
                Output::Want(holding) => self.nodes[at].holds = holding == Holding::Held,
                Output::Announce => {}
                Output::Became(Role::Active, _) => self.nodes[at].claims += 1,
                Output::Became(..) => {}
            }
        }
    }

    fn disturb(&mut self) {
        self.disturbed = self.now;
        self.nodes.iter_mut().for_each(|node| node.claims = 0);
        self.packets.iter_mut().for_each(|packet| packet.echo = true);
    }

    /// Brings the view up to date: once a step is complete.
    pub(crate) fn look(&mut self) {
        self.packets.sort_unstable();
        let several = self.answering() > 1 && self.calm_for() > self.conflict;
        self.several = several.then(|| self.several.unwrap_or(self.now));
        let mut view = std::collections::hash_map::DefaultHasher::new();
        for node in &mut self.nodes {
            if let Some(router) = node.router.as_ref().filter(|_| node.view.0 != self.now) {
                node.view = (self.now, canon::hash(self.now, router));
            }
            (node.view.1, node.holds, node.claims).hash(&mut view);
        }
        (&self.packets, self.calm_for(), self.several_for()).hash(&mut view);
        (self.losses, self.crashes, self.releases).hash(&mut view);
        // Where on the grid of steps we are.
        self.now.since(self.now.floor_to(STEP)).hash(&mut view);
        self.view = view.finish();
    }
}

impl Node {
    fn dead(now: Instant) -> Self {
        Self { router: None, holds: false, claims: 0, view: (now, 0) }
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.view.hash(state);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.view == other.view
    }
}

/// 400 ms: a step is the least gap between forced adverts, and Skew_Time of the priorities 192, 128
/// and 64 is one, two and three steps.
pub(crate) fn interval() -> Interval {
    Interval::from_centis(40).unwrap_or(Interval::DEFAULT)
}

/// How far time goes on at once.
pub(crate) const STEP: Duration = Duration::from_millis(100);

/// Far enough from the clock's zero.
const EPOCH: Duration = Duration::from_secs(1_000);

/// The address of one: the later, the higher.
pub(crate) fn address(at: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 11 + at as u8))
}
