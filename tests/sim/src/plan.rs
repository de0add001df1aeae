//! What befalls the two directors: episodes of faults, drawn from the seed.
//!
//! An episode starts from calm, its faults follow one another or overlap, and it says what the
//! addresses may do meanwhile. After it comes time to settle, then a stretch in which nothing may
//! change.

use clock::Duration;

use crate::message::Loop;
use crate::rng::Rng;
use crate::setup::{Setup, Side};

/// One thing that happens to the world.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// The wire between the directors.
    Wire(Wire),
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
    /// A reload that changes nothing.
    Reload(Side),
    /// A real server dies, or comes back.
    Server(usize, bool),
    /// A director's way to a real server is cut, or heals.
    Reach(Side, usize, bool),
    /// The router's link goes down, or comes up.
    Link(Side, bool),
    /// The tracked link goes down, or comes up.
    Tracked(Side, bool),
    /// Somebody meddles with the kernel's table.
    Meddle(Side, Meddling),
    /// How the kernel's table answers from now on.
    Netlink(Side, Netlink),
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
            | Action::Freeze(_, _, pause) => pause,
            Action::Wire(_)
            | Action::Reload(_)
            | Action::Server(..)
            | Action::Reach(..)
            | Action::Link(..)
            | Action::Tracked(..)
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

/// Draws the next episode.
pub(crate) fn draw(rng: &mut Rng, setup: &Setup) -> Episode {
    match rng.below(100) {
        0..=74 => single(rng, setup),
        75..=92 => {
            let (first, second) = (single(rng, setup), single(rng, setup));
            first.and(second, rng.millis(0, 2_000))
        }
        _ => {
            let storm = (0..4).map(|_| single(rng, setup));
            let storm: Vec<_> = storm.collect();
            storm
                .into_iter()
                .fold(Episode { faults: 0, ..Episode::new(Expect::Bounded) }, |all, e| {
                    all.and(e, rng.millis(0, 3_000))
                })
        }
    }
}

fn single(rng: &mut Rng, setup: &Setup) -> Episode {
    let side = rng.index(2);
    let bounded = || Episode::new(Expect::Bounded);
    let brief = rng.millis(10, 400);
    let long = rng.millis(1_000, 6_000);
    match rng.below(100) {
        0..=19 => wire(rng, setup),
        20..=25 => bounded().at(Duration::ZERO, Action::Crash(side, brief)),
        26..=29 => bounded().at(Duration::ZERO, Action::Crash(side, long)),
        30..=33 => bounded().at(Duration::ZERO, Action::PowerCut(side, long)),
        34..=35 => {
            let cut = |side| Action::PowerCut(side, long);
            bounded().at(Duration::ZERO, cut(0)).at(rng.millis(0, 20), cut(1))
        }
        36..=41 => bounded().at(Duration::ZERO, Action::Keep(side, brief)),
        42..=46 => bounded().at(Duration::ZERO, Action::Release(side, long)),
        47..=55 => freeze(rng, side),
        56..=58 => {
            Episode::new(Expect::NothingMoves("quiet")).at(Duration::ZERO, Action::Reload(side))
        }
        59..=66 => common_loss(rng, setup),
        67..=76 => one_sided_loss(rng, setup, side),
        77..=80 => {
            let down = bounded().at(Duration::ZERO, Action::Link(side, false));
            down.at(rng.millis(5, 4_000), Action::Link(side, true))
        }
        81..=85 => {
            // The switch restarts: both links go, and come back within a few milliseconds.
            let up = rng.millis(1_000, 4_000);
            let down = bounded().at(Duration::ZERO, Action::Link(side, false));
            let down = down.at(rng.millis(0, 5), Action::Link(1 - side, false));
            let one = down.at(up, Action::Link(side, true));
            one.at(up + rng.micros(0, 1_500), Action::Link(1 - side, true))
        }
        86..=92 => {
            let what = [
                Meddling::Clear,
                Meddling::RemoveServer,
                Meddling::Reweigh,
                Meddling::AddServer,
                Meddling::RemoveService,
            ][rng.index(5)];
            let quiet = Episode::new(Expect::NothingMoves("quiet"));
            quiet.at(Duration::ZERO, Action::Meddle(side, what))
        }
        _ => netlink(rng, setup, side),
    }
}

fn wire(rng: &mut Rng, setup: &Setup) -> Episode {
    let interval = setup.interval.duration();
    let whole = Wire::default();
    let (expect, fault) = match rng.below(7) {
        0 | 1 => (Expect::Bounded, Wire { loss: 50 + rng.below(700), ..whole }),
        // A duplicate says nothing new.
        2 => (Expect::NothingMoves("quiet"), Wire { twice: 500, ..whole }),
        3 => {
            let delay = rng.micros(100, (interval * 4).as_micros() as u64);
            (Expect::Bounded, Wire { delay, twice: 200, ..whole })
        }
        4 => (Expect::Bounded, Wire { damage: 500, ..whole }),
        5 => (Expect::Bounded, Wire { cut: [true; 2], ..whole }),
        _ => {
            let from = rng.index(2);
            (Expect::Bounded, Wire { cut: [from == 0, from == 1], ..whole })
        }
    };
    let lasts = rng.millis(20, 4_000).max(interval * rng.below(12) as u32);
    Episode::new(expect).at(Duration::ZERO, Action::Wire(fault)).at(lasts, Action::Wire(whole))
}

fn freeze(rng: &mut Rng, side: Side) -> Episode {
    let which = match rng.below(8) {
        0..=2 => None,
        3 => Some(Loop::Wire),
        other => Some(Loop::ALL[other as usize - 3]),
    };
    let lasts = if rng.chance(500) { rng.millis(5, 300) } else { rng.millis(300, 3_000) };
    Episode::new(Expect::Bounded).at(Duration::ZERO, Action::Freeze(side, which, lasts))
}

/// Servers that both directors lose, and find again, within the bound of each other.
fn common_loss(rng: &mut Rng, setup: &Setup) -> Episode {
    let timing = setup.timing;
    let mut episode = Episode::new(Expect::NothingMoves("common-loss-moves-nothing"));
    let lost = 1 + rng.index(setup.servers());
    let back = setup.cause_hold() * 2 + rng.millis(100, 3_000);
    // The bound less how differently two schedules can notice the same thing.
    let spare = |rounds: u32, bound: Duration| {
        let differ = bound - timing.interval * (rounds - 1);
        setup.cause_hold().saturating_sub(differ + SLACK)
    };
    let gaps = [spare(timing.fall, timing.fall_bound()), spare(timing.rise, timing.rise_bound())];
    let gaps = gaps.map(|most| rng.micros(0, most.as_micros() as u64));
    let whole_server = rng.chance(500);
    let first = rng.index(2);
    for server in 0..lost {
        if whole_server {
            episode = episode.at(Duration::ZERO, Action::Server(server, false));
            episode = episode.at(back, Action::Server(server, true));
        } else {
            episode = episode.at(Duration::ZERO, Action::Reach(first, server, false));
            episode = episode.at(gaps[0], Action::Reach(1 - first, server, false));
            episode = episode.at(back, Action::Reach(first, server, true));
            episode = episode.at(back + gaps[1], Action::Reach(1 - first, server, true));
        }
    }
    episode
}

/// One director's way to the servers, or its tracked link, is cut long enough to count.
fn one_sided_loss(rng: &mut Rng, setup: &Setup, side: Side) -> Episode {
    let takeover = setup.interval.duration() * 5;
    let back = setup.cause_hold() * 2 + takeover + rng.millis(500, 3_000);
    let mut episode = Episode::new(Expect::OneSided);
    if rng.chance(300) {
        episode = episode.at(Duration::ZERO, Action::Tracked(side, false));
        episode = episode.at(back, Action::Tracked(side, true));
    } else {
        for server in 0..1 + rng.index(setup.servers()) {
            episode = episode.at(Duration::ZERO, Action::Reach(side, server, false));
            episode = episode.at(back, Action::Reach(side, server, true));
        }
    }
    Episode { turn: Some(back), ..episode }
}

fn netlink(rng: &mut Rng, setup: &Setup, side: Side) -> Episode {
    let how = match rng.below(3) {
        0 => Netlink::Refusing,
        1 => Netlink::Losing,
        _ => Netlink::Slow(rng.millis(20, 800)),
    };
    // Something must want the kernel meanwhile: a server goes and comes.
    let server = rng.index(setup.servers());
    let lasts = rng.millis(1_000, 4_000);
    let episode = Episode::new(Expect::Bounded).at(Duration::ZERO, Action::Netlink(side, how));
    let episode = episode.at(rng.millis(0, 500), Action::Server(server, false));
    let episode = episode.at(lasts, Action::Netlink(side, Netlink::Healthy));
    Episode { faults: 2, ..episode }.at(lasts + rng.millis(0, 1_000), Action::Server(server, true))
}

/// More than all hops between a server's answer and the score together.
const SLACK: Duration = Duration::from_millis(40);
