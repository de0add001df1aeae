//! The stories of the matrix, each with gemel in a role of its own. `Err` says what went wrong,
//! with what the witness heard.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::peers::{Adverts, Side, VRID};
use lab::rig::{Device, Family, Plan, Product, Rig};
use lab::witness::decode::Mac;
use lab::witness::{Checksum, now_ns};
use nix::sys::signal::Signal;

use super::Row;

type Scenario = (&'static str, fn(Row) -> Result<()>);

pub(super) const SCENARIOS: [Scenario; 8] = [
    ("gemel crashes", gemel_crashes),
    ("the peer crashes", peer_crashes),
    ("gemel releases", gemel_releases),
    ("the peer releases", peer_releases),
    ("equal, gemel first", |row| equal(row.gemel_first())),
    ("equal, gemel second", |row| equal(row.gemel_second())),
    ("rollout, gemel Active", |row| rollout(row.gemel_first())),
    ("rollout, gemel Backup", |row| rollout(row.gemel_second())),
];

/// gemel takes over from a live peer, dies, is taken over, returns and takes over again.
fn gemel_crashes(row: Row) -> Result<()> {
    let mut rig = started(row.gemel_first())?;
    rig.expect_sole_answer(Side::Lb1)?;
    expect_proper_advert(&mut rig, Side::Lb1)?;
    let vip = rig.plan.vips()[0];
    let prober = rig.probe(vip)?;
    let crashed_at = now_ns();
    rig.crash_and_cut(Side::Lb1)?;
    rig.await_sole(Side::Lb2)?;
    let doubles = rig.double_answers(vip, crashed_at);
    ensure!(doubles == 0, "{doubles} double answers after the crash");
    drop(prober);
    rig.expect_sole_answer(Side::Lb2)?;

    rig.mend_clean(Side::Lb1)?;
    rig.start_side(Side::Lb1)?;
    rig.await_sole(Side::Lb1)?;
    rig.expect_sole_answer(Side::Lb1)
}

/// gemel yields to a peer that preempts, takes over when it dies, yields when it returns.
fn peer_crashes(row: Row) -> Result<()> {
    let mut rig = Rig::new(row.gemel_second())?;
    rig.start_side(Side::Lb2)?;
    rig.await_sole(Side::Lb2)?;
    expect_proper_advert(&mut rig, Side::Lb2)?;
    preempted(&mut rig)?;
    rig.expect_sole_answer(Side::Lb1)?;

    let vip = rig.plan.vips()[0];
    let prober = rig.probe(vip)?;
    let crashed_at = now_ns();
    rig.crash_and_cut(Side::Lb1)?;
    let cut_at = now_ns();
    // A router of both families has one election: its members fall silent together.
    let family = rig.plan.families()[0];
    let (claimed_at, ..) = rig.advert(Side::Lb2, family, crashed_at)?;
    let last_at = rig.last_claim(Side::Lb1, family, cut_at)?;
    within(claimed_at - last_at, rig.plan.down_interval(Side::Lb2), "after the last advert")?;
    rig.await_sole(Side::Lb2)?;
    let doubles = rig.double_answers(vip, crashed_at);
    ensure!(doubles == 0, "{doubles} double answers after the crash");
    drop(prober);
    rig.expect_sole_answer(Side::Lb2)?;
    expect_proper_advert(&mut rig, Side::Lb2)?;

    rig.mend_clean(Side::Lb1)?;
    preempted(&mut rig)?;
    rig.expect_sole_answer(Side::Lb1)
}

/// gemel hands over by priority 0 without a hole, comes back and takes over.
fn gemel_releases(row: Row) -> Result<()> {
    let mut rig = started(row.gemel_first())?;
    let vips = rig.plan.vips();
    let clients = vips.iter().map(|vip| rig.client(*vip)).collect::<Result<Vec<_>>>()?;
    let stopped_at = now_ns();
    let status = rig.node(Side::Lb1).stop(Signal::SIGTERM)?;
    ensure!(status.success(), "{status}");
    let heard = rig.witness.since(stopped_at);
    ensure!(heard.iter().any(|event| event.releases_by("lb1")), "{}", rig.witness.tale(stopped_at));
    rig.await_sole(Side::Lb2)?;
    rig.expect_sole_answer(Side::Lb2)?;
    let few = match rig.plan.device(Side::Lb2) {
        Device::Interface => FEW_ECHOES,
        Device::Virtual => SHARED_LOCK.as_millis() as usize,
    };
    for (client, vip) in clients.into_iter().zip(vips) {
        let report = client.finish()?;
        println!("{row}: {vip} released with {} echoes lost", report.lost);
        ensure!(report.lost <= few, "{vip}: {report:?}");
    }

    rig.start_side(Side::Lb1)?;
    rig.await_sole(Side::Lb1)?;
    rig.expect_sole_answer(Side::Lb1)
}

/// A peer that leaves is succeeded after Skew_Time.
fn peer_releases(row: Row) -> Result<()> {
    let mut rig = started(row.gemel_second())?;
    let stopped_at = now_ns();
    rig.node(Side::Lb1).stop(Signal::SIGTERM)?;
    let what = "a release";
    let patience = rig.plan.patience();
    let release = rig.witness.wait_for(stopped_at, patience, what, |e| e.releases_by("lb1"))?;
    let (claimed_at, ..) = rig.advert(Side::Lb2, rig.plan.families()[0], release.at_ns)?;
    within(claimed_at - release.at_ns, rig.plan.skew_time(Side::Lb2), "after the release")?;
    rig.await_sole(Side::Lb2)?;
    rig.expect_sole_answer(Side::Lb2)
}

/// Nobody takes over from an equal; of two Actives the one with the higher address stays.
fn equal(plan: Plan) -> Result<()> {
    let plan = Plan { priorities: [100, 100], ..plan };
    let family = plan.families()[0];
    let mut rig = Rig::new(plan)?;
    rig.start_side(Side::Lb2)?;
    rig.await_sole(Side::Lb2)?;
    let from = now_ns();
    rig.start_side(Side::Lb1)?;
    silent(&mut rig, Side::Lb1, from)?;

    let cut_at = now_ns();
    rig.lab.drop_traffic("lb1", "eth0")?;
    let (_, _, first) = rig.advert(Side::Lb1, family, cut_at)?;
    let (_, _, second) = rig.advert(Side::Lb2, family, cut_at)?;
    let winner = if first.source > second.source { Side::Lb1 } else { Side::Lb2 };
    rig.lab.heal("lb1", "eth0")?;
    rig.await_sole(winner)?;
    rig.expect_sole_answer(winner)
}

/// A second address comes to lb2, then to lb1: in between the lists differ, and that moves nothing.
fn rollout(plan: Plan) -> Result<()> {
    let another = match plan.families()[0] {
        Family::Four => "192.0.2.81".parse()?,
        Family::Six => "2001:db8::81".parse()?,
    };
    let mut rig = started(plan)?;
    rig.node(Side::Lb2).stop(Signal::SIGTERM)?;
    let vips = rig.plan.held(Side::Lb2);
    rig.node(Side::Lb2).wipe(&vips)?;
    rig.plan.addresses[1].push(another);
    let from = now_ns();
    rig.start_side(Side::Lb2)?;
    if rig.plan.product(Side::Lb2) == Product::Keepalived {
        // It drops adverts with another list than its own, and claims. gemel stays what it is.
        undeterred(&mut rig, Side::Lb1)?;
    } else {
        silent(&mut rig, Side::Lb2, from)?;
    }

    rig.node(Side::Lb1).stop(Signal::SIGTERM)?;
    rig.await_sole(Side::Lb2)?;
    let vips = rig.plan.held(Side::Lb1);
    rig.node(Side::Lb1).wipe(&vips)?;
    rig.plan.addresses[0].push(another);
    rig.start_side(Side::Lb1)?;
    rig.await_sole(Side::Lb1)?;
    rig.expect_sole_answer(Side::Lb1)
}

fn started(plan: Plan) -> Result<Rig> {
    let mut rig = Rig::new(plan)?;
    rig.start()?;
    Ok(rig)
}

/// lb1, which has the higher priority, starts: gemel on lb2 says no word after its first advert,
/// and answers no question.
fn preempted(rig: &mut Rig) -> Result<()> {
    let family = rig.plan.families()[0];
    let vip = rig.plan.vips()[0];
    let prober = rig.probe(vip)?;
    let from = now_ns();
    rig.start_side(Side::Lb1)?;
    let (claimed_at, ..) = rig.advert(Side::Lb1, family, from)?;
    rig.await_sole(Side::Lb1)?;
    drop(prober);
    let hand_back = match rig.plan.device {
        Device::Interface => HAND_BACK,
        Device::Virtual => SHARED_LOCK,
    };
    let handed_over = claimed_at + hand_back.as_nanos() as u64;
    let virtual_mac = family.virtual_mac();
    let last = rig.witness.since(claimed_at).into_iter().rfind(|event| event.host == "lb2");
    let after = last.map_or(0, |event| event.at_ns.saturating_sub(claimed_at) / 1_000);
    println!("{:?}: lb2 heard last {after} us after lb1's first advert", rig.plan.families());
    let late =
        rig.witness.since(handed_over).into_iter().find(|event| {
            event.host == "lb2" && (event.mac == virtual_mac || event.claims_by("lb2"))
        });
    ensure!(late.is_none(), "{late:?} after lb1's: {}", rig.witness.tale(claimed_at));
    let doubles = rig.double_answers(vip, handed_over);
    ensure!(doubles == 0, "{doubles} double answers: {}", rig.witness.tale(claimed_at));
    Ok(())
}

/// This side claims nothing since then, for longer than it would have to wait, while the other
/// goes on.
fn silent(rig: &mut Rig, side: Side, since_ns: u64) -> Result<()> {
    let family = rig.plan.families()[0];
    rig.adverts(side.other(), family, 6, now_ns())?;
    let heard = rig.witness.since(since_ns);
    let claim = heard.iter().any(|event| event.claims_by(side.name()));
    ensure!(!claim, "{} claims: {}", side.name(), rig.witness.tale(since_ns));
    Ok(())
}

/// This side goes on, advert by advert, at its interval and with its priority.
fn undeterred(rig: &mut Rig, side: Side) -> Result<()> {
    let family = rig.plan.families()[0];
    let (mut last_at, ..) = rig.advert(side, family, now_ns())?;
    for _ in 0..6 {
        let (at, _, said) = rig.advert(side, family, last_at + 1)?;
        let gap = Duration::from_nanos(at - last_at);
        let proper = said.priority == rig.plan.priority(side) && gap < rig.plan.interval * 2;
        ensure!(proper, "{said:?} after {gap:?}");
        last_at = at;
    }
    Ok(())
}

/// The time was this, or a little more: never less, and by no more than a busy machine costs.
fn within(took_ns: u64, wait: Duration, what: &str) -> Result<()> {
    let took = Duration::from_nanos(took_ns);
    ensure!((wait..wait + SLACK).contains(&took), "{took:?} {what}, not {wait:?}");
    Ok(())
}

/// What gemel says on this side is a proper advert of the plan, from the right MAC.
fn expect_proper_advert(rig: &mut Rig, side: Side) -> Result<()> {
    let plan = rig.plan.clone();
    for family in plan.families() {
        let (_, mac, said) = rig.advert(side, family, now_ns())?;
        let destination = match plan.adverts {
            Adverts::Multicast => family.group(),
            Adverts::Unicast => family.own(side.other()),
        };
        let proper = said.version == plan.version
            && said.source == family.own(side)
            && said.destination == destination
            && said.ttl == 255
            && said.vrid == VRID
            && said.priority == plan.priority(side)
            && u128::from(said.interval_cs) * 10 == plan.interval.as_millis()
            && said.addresses == plan.list(side, family)
            && said.password.as_deref() == plan.password
            && said.checksum == checksum(&plan);
        ensure!(proper, "{said:?} from {mac}");
        expect_mac(&plan, family, mac)?;
    }
    Ok(())
}

/// As the peers here want it: the pseudo-header in version 3.
fn checksum(plan: &Plan) -> Checksum {
    if plan.version == 2 { Checksum::Message } else { Checksum::PseudoHeader }
}

/// Multicast adverts leave with the virtual MAC, unicast ones with the interface's.
fn expect_mac(plan: &Plan, family: Family, mac: Mac) -> Result<()> {
    let wanted = plan.device == Device::Virtual && plan.adverts == Adverts::Multicast;
    ensure!((mac == family.virtual_mac()) == wanted, "adverts of {family:?} leave from {mac}");
    Ok(())
}

/// How long after the winner's first advert the loser may still answer, on a busy machine.
const HAND_BACK: Duration = Duration::from_millis(50);

/// The same where a device goes up on one side and down on the other: all namespaces of this kernel
/// share one lock for that, so the directors wait for each other and for the other benches.
const SHARED_LOCK: Duration = Duration::from_millis(200);

/// What a busy machine may add to what the protocol says.
const SLACK: Duration = Duration::from_millis(100);

/// What a hand-over may cost a client with one echo per millisecond on a busy machine.
const FEW_ECHOES: usize = 20;
