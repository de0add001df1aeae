//! gemel and keepalived as one pair, each in both roles, by multicast and by unicast.

use std::net::Ipv4Addr;
use std::time::Duration;

use lab::pair::{CONVERGENCE, Pair};
use lab::peers::{Adverts, Product, Side, VIP, VRID};
use lab::witness::{Advert, Checksum, Kind, now_ns};
use nix::sys::signal::Signal;

use super::restart::expect_unnoticed;

#[test]
fn gemel_is_active_before_keepalived_by_multicast() {
    active(Adverts::Multicast);
}

#[test]
fn gemel_is_active_before_keepalived_by_unicast() {
    active(Adverts::Unicast);
}

#[test]
fn gemel_is_backup_behind_keepalived_by_multicast() {
    backup(Adverts::Multicast);
}

#[test]
fn gemel_is_backup_behind_keepalived_by_unicast() {
    backup(Adverts::Unicast);
}

#[test]
fn a_planned_restart_of_gemel_goes_unnoticed_by_keepalived() {
    restart(Adverts::Multicast, Signal::SIGUSR2);
    restart(Adverts::Unicast, Signal::SIGUSR2);
}

#[test]
fn a_killed_gemel_that_is_back_in_time_goes_unnoticed_by_keepalived() {
    restart(Adverts::Multicast, Signal::SIGKILL);
    restart(Adverts::Unicast, Signal::SIGKILL);
}

/// gemel 150, keepalived 100.
fn active(adverts: Adverts) {
    let mut pair = pair(Product::Gemel, Product::Keepalived, adverts);
    crash_and_return(&mut pair, adverts);

    // Our release: no hole, neither for who knows the address nor for who asks for it.
    let client = pair.client().unwrap();
    let prober = pair.probe().unwrap();
    pair.expect_sole_answer_to(&prober, Side::Lb1).unwrap();
    let stopped_at = now_ns();
    let status = pair.lb1.stop(Signal::SIGTERM).unwrap();
    assert!(status.success(), "{status}");
    pair.witness.garp_of("lb2", stopped_at, CONVERGENCE).unwrap();
    pair.await_sole(Side::Lb2).unwrap();
    pair.expect_sole_answer_to(&prober, Side::Lb2).unwrap();
    drop(prober);
    let report = client.finish().unwrap();
    assert!(report.lost <= FEW_ECHOES, "{report:?}");
    let unanswered = pair.unanswered(stopped_at);
    assert!(unanswered <= 4, "{unanswered} questions by ARP unanswered");
}

/// keepalived 150, gemel 100.
fn backup(adverts: Adverts) {
    let mut pair = pair(Product::Keepalived, Product::Gemel, adverts);
    crash_and_return(&mut pair, adverts);

    // Its release: the hole is its own, the successor is ours.
    let stopped_at = now_ns();
    pair.lb1.stop(Signal::SIGTERM).unwrap();
    pair.witness.garp_of("lb2", stopped_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();

    // And ours again, to it: it is back, as the Active by preemption; we are stopped as Backup.
    pair.start_lb1().unwrap();
    let stopped_at = now_ns();
    pair.lb2.stop(Signal::SIGTERM).unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();
    let heard = pair.witness.since(stopped_at);
    assert!(!heard.iter().any(|event| event.claims_by("lb2") || event.releases_by("lb2")));
}

/// lb1 dies and loses its link, lb2 takes over, lb1 returns and takes its role back. All the time
/// somebody asks by ARP: at most one answers, but for the moment of the hand-back.
fn crash_and_return(pair: &mut Pair, adverts: Adverts) {
    pair.expect_sole_answer(Side::Lb1).unwrap();
    expect_proper_adverts(pair, Side::Lb1, adverts);
    let prober = pair.probe().unwrap();
    let crashed_at = now_ns();
    pair.crash_and_cut(Side::Lb1).unwrap();
    pair.witness.garp_of("lb2", crashed_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer_to(&prober, Side::Lb2).unwrap();
    expect_proper_adverts(pair, Side::Lb2, adverts);
    assert_eq!(pair.double_answers(crashed_at), []);

    let mended_at = now_ns();
    pair.mend_clean(Side::Lb1).unwrap();
    pair.start_lb1().unwrap();
    let claimed_at = pair.witness.advert_of("lb1", mended_at, CONVERGENCE).unwrap().at_ns;
    pair.expect_sole_answer_to(&prober, Side::Lb1).unwrap();
    drop(prober);
    assert_eq!(pair.double_answers(claimed_at + HAND_BACK.as_nanos() as u64), []);
}

/// What this side says is a proper VRRPv3 advert, in the form that both understand.
fn expect_proper_adverts(pair: &mut Pair, side: Side, adverts: Adverts) {
    let said = pair.witness.advert_of(side.name(), now_ns(), CONVERGENCE).unwrap();
    let Kind::Advert(said) = said.kind else { panic!("{said}") };
    let destination = match adverts {
        Adverts::Multicast => Ipv4Addr::new(224, 0, 0, 18),
        Adverts::Unicast => side.other().address(),
    };
    let expected = Advert {
        version: 3,
        source: side.address().into(),
        destination: destination.into(),
        ttl: 255,
        vrid: VRID,
        priority: side.priority(),
        interval_cs: 10,
        addresses: vec![VIP.into()],
        checksum: Checksum::PseudoHeader,
        password: None,
    };
    assert_eq!(said, expected);
}

/// gemel is Active and keepalived a silent Backup.
fn restart(adverts: Adverts, signal: Signal) {
    let mut pair = pair(Product::Gemel, Product::Keepalived, adverts);
    expect_unnoticed(&mut pair, signal);
}

fn pair(lb1: Product, lb2: Product, adverts: Adverts) -> Pair {
    let mut pair = Pair::new(lb1, lb2, adverts).unwrap();
    pair.start().unwrap();
    pair
}

/// How long after the winner's first advert the loser may still answer, on a busy machine.
const HAND_BACK: Duration = Duration::from_millis(50);

/// What a hand-over may cost a client with one echo per millisecond on a busy machine.
const FEW_ECHOES: usize = 10;
