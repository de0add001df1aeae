//! The start-up delay, the preempt delay, and another factor than 3 in Active_Down_Interval.

use super::*;

fn delayed() -> Settings {
    Settings { startup_delay: Duration::from_secs(30), ..settings(100) }
}

/// Leaves a lower Active alone for 10 s.
fn patient() -> Settings {
    Settings { preempt_delay: Duration::from_secs(10), ..settings(100) }
}

fn factor(value: u8, priority: u8) -> Settings {
    Settings { down_factor: DownFactor::new(value).unwrap(), ..settings(priority) }
}

const STARTED: [Output; 2] = [ABSENT, became(Role::Backup, Reason::Startup)];

// --- start-up delay ---

#[test]
fn a_delayed_router_lets_go_at_once_and_starts_later() {
    let mut router = node(delayed());
    check(&mut router, ms(500), Event::Startup, &[ABSENT]);
    assert_eq!((router.role(), router.reason()), (Role::Init, Reason::StartupDelay));
    check(&mut router, ms(10_000), heard(HIGHER_ADDRESS, 1), &[]);
    check_due(&mut router, ms(30_500), &STARTED);
    check_due(&mut router, us(34_109_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn the_delay_runs_once() {
    let mut router = node(delayed());
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    check(&mut router, ms(20_000), Event::Startup, &[ABSENT]);
    check_due(&mut router, ms(30_000), &STARTED);
    check(
        &mut router,
        ms(31_000),
        Event::Path(Path::Closed),
        &[ABSENT, became(Role::Init, Reason::LinkDown)],
    );
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(32_000), Event::Path(Path::Open), &up);
}

#[test]
fn ordered_out_and_in_again_it_runs_anew() {
    let mut router = node(delayed());
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    check(&mut router, ms(1_000), Event::Shutdown, &[]);
    assert_eq!(router.deadline(), None);
    check(&mut router, ms(2_000), Event::Startup, &[ABSENT]);
    check_due(&mut router, ms(32_000), &STARTED);
}

#[test]
fn a_link_that_comes_during_the_delay_does_not_end_it() {
    let mut router = Router::new(ms(0), delayed(), Path::Closed);
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    assert_eq!((router.reason(), router.deadline()), (Reason::LinkDown, None));
    check(&mut router, ms(5_000), Event::Path(Path::Open), &[]);
    assert_eq!(router.reason(), Reason::StartupDelay);
    check_due(&mut router, ms(30_000), &STARTED);
}

#[test]
fn a_link_that_comes_after_the_delay_starts_the_router() {
    let mut router = Router::new(ms(0), delayed(), Path::Closed);
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    check(&mut router, ms(40_000), Event::Tick, &[]);
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(50_000), Event::Path(Path::Open), &up);
}

#[test]
fn the_delay_is_not_for_a_process_that_comes_back() {
    let mut router = node(delayed());
    check(&mut router, ms(900), Event::Resume(ms(800)), &takeover(100, Reason::Resumed));
    let mut late = node(delayed());
    check(&mut late, ms(9_000), Event::Resume(ms(800)), &STARTED);
}

#[test]
fn the_owner_waits_too() {
    let mut router = node(Settings { priority: prio(255), ..delayed() });
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    check_due(&mut router, ms(30_000), &takeover(255, Reason::Owner));
}

// --- preempt delay ---

#[test]
fn a_lower_active_is_left_alone_from_its_first_advert_on() {
    let mut router = backup(patient());
    for second in 1..=10 {
        check(&mut router, ms(second * 1_000), heard(HIGHER_ADDRESS, 50), &[]);
        assert_eq!(router.deadline(), Some(us(second * 1_000_000 + 3_609_375)));
    }
    // The delay ends at 11 s: from then on the timer runs.
    check(&mut router, ms(11_000), heard(HIGHER_ADDRESS, 50), &[]);
    check(&mut router, ms(12_000), heard(HIGHER_ADDRESS, 50), &[]);
    check(&mut router, ms(13_000), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, us(13_609_375), &takeover(100, Reason::PeerLower));
}

#[test]
fn an_advert_that_is_not_lower_cancels_the_delay() {
    for priority in [100, 200] {
        let mut router = backup(patient());
        check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 50), &[]);
        check(&mut router, ms(10_500), heard(LOWER_ADDRESS, priority), &[]);
        check(&mut router, ms(12_000), heard(HIGHER_ADDRESS, 50), &[]);
        assert_eq!(router.deadline(), Some(us(15_609_375)), "left alone until 22 s");
        check(&mut router, ms(15_000), heard(HIGHER_ADDRESS, 50), &[]);
        check(&mut router, ms(18_500), heard(HIGHER_ADDRESS, 50), &[]);
        check(&mut router, ms(21_999), heard(HIGHER_ADDRESS, 50), &[]);
        assert_eq!(router.deadline(), Some(us(25_608_375)));
        check(&mut router, ms(22_000), heard(HIGHER_ADDRESS, 50), &[]);
        assert_eq!(router.deadline(), Some(us(25_608_375)));
    }
}

#[test]
fn silence_is_not_delayed() {
    let mut router = backup(patient());
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, us(4_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn a_release_is_not_delayed() {
    let mut router = backup(patient());
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 50), &[]);
    check(&mut router, ms(2_000), heard(HIGHER_ADDRESS, 0), &[]);
    check_due(&mut router, us(2_609_375), &takeover(100, Reason::PeerReleased));
}

#[test]
fn the_delay_protects_whoever_became_active_after_us_anew() {
    let mut router = active(patient());
    check(
        &mut router,
        ms(10_100),
        heard(HIGHER_ADDRESS, 150),
        &[ABSENT, became(Role::Backup, Reason::PeerHigher)],
    );
    check(&mut router, ms(11_000), heard(HIGHER_ADDRESS, 50), &[]);
    assert_eq!(router.deadline(), Some(us(14_609_375)));
}

#[test]
fn an_active_waits_for_no_delay() {
    let mut router = active(patient());
    let answer = [advertise(100), Output::Announce];
    check(&mut router, ms(10_500), heard(HIGHER_ADDRESS, 50), &answer);
}

#[test]
fn the_owner_preempts_without_a_delay() {
    let mut router = node(Settings { priority: prio(255), ..patient() });
    check(&mut router, ms(0), Event::Startup, &takeover(255, Reason::Owner));
    let yielded = [ABSENT, became(Role::Backup, Reason::PeerHigher)];
    check(&mut router, ms(10), heard(HIGHER_ADDRESS, 255), &yielded);
    let due = router.deadline();
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 200), &[]);
    assert_eq!(router.deadline(), due);
}

// --- down factor ---

#[test]
fn the_factor_counts_the_intervals_of_silence() {
    for (value, due) in [(1, 1_609_375), (3, 3_609_375), (10, 10_609_375)] {
        let mut router = backup(factor(value, 100));
        assert_eq!(router.down_interval(), Duration::from_micros(due));
        check_due(&mut router, us(due), &takeover(100, Reason::PeerSilent));
    }
}

#[test]
fn the_factor_bounds_how_late_a_restart_resumes() {
    // factor x 1 s + 2/256 s, less an interval; the rival has priority 254.
    for (value, bound_us) in [(1, 7_812), (2, 1_007_812), (10, 9_007_812)] {
        let (sent, bound) = (ms(50_000), Duration::from_micros(bound_us));
        let mut last = node(factor(value, 100));
        check(&mut last, sent + bound, Event::Resume(sent), &takeover(100, Reason::Resumed));
        let mut late = node(factor(value, 100));
        let now = sent + bound + Duration::from_micros(1);
        check(&mut late, now, Event::Resume(sent), &STARTED);
    }
}

#[test]
fn a_lower_active_that_paused_for_less_than_the_factor_is_no_silent_one() {
    let mut router = backup(factor(6, 100));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, us(6_609_375), &takeover(100, Reason::PeerLower));
    let mut router = backup(factor(6, 100));
    check(&mut router, ms(500), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, us(6_609_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn the_factor_does_not_change_how_long_a_leaver_holds() {
    for value in [1, 10] {
        let mut router = backup(factor(value, 100));
        let at = ms(20_000);
        check(&mut router, at, Event::Tick, &takeover(100, Reason::PeerSilent));
        let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
        check(&mut router, at, Event::Shutdown, &farewell);
        for late in [300, 600, 900] {
            check(&mut router, at + Duration::from_millis(late), Event::Tick, &[advertise(0)]);
        }
        assert_eq!(router.deadline(), Some(Instant::from_nanos(21_992_187_500)));
    }
}
