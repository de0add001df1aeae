//! The state-machine vectors of `vrrp.md` section 12, and the timers they rest on.

use super::*;

#[test]
fn silence_makes_a_backup_active() {
    let mut router = backup(settings(100));
    check_due(&mut router, us(3_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn priority_0_leaves_skew_time() {
    let mut router = backup(settings(100));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 150), &[]);
    check(&mut router, ms(2_000), every(25, HIGHER_ADDRESS, 0), &[]);
    check_due(&mut router, us(2_609_375), &takeover(100, Reason::PeerReleased));
}

#[test]
fn the_interval_of_the_active_router_counts() {
    let mut router = backup(settings(100));
    check(&mut router, ms(0), every(10, HIGHER_ADDRESS, 150), &[]);
    assert_eq!(router.down_interval(), Duration::from_nanos(360_937_500));
    assert_eq!(router.skew(), Duration::from_nanos(60_937_500));
    check_due(&mut router, Instant::from_nanos(360_937_500), &takeover(100, Reason::PeerSilent));
}

#[test]
fn lower_adverts_do_not_keep_a_preempting_backup() {
    let mut router = backup(settings(100));
    for second in 0..=3 {
        check(&mut router, ms(second * 1_000), heard(HIGHER_ADDRESS, 50), &[]);
    }
    check_due(&mut router, us(3_609_375), &takeover(100, Reason::PeerLower));
}

#[test]
fn lower_adverts_keep_a_backup_that_does_not_preempt() {
    let mut router = backup(Settings { preempt: Preempt::No, ..settings(100) });
    for second in 0..=20 {
        check(&mut router, ms(second * 1_000), heard(HIGHER_ADDRESS, 50), &[]);
    }
    check_due(&mut router, us(23_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn an_equal_keeps_a_backup_whatever_its_address() {
    for from in [LOWER_ADDRESS, HIGHER_ADDRESS] {
        let mut router = backup(settings(100));
        check(&mut router, ms(2_000), heard(from, 100), &[]);
        assert_eq!(router.deadline(), Some(us(5_609_375)));
    }
}

#[test]
fn an_active_router_yields_to_an_equal_of_higher_address() {
    let mut router = active(settings(100));
    let yielded = [ABSENT, became(Role::Backup, Reason::PeerHigher)];
    check(&mut router, ms(10_500), every(10, HIGHER_ADDRESS, 100), &yielded);
    assert_eq!(router.deadline(), Some(ms(10_500) + Duration::from_nanos(360_937_500)));
}

#[test]
fn an_active_router_answers_an_equal_of_lower_address() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_500), heard(LOWER_ADDRESS, 100), &[advertise(100), Output::Announce]);
    assert_eq!(router.deadline(), Some(ms(11_000)), "the Adver_Timer runs on");
}

#[test]
fn an_active_router_answers_a_release_and_starts_its_timer_anew() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_500), heard(HIGHER_ADDRESS, 0), &[advertise(100)]);
    assert_eq!(router.deadline(), Some(ms(11_500)));
}

#[test]
fn the_owner_is_active_at_once() {
    let mut router = node(settings(255));
    check(&mut router, ms(5), Event::Startup, &takeover(255, Reason::Owner));
    assert_eq!(router.deadline(), Some(ms(1_000)), "on the grid");
    check(&mut router, ms(10), Event::Priority(prio(40)), &[]);
    assert_eq!(router.priority(), Priority::OWNER);
}

#[test]
fn two_owners_are_decided_by_address() {
    let mut router = node(settings(255));
    check(&mut router, ms(0), Event::Startup, &takeover(255, Reason::Owner));
    let yielded = [ABSENT, became(Role::Backup, Reason::PeerHigher)];
    check(&mut router, ms(10), heard(HIGHER_ADDRESS, 255), &yielded);
}

#[test]
fn a_priority_change_moves_the_takeover() {
    let mut router = backup(settings(100));
    check(&mut router, ms(1_000), Event::Priority(prio(40)), &[]);
    assert_eq!(router.deadline(), Some(us(3_843_750)));
    check(&mut router, ms(3_700), Event::Priority(prio(200)), &[]);
    assert_eq!(router.deadline(), Some(us(3_218_750)), "past: with the next Tick, not before it");
    check(&mut router, ms(3_701), Event::Tick, &takeover(200, Reason::PeerSilent));
}

#[test]
fn the_effective_priority_stays_within_what_a_router_may_say() {
    let mut router = backup(settings(100));
    check(&mut router, ms(0), Event::Priority(Priority::RELEASE), &[]);
    assert_eq!(router.priority(), Priority::MIN);
    check(&mut router, ms(0), Event::Priority(Priority::OWNER), &[]);
    assert_eq!(router.priority(), Priority::MAX);
}

#[test]
fn a_peer_that_was_lower_and_fell_silent_is_silent() {
    let mut router = backup(settings(100));
    check(&mut router, ms(1), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, us(3_609_375), &takeover(100, Reason::PeerSilent));
}
