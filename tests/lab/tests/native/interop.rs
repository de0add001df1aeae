//! gemel and keepalived as one pair, each in both roles, by multicast and by unicast.

use lab::pair::{CONVERGENCE, Pair};
use lab::peers::{Adverts, Product, Side};
use lab::witness::now_ns;
use nix::sys::signal::Signal;

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
    crash_and_return(&mut pair);

    // Our release: no hole.
    let client = pair.client().unwrap();
    let stopped_at = now_ns();
    let status = pair.lb1.stop(Signal::SIGTERM).unwrap();
    assert!(status.success(), "{status}");
    pair.witness.garp_of("lb2", stopped_at, CONVERGENCE).unwrap();
    pair.await_sole(Side::Lb2).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();
    let report = client.finish().unwrap();
    assert!(report.lost <= FEW_ECHOES, "{report:?}");
}

/// keepalived 150, gemel 100.
fn backup(adverts: Adverts) {
    let mut pair = pair(Product::Keepalived, Product::Gemel, adverts);
    crash_and_return(&mut pair);

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

/// lb1 dies and loses its link, lb2 takes over, lb1 returns and takes its role back.
fn crash_and_return(pair: &mut Pair) {
    pair.expect_sole_answer(Side::Lb1).unwrap();
    let crashed_at = now_ns();
    pair.crash_and_cut(Side::Lb1).unwrap();
    pair.witness.garp_of("lb2", crashed_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();
    pair.mend_clean(Side::Lb1).unwrap();
    pair.start_lb1().unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

/// gemel is Active, ends by `signal` and is started again at once: keepalived says nothing.
fn restart(adverts: Adverts, signal: Signal) {
    let mut pair = pair(Product::Gemel, Product::Keepalived, adverts);
    let client = pair.client().unwrap();
    let from = now_ns();
    pair.lb1.stop(signal).unwrap();
    let started_at = now_ns();
    pair.lb1.start().unwrap();
    pair.witness.adverts_of("lb1", 6, started_at, CONVERGENCE).unwrap();
    let heard = pair.witness.since(from);
    let said = heard.iter().find(|event| event.claims_by("lb2"));
    assert!(said.is_none(), "{signal}: {said:?}: {}", pair.witness.tale(from));
    assert_eq!(client.finish().unwrap().lost, 0, "{signal}");
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

fn pair(lb1: Product, lb2: Product, adverts: Adverts) -> Pair {
    let mut pair = Pair::new(lb1, lb2, adverts).unwrap();
    pair.start().unwrap();
    pair
}

/// What a hand-over may cost a client with one echo per millisecond on a busy machine.
const FEW_ECHOES: usize = 10;
