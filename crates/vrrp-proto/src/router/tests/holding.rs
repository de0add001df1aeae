//! What keeps a Backup from claiming: Preempt::No, and the hold after a start with nothing known.

use super::*;

fn held() -> Settings {
    Settings { hold: Duration::from_secs(5), ..settings(100) }
}

fn unpreempting(peer_base: Option<u8>) -> Settings {
    Settings { preempt: Preempt::No, peer_base: peer_base.map(prio), ..settings(100) }
}

#[test]
fn a_named_health_cause_makes_the_active_yield_without_preemption() {
    let mut router = backup(unpreempting(Some(90)));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 90), &[]);
    assert_eq!(router.deadline(), Some(us(4_609_375)), "lower by base alone: left alone");
    check(&mut router, ms(2_000), heard(HIGHER_ADDRESS, 30), &[]);
    check(&mut router, ms(3_000), heard(HIGHER_ADDRESS, 30), &[]);
    check(&mut router, ms(4_000), heard(HIGHER_ADDRESS, 30), &[]);
    check_due(&mut router, us(4_609_375), &takeover(100, Reason::PeerLower));
}

#[test]
fn a_sick_active_is_left_alone_by_a_sicker_backup() {
    let mut router = backup(unpreempting(Some(150)));
    check(&mut router, ms(500), Event::Priority(prio(40)), &[]);
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 90), &[]);
    assert_eq!(router.deadline(), Some(us(4_843_750)));
}

#[test]
fn a_loss_that_both_see_does_not_preempt_an_active_of_lower_base() {
    let better = Settings { priority: prio(150), ..unpreempting(Some(100)) };
    let mut router = backup(better);
    check(&mut router, ms(500), Event::Priority(prio(90)), &[]);
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 40), &[]);
    assert_eq!(router.deadline(), Some(Instant::from_nanos(4_648_437_500)));
}

#[test]
fn without_a_known_base_every_active_is_left_alone() {
    let mut router = backup(unpreempting(None));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 1), &[]);
    assert_eq!(router.deadline(), Some(us(4_609_375)));
}

#[test]
fn an_owner_that_yielded_once_preempts_whatever_is_said() {
    let mut router = node(Settings { preempt: Preempt::No, ..settings(255) });
    check(&mut router, ms(0), Event::Startup, &takeover(255, Reason::Owner));
    let yielded = [ABSENT, became(Role::Backup, Reason::PeerHigher)];
    check(&mut router, ms(10), heard(HIGHER_ADDRESS, 255), &yielded);
    let due = router.deadline();
    check(&mut router, ms(20), heard(HIGHER_ADDRESS, 200), &[]);
    assert_eq!(router.deadline(), due);
}

#[test]
fn a_claim_with_nothing_known_waits_for_the_hold() {
    let mut router = backup(held());
    check(&mut router, ms(4_000), Event::Tick, &[]);
    check_due(&mut router, ms(5_000), &takeover(100, Reason::PeerSilent));
}

#[test]
fn a_claim_waits_no_longer_once_all_is_known() {
    let mut router = backup(held());
    check(&mut router, ms(4_000), Event::Ready, &[]);
    assert_eq!(router.deadline(), Some(us(3_609_375)));
    check(&mut router, ms(4_000), Event::Tick, &takeover(100, Reason::PeerSilent));
}

#[test]
fn what_is_known_before_the_start_needs_no_hold() {
    let mut router = node(held());
    check(&mut router, ms(0), Event::Ready, &[]);
    check(&mut router, ms(0), Event::Startup, &[ABSENT, became(Role::Backup, Reason::Startup)]);
    check_due(&mut router, us(3_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn a_peer_that_fell_silent_is_taken_over_during_the_hold() {
    let mut router = backup(held());
    check(&mut router, ms(200), every(10, HIGHER_ADDRESS, 150), &[]);
    check_due(&mut router, Instant::from_nanos(560_937_500), &takeover(100, Reason::PeerSilent));
}

#[test]
fn a_peer_that_released_is_taken_over_during_the_hold() {
    let mut router = backup(held());
    check(&mut router, ms(200), heard(HIGHER_ADDRESS, 0), &[]);
    check_due(&mut router, us(809_375), &takeover(100, Reason::PeerReleased));
}

#[test]
fn a_live_peer_of_lower_priority_is_left_alone_during_the_hold() {
    let mut router = backup(held());
    for second in 0..=5 {
        check(&mut router, ms(second * 1_000 + 500), heard(HIGHER_ADDRESS, 50), &[]);
    }
    // The last one within the hold came at 4.5 s; the one at 5.5 s no longer counts.
    check(&mut router, ms(6_500), heard(HIGHER_ADDRESS, 50), &[]);
    check(&mut router, ms(7_500), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, us(8_109_375), &takeover(100, Reason::PeerLower));
}

#[test]
fn a_link_that_comes_back_starts_no_second_hold() {
    let mut router = backup(held());
    check(&mut router, ms(1_000), Event::Ready, &[]);
    let down = [ABSENT, became(Role::Init, Reason::LinkDown)];
    check(&mut router, ms(2_000), Event::Path(Path::Closed), &down);
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(60_000), Event::Path(Path::Open), &up);
    check_due(&mut router, us(63_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn a_peer_heard_before_the_link_failed_was_heard() {
    let mut router = backup(Settings { hold: Duration::from_secs(60), ..settings(100) });
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 150), &[]);
    let down = [ABSENT, became(Role::Init, Reason::LinkDown)];
    check(&mut router, ms(2_000), Event::Path(Path::Closed), &down);
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(3_000), Event::Path(Path::Open), &up);
    check_due(&mut router, us(6_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn what_waited_in_the_socket_at_the_start_was_heard() {
    let mut router = node(Settings { hold: Duration::from_secs(60), ..settings(100) });
    check(&mut router, ms(500), heard(HIGHER_ADDRESS, 150), &[]);
    check(&mut router, ms(500), Event::Startup, &[ABSENT, became(Role::Backup, Reason::Startup)]);
    check_due(&mut router, us(4_109_375), &takeover(100, Reason::PeerSilent));
}
