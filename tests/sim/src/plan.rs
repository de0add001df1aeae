//! What befalls the two directors: episodes of faults, drawn from the seed.
//!
//! An episode starts from calm, its faults follow one another or overlap, and it says what the
//! addresses may do meanwhile. After it comes time to settle, then a stretch in which nothing may
//! change.

use clock::Duration;
use coordinator::Reading;
use vrrp_proto::Priority;

use crate::message::Loop;
use crate::setup::{Fact, Side};

mod episodes;

pub(crate) use episodes::draw;

/// One thing that happens to the world.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// One of the wires between the directors.
    Wire(usize, Wire),
    /// SIGKILL; the service manager starts it again after this long.
    Crash(Side, Duration),
    /// The machine loses power: addresses, table and state file are gone; back after this long.
    PowerCut(Side, Duration),
    /// SIGUSR2, and a new process this long after the old one has ended.
    Keep(Side, Duration),
    /// SIGTERM, and a new process this long after the old one has ended.
    Release(Side, Duration),
    /// A loop, or all of the process, does not run for this long.
    Freeze(Side, Option<Loop>, Duration),
    /// The machine does nothing at all for this long, and hears nothing.
    Pause(Side, Duration, Clock),
    /// As `Keep` or `Release`; the new process knows one address more, or no longer does.
    Roll(Side, Duration, Stop),
    /// A router that is not ours comes to the wire, or goes.
    Foreign(Foreign),
    /// A reload that changes nothing.
    Reload(Side),
    /// A real server dies, or comes back.
    Server(usize, bool),
    /// A director's way to a real server is cut, or heals.
    Reach(Side, usize, bool),
    /// The link to a wire goes down, or comes up.
    Link(Side, usize, bool),
    /// A source of facts says this.
    Fact(Side, Fact, Reading),
    /// Somebody meddles with the kernel's table.
    Meddle(Side, Meddling),
    /// How the kernel's table answers from now on.
    Netlink(Side, Netlink),
}

/// What becomes of a machine's clock while it is paused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Clock {
    /// It goes on: the machine was suspended, and CLOCK_BOOTTIME tells.
    Goes,
    /// It stops: the hypervisor took the processors away.
    Stops,
}

/// How a process is told to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// Without letting go.
    Keep,
    /// Letting go.
    Release,
}

/// What a router that is not ours does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Foreign {
    /// It begins to take part in the election of one of our routers.
    Joins(Stranger),
    /// It says priority 0 and is gone.
    Resigns,
    /// It is gone.
    Dies,
}

/// A router that is not ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stranger {
    /// In which router's election; one with a single member.
    pub(crate) router: usize,
    /// Its priority.
    pub(crate) priority: Priority,
    /// The last number of its address.
    pub(crate) number: u8,
    /// How much longer than the interval it takes between adverts, in a thousand.
    pub(crate) slow: u64,
    /// Whether it takes over from a live lower one.
    pub(crate) preempts: bool,
    /// Whether it answers a losing advert at once, as RFC 9568 and keepalived do.
    pub(crate) answers: bool,
    /// Whether it advertises one address more than we do.
    pub(crate) extra: bool,
}

/// How the wire carries adverts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wire {
    /// Lost, in a thousand.
    pub(crate) loss: u64,
    /// Carried twice, in a thousand.
    pub(crate) twice: u64,
    /// With a flipped bit, in a thousand.
    pub(crate) damage: u64,
    /// Up to this much later, out of order.
    pub(crate) delay: Duration,
    /// Nothing passes from this director.
    pub(crate) cut: [bool; 2],
}

impl Wire {
    /// Whether it carries everything once, at once.
    pub(crate) fn is_whole(&self) -> bool {
        self.loss == 0 && self.damage == 0 && self.delay.is_zero() && self.cut == [false; 2]
    }
}

/// What somebody does to the kernel's table by hand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meddling {
    /// `ipvsadm -C`, apart from what is foreign.
    Clear,
    /// A server of ours removed.
    RemoveServer,
    /// A server of ours given another weight.
    Reweigh,
    /// A server added to a service of ours.
    AddServer,
    /// A service of ours removed.
    RemoveService,
}

/// How the kernel's table answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Netlink {
    /// At once.
    Healthy,
    /// Every other request is refused with ENOMEM.
    Refusing,
    /// Half of the answers are lost.
    Losing,
    /// Every answer takes this long.
    Slow(Duration),
}

/// What an episode may do to the addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expect {
    /// Whatever the faults need, within the general bounds.
    Bounded,
    /// No role changes: the named invariant says why.
    NothingMoves(&'static str),
    /// One director lost its servers or its tracked link: at most one move, to where it belongs.
    OneSided,
}

/// A few faults that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    /// Each with its moment after the start.
    pub(crate) actions: Vec<(Duration, Action)>,
    /// What they may do.
    pub(crate) expect: Expect,
    /// When the one-sided loss ends, and what moved may move back.
    pub(crate) turn: Option<Duration>,
    /// When the last fault is over.
    pub(crate) length: Duration,
    /// How many faults it counts for.
    pub(crate) faults: u32,
}

impl Episode {
    fn new(expect: Expect) -> Self {
        let (actions, length) = (Vec::new(), Duration::ZERO);
        Self { actions, expect, turn: None, length, faults: 1 }
    }

    fn at(mut self, at: Duration, action: Action) -> Self {
        let lasts = match action {
            Action::Crash(_, pause)
            | Action::PowerCut(_, pause)
            | Action::Keep(_, pause)
            | Action::Release(_, pause)
            | Action::Roll(_, pause, _)
            | Action::Pause(_, pause, _)
            | Action::Freeze(_, _, pause) => pause,
            Action::Wire(..)
            | Action::Reload(_)
            | Action::Server(..)
            | Action::Reach(..)
            | Action::Link(..)
            | Action::Fact(..)
            | Action::Foreign(_)
            | Action::Meddle(..)
            | Action::Netlink(..) => Duration::ZERO,
        };
        self.length = self.length.max(at + lasts);
        self.actions.push((at, action));
        self
    }

    /// A storm: this one and another, overlapping; only the general bounds hold then.
    fn and(mut self, other: Self, later: Duration) -> Self {
        for (at, action) in other.actions {
            self = self.at(later + at, action);
        }
        Self { expect: Expect::Bounded, turn: None, faults: self.faults + other.faults, ..self }
    }
}
