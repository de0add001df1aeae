//! Two gemel: how the address moves, and how it does not.

use std::time::{Duration, Instant};

use lab::net::addresses::Presence;
use lab::pair::{CONVERGENCE, Director, Pair};
use lab::peers::{Adverts, INTERVAL, Product, Side, VIP, gemel};
use lab::witness::{Kind, now_ns};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::restart::{expect_undisturbed, expect_unnoticed};

#[test]
fn a_crash_of_the_active_is_taken_over_when_the_wait_is_over_and_handed_back() {
    let mut pair = two();
    pair.expect_sole_answer(Side::Lb1).unwrap();

    let from = now_ns();
    pair.witness.advert_of("lb1", from, CONVERGENCE).unwrap();
    let crashed_at = now_ns();
    pair.crash_and_cut(Side::Lb1).unwrap();
    let advert = pair.witness.advert_of("lb2", crashed_at, CONVERGENCE).unwrap();
    let garp = pair.witness.garp_of("lb2", crashed_at, CONVERGENCE).unwrap();
    let heard = pair.witness.since(from);
    let last = heard.iter().rfind(|event| event.claims_by("lb1")).unwrap();
    let wait = Side::Lb2.active_down_interval();
    for (event, bound) in [(&advert, SLACK), (&garp, SLACK)] {
        let took = Duration::from_nanos(event.at_ns - last.at_ns);
        assert!((wait..wait + bound).contains(&took), "{event} came {took:?} after the last");
    }
    pair.expect_sole_answer(Side::Lb2).unwrap();

    pair.mend_clean(Side::Lb1).unwrap();
    let client = pair.client().unwrap();
    pair.start_lb1().unwrap();
    let report = client.finish().unwrap();
    assert!(report.lost <= FEW_ECHOES, "handed back with {report:?}");
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn a_release_leaves_no_hole() {
    let mut pair = two();
    let client = pair.client().unwrap();
    let prober = pair.probe().unwrap();
    pair.expect_sole_answer_to(&prober, Side::Lb1).unwrap();
    let stopped_at = now_ns();
    let status = pair.lb1.stop(Signal::SIGTERM).unwrap();
    assert!(status.success(), "{status}");
    expect_nothing_left(&pair.lb1);
    let release = pair
        .witness
        .wait_for(stopped_at, CONVERGENCE, "a release", |event| event.releases_by("lb1"))
        .unwrap();
    let advert = pair.witness.advert_of("lb2", stopped_at, CONVERGENCE).unwrap();
    let took = Duration::from_nanos(advert.at_ns - release.at_ns);
    let skew = Side::Lb2.skew_time();
    assert!((skew..skew + SLACK).contains(&took), "{took:?} after the release");
    pair.witness.garp_of("lb2", stopped_at, CONVERGENCE).unwrap();
    pair.await_sole(Side::Lb2).unwrap();
    pair.expect_sole_answer_to(&prober, Side::Lb2).unwrap();
    drop(prober);
    let report = client.finish().unwrap();
    assert!(report.lost <= FEW_ECHOES, "{report:?}");
    // Those who do not know the address yet find it as well: the skew time would be 12 questions.
    let unanswered = pair.unanswered(stopped_at);
    assert!(unanswered <= 4, "{unanswered} questions by ARP unanswered");
    let handed_over = advert.at_ns + SLACK.as_nanos() as u64;
    assert_eq!(pair.double_answers(handed_over), []);
}

#[test]
fn a_planned_restart_keeps_the_role_and_loses_no_echo() {
    expect_unnoticed(&mut two(), Signal::SIGUSR2);
}

#[test]
fn a_killed_active_that_is_back_in_time_keeps_the_role_and_loses_no_echo() {
    expect_unnoticed(&mut two(), Signal::SIGKILL);
}

#[test]
fn a_killed_active_that_is_back_too_late_lets_go_of_the_address_before_it_says_anything() {
    let mut pair = two();
    let killed_at = now_ns();
    pair.lb1.crash().unwrap();
    pair.witness.garp_of("lb2", killed_at, CONVERGENCE).unwrap();
    assert!(pair.lb1.holds().unwrap(), "nobody has taken it from a dead daemon yet");
    let watch = pair.lb1.host.watch_addresses().unwrap();
    let started_at = now_ns();
    pair.lb1.start().unwrap();
    watch.wait_for("eth0", VIP, Presence::Gone, CONVERGENCE).unwrap();
    assert!(!pair.witness.since(started_at).iter().any(|event| event.claims_by("lb1")));
    pair.witness.garp_of("lb1", started_at, CONVERGENCE).unwrap();
    pair.await_sole(Side::Lb1).unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn an_address_deleted_by_hand_is_back_in_50_ms_without_a_change_of_role() {
    let mut pair = two();
    let watch = pair.lb1.host.watch_addresses().unwrap();
    let from = now_ns();
    for _ in 0..5 {
        let began = Instant::now();
        pair.lb1.host.ip(&[format!("addr del {VIP}/32 dev eth0")]).unwrap();
        let back = watch.wait_for("eth0", VIP, Presence::There, CONVERGENCE).unwrap();
        let took = back.duration_since(began);
        assert!(took < Duration::from_millis(50), "back after {took:?}");
    }
    expect_undisturbed(&mut pair, from);
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn an_address_added_by_hand_on_the_backup_is_taken_away_again() {
    let mut pair = two();
    let watch = pair.lb2.host.watch_addresses().unwrap();
    let from = now_ns();
    let began = Instant::now();
    pair.lb2.host.ip(&[format!("addr add {VIP}/32 dev eth0")]).unwrap();
    let gone = watch.wait_for("eth0", VIP, Presence::Gone, CONVERGENCE).unwrap();
    let took = gone.duration_since(began);
    assert!(took < Duration::from_millis(50), "gone after {took:?}");
    expect_undisturbed(&mut pair, from);
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn after_a_partition_the_lesser_of_two_actives_yields() {
    let mut pair = two();
    let parted_at = now_ns();
    pair.lab.drop_traffic("lb1", "eth0").unwrap();
    pair.witness.garp_of("lb2", parted_at, CONVERGENCE).unwrap();
    pair.witness.adverts_of("lb1", 3, now_ns(), CONVERGENCE).unwrap();
    pair.lab.heal("lb1", "eth0").unwrap();
    let healed_at = now_ns();
    pair.await_sole(Side::Lb1).unwrap();
    let heard = pair.witness.since(healed_at);
    let bound = healed_at + (INTERVAL * 2 + SLACK).as_nanos() as u64;
    let late = heard.iter().find(|event| event.claims_by("lb2") && event.at_ns > bound);
    assert!(late.is_none(), "{late:?}");
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn a_director_that_was_frozen_past_its_end_agrees_with_its_peer_again() {
    let mut pair = two();
    let stopped_at = now_ns();
    pair.lb1.daemon().unwrap().signal_all(Signal::SIGSTOP).unwrap();
    pair.witness.garp_of("lb2", stopped_at, CONVERGENCE).unwrap();
    pair.lb1.daemon().unwrap().signal_all(Signal::SIGCONT).unwrap();
    pair.await_sole(Side::Lb1).unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();

    // A frozen Backup must read what it has missed before it believes in silence.
    pair.lb2.daemon().unwrap().signal_all(Signal::SIGSTOP).unwrap();
    let frozen_at = now_ns();
    pair.witness.adverts_of("lb1", 6, frozen_at, CONVERGENCE).unwrap();
    pair.lb2.daemon().unwrap().signal_all(Signal::SIGCONT).unwrap();
    expect_undisturbed(&mut pair, frozen_at);
}

#[test]
fn a_tracked_link_that_goes_down_moves_the_address_without_a_hole_and_brings_it_back() {
    let mut pair = two();
    let client = pair.client().unwrap();
    let cut_at = now_ns();
    pair.lab.cut("lb1", "eth1").unwrap();
    pair.witness
        .wait_for(cut_at, CONVERGENCE, "lb1 with 150 - 60", |event| {
            event.host == "lb1" && matches!(&event.kind, Kind::Advert(said) if said.priority == 90)
        })
        .unwrap();
    pair.witness.garp_of("lb2", cut_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();
    let told = status(&pair.lb1);
    let router = &told["routers"][0];
    assert_eq!((&router["role"], &router["priority"]), (&json!("Backup"), &json!(90)), "{told}");
    assert_eq!((&router["base"], &router["causes"][0]["value"]), (&json!(150), &json!(-60)));
    assert_eq!(router["peer"]["address"], json!(Side::Lb2.address()), "{told}");
    let told = status(&pair.lb2);
    assert_eq!(told["routers"][0]["role"], json!("Active"), "{told}");

    let mended_at = now_ns();
    pair.lab.mend("lb1", "eth1").unwrap();
    pair.witness.garp_of("lb1", mended_at, CONVERGENCE).unwrap();
    pair.await_sole(Side::Lb1).unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();
    let report = client.finish().unwrap();
    assert!(report.lost <= 2 * FEW_ECHOES, "{report:?}");
}

#[test]
fn unicast_carries_the_pair_as_multicast_does() {
    let mut pair = two_by(Adverts::Unicast);
    pair.expect_sole_answer(Side::Lb1).unwrap();
    let crashed_at = now_ns();
    pair.crash_and_cut(Side::Lb1).unwrap();
    pair.witness.garp_of("lb2", crashed_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();
    pair.mend_clean(Side::Lb1).unwrap();
    pair.start_lb1().unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

fn two() -> Pair {
    two_by(Adverts::Multicast)
}

fn two_by(adverts: Adverts) -> Pair {
    let mut pair = Pair::new(Product::Gemel, Product::Gemel, adverts).unwrap();
    pair.start().unwrap();
    pair
}

/// No trace of the virtual address, and the interface answers ARP as it did before.
fn expect_nothing_left(director: &Director) {
    assert!(!director.holds().unwrap());
    let routes = director.host.output("ip", &["route", "show", "table", "all"]).unwrap();
    assert!(!routes.contains(&VIP.to_string()), "{routes}");
    let arp_ignore = "/proc/sys/net/ipv4/conf/eth0/arp_ignore";
    let arp_ignore = director.host.enter(|| std::fs::read_to_string(arp_ignore));
    assert_eq!(arp_ignore.unwrap().trim(), "0");
}

/// What `gemel status --json` says on this director.
fn status(director: &Director) -> Value {
    let mut command = gemel(&director.host).unwrap();
    command.args(["status", "--json", "--run-dir"]).arg(director.folder.join("run"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the machine may add to what the protocol says; the bench measures it, tests only bound it.
const SLACK: Duration = Duration::from_millis(20);

/// What a hand-over may cost a client with one echo per millisecond on a busy machine.
const FEW_ECHOES: usize = 10;
