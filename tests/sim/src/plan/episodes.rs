//! The episodes there are, and how often each comes.

use clock::Duration;
use coordinator::Reading;
use vrrp_proto::Priority;

use super::{Action, Clock, Episode, Expect, Foreign, Meddling, Netlink, Stop, Stranger, Wire};
use crate::message::Loop;
use crate::rng::Rng;
use crate::setup::{Fact, Setup, Side};

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
    let now = Duration::ZERO;
    match rng.below(100) {
        0..=17 => wire(rng, setup),
        18..=23 => bounded().at(now, Action::Crash(side, brief)),
        24..=27 => bounded().at(now, Action::Crash(side, long)),
        28..=31 => bounded().at(now, Action::PowerCut(side, long)),
        32..=33 => {
            let cut = |side| Action::PowerCut(side, long);
            bounded().at(now, cut(0)).at(rng.millis(0, 20), cut(1))
        }
        34..=38 => bounded().at(now, Action::Keep(side, brief)),
        39..=43 => bounded().at(now, Action::Release(side, long)),
        44..=51 => freeze(rng, side),
        52..=53 => Episode::new(Expect::NothingMoves("quiet")).at(now, Action::Reload(side)),
        54..=60 => common_loss(rng, setup),
        61..=69 => one_sided_loss(rng, setup, side),
        70..=77 => links(rng, setup, side),
        78..=83 => {
            let what = [
                Meddling::Clear,
                Meddling::RemoveServer,
                Meddling::Reweigh,
                Meddling::AddServer,
                Meddling::RemoveService,
            ][rng.index(5)];
            Episode::new(Expect::NothingMoves("quiet")).at(now, Action::Meddle(side, what))
        }
        84..=88 => netlink(rng, setup, side),
        89..=91 => {
            let clock = if rng.chance(500) { Clock::Goes } else { Clock::Stops };
            let lasts = if rng.chance(500) { brief } else { long };
            bounded().at(now, Action::Pause(side, lasts, clock))
        }
        92..=93 => {
            let stop = if rng.chance(500) { Stop::Keep } else { Stop::Release };
            bounded().at(now, Action::Roll(side, brief, stop))
        }
        94..=96 => foreign(rng, setup),
        _ => fault(rng, setup, side),
    }
}

/// A link goes, or all links to a wire: its switch restarts.
fn links(rng: &mut Rng, setup: &Setup, side: Side) -> Episode {
    let wire = rng.index(setup.wires());
    let down = Episode::new(Expect::Bounded).at(Duration::ZERO, Action::Link(side, wire, false));
    if rng.chance(500) {
        return down.at(rng.millis(5, 4_000), Action::Link(side, wire, true));
    }
    // Both links come back within a few milliseconds.
    let up = rng.millis(1_000, 4_000);
    let down = down.at(rng.millis(0, 5), Action::Link(1 - side, wire, false));
    let one = down.at(up, Action::Link(side, wire, true));
    one.at(up + rng.micros(0, 1_500), Action::Link(1 - side, wire, true))
}

fn wire(rng: &mut Rng, setup: &Setup) -> Episode {
    let interval = setup.routers[0].interval.duration();
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
    let one = rng.index(setup.wires());
    let all = rng.chance(400);
    (0..setup.wires()).filter(|wire| all || *wire == one).fold(Episode::new(expect), |e, wire| {
        e.at(Duration::ZERO, Action::Wire(wire, fault)).at(lasts, Action::Wire(wire, whole))
    })
}

/// A router that is not ours takes part for a while.
fn foreign(rng: &mut Rng, setup: &Setup) -> Episode {
    let alone: Vec<usize> =
        (0..setup.routers.len()).filter(|at| setup.routers[*at].members.len() == 1).collect();
    let Some(router) = alone.get(rng.index(alone.len())).copied() else {
        return wire(rng, setup);
    };
    let near = setup.routers[router].bases[rng.index(2)].get();
    let priority = match rng.below(4) {
        0 => Priority::clamped(near.into()),
        1 => Priority::clamped(i32::from(near) + 1),
        _ => Priority::clamped(1 + rng.below(254) as i32),
    };
    let stranger = Stranger {
        router,
        priority,
        number: [5, 20][rng.index(2)],
        slow: if rng.chance(500) { 0 } else { rng.below(100) },
        preempts: rng.chance(700),
        answers: rng.chance(500),
        extra: rng.chance(500),
    };
    let goes = if rng.chance(500) { Foreign::Resigns } else { Foreign::Dies };
    let lasts = setup.routers[router].intervals(3) + rng.millis(0, 4_000);
    let joins = Action::Foreign(Foreign::Joins(stranger));
    Episode::new(Expect::Bounded).at(Duration::ZERO, joins).at(lasts, Action::Foreign(goes))
}

/// A process without which one director is no use ends, and is there again.
fn fault(rng: &mut Rng, setup: &Setup, side: Side) -> Episode {
    let fault = |reading| Action::Fact(side, Fact::Process, reading);
    if rng.chance(300) {
        let brief = rng.millis(1, 300);
        let bad = Episode::new(Expect::Bounded).at(Duration::ZERO, fault(Reading::Bad));
        return bad.at(brief, fault(Reading::Good));
    }
    let back = takeover(setup) + rng.millis(0, 3_000);
    let bad = Episode::new(Expect::OneSided).at(Duration::ZERO, fault(Reading::Bad));
    Episode { turn: Some(back), ..bad }.at(back, fault(Reading::Good))
}

/// More than any takeover takes once its reason counts.
fn takeover(setup: &Setup) -> Duration {
    setup.election_rest() + Duration::from_millis(100)
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

/// Servers, or the gateway, that both directors lose, and find again, within the bound of each
/// other.
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
    if rng.chance(300) {
        let most = setup.cause_hold().saturating_sub(SLACK).as_micros() as u64;
        let gateway = |side, reading| Action::Fact(side, Fact::Gateway, reading);
        return episode
            .at(Duration::ZERO, gateway(first, Reading::Bad))
            .at(rng.micros(0, most), gateway(1 - first, Reading::Bad))
            .at(back, gateway(first, Reading::Good))
            .at(back + rng.micros(0, most), gateway(1 - first, Reading::Good));
    }
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

/// One director's way to the servers, or what it tracks, is bad for long enough to count.
fn one_sided_loss(rng: &mut Rng, setup: &Setup, side: Side) -> Episode {
    let back = setup.cause_hold() * 2 + takeover(setup) + rng.millis(500, 3_000);
    let mut episode = Episode::new(Expect::OneSided);
    if rng.chance(500) {
        let (fact, bad, good) = match rng.below(3) {
            0 => (Fact::Interface, Reading::Bad, Reading::Good),
            1 => (Fact::Gateway, Reading::Bad, Reading::Good),
            _ => {
                let load = 1 + rng.below(8) as i32;
                (Fact::Number, Reading::Number(load), Reading::Number(0))
            }
        };
        episode = episode.at(Duration::ZERO, Action::Fact(side, fact, bad));
        episode = episode.at(back, Action::Fact(side, fact, good));
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
