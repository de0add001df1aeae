//! Release, keep, resume and the link: how a router enters and leaves the election.

use super::*;

#[test]
fn leaving_holds_the_addresses_until_somebody_else_answers() {
    let mut router = active(settings(100));
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_100), Event::Shutdown, &farewell);
    check(&mut router, ms(10_200), heard(HIGHER_ADDRESS, 0), &[]);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_700), heard(HIGHER_ADDRESS, 1), &gone);
    assert_eq!(router.deadline(), None);
    check(&mut router, ms(10_800), heard(HIGHER_ADDRESS, 1), &[]);
}

#[test]
fn leaving_says_so_again_and_ends_when_the_slowest_successor_had_its_time() {
    let mut router = active(settings(254));
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_000), Event::Shutdown, &farewell);
    for at in [10_062_500, 10_187_500, 10_437_500] {
        check_due(&mut router, us(at), &[advertise(0)]);
    }
    let gone = [ABSENT, became(Role::Init, Reason::NoSuccessor)];
    check_due(&mut router, Instant::from_nanos(11_992_187_500), &gone);
}

#[test]
fn nothing_is_repeated_once_somebody_answers() {
    let mut router = active(settings(100));
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_000), Event::Shutdown, &farewell);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_050), heard(HIGHER_ADDRESS, 1), &gone);
    check(&mut router, ms(10_063), Event::Tick, &[]);
}

#[test]
fn a_leaver_that_slept_through_its_repeats_says_no_more_than_one_a_wakeup() {
    let mut router = active(settings(100));
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_000), Event::Shutdown, &farewell);
    check(&mut router, ms(10_300), Event::Tick, &[advertise(0)]);
    check(&mut router, ms(10_301), Event::Tick, &[advertise(0)]);
    check_due(&mut router, us(10_437_500), &[advertise(0)]);
    let gone = [ABSENT, became(Role::Init, Reason::NoSuccessor)];
    check(&mut router, ms(12_000), Event::Tick, &gone);
}

#[test]
fn ordered_back_while_leaving_a_router_starts_when_that_is_over() {
    let mut router = active(settings(100));
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_000), Event::Shutdown, &farewell);
    check(&mut router, ms(10_100), Event::Startup, &[]);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_600), heard(HIGHER_ADDRESS, 50), &gone);
    assert_eq!(router.deadline(), Some(ms(10_600)));
    check(&mut router, ms(10_601), Event::Tick, &[ABSENT, became(Role::Backup, Reason::Startup)]);
}

#[test]
fn the_last_order_while_leaving_counts() {
    let mut router = active(settings(100));
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_000), Event::Shutdown, &farewell);
    check(&mut router, ms(10_100), Event::Startup, &[]);
    check(&mut router, ms(10_200), Event::Shutdown, &[]);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_600), heard(HIGHER_ADDRESS, 50), &gone);
    assert_eq!(router.deadline(), None);
}

#[test]
fn keep_touches_nothing_and_tells_when_it_last_advertised() {
    let mut router = active(settings(100));
    let kept = [advertise(100), became(Role::Init, Reason::Keep)];
    check(&mut router, ms(10_300), Event::Keep, &kept);
    assert_eq!(router.last_advert(), Some(ms(10_300)));
    assert_eq!(router.deadline(), None);
}

#[test]
fn only_a_standing_claim_has_a_last_advert() {
    let mut router = active(settings(100));
    assert_eq!(router.last_advert(), Some(ms(10_000)));
    let mut yielded = active(settings(100));
    assert!(!yielded.handle(ms(10_001), heard(HIGHER_ADDRESS, 200)).is_empty());
    assert_eq!(yielded.last_advert(), None);
    let mut cut = active(settings(100));
    assert!(!cut.handle(ms(10_001), Event::Path(Path::Closed)).is_empty());
    assert_eq!(cut.last_advert(), None);
    assert!(!router.handle(ms(10_001), Event::Shutdown).is_empty());
    assert_eq!(router.last_advert(), None);
}

#[test]
fn resume_ends_an_interval_before_the_fastest_rival_can_claim() {
    // 3 s + 1 s * (256 - 200) / 256 - 1 s
    let rival = Settings { rival: prio(200), ..settings(100) };
    let sent = ms(50_000);
    let bound = sent + Duration::from_nanos(2_218_750_000);
    let mut last = node(rival.clone());
    let just = bound - Duration::from_nanos(1);
    check(&mut last, just, Event::Resume(sent), &takeover(100, Reason::Resumed));
    let mut late = node(rival);
    let started = [ABSENT, became(Role::Backup, Reason::Startup)];
    check(&mut late, bound, Event::Resume(sent), &started);
}

#[test]
fn nothing_is_resumed_after_a_winning_advert() {
    let started = [ABSENT, became(Role::Backup, Reason::Startup)];
    let resume = Event::Resume(ms(999));
    for (advert, outputs) in [
        (heard(HIGHER_ADDRESS, 100), &started[..]),
        (heard(LOWER_ADDRESS, 101), &started[..]),
        (heard(LOWER_ADDRESS, 100), &takeover(100, Reason::Resumed)[..]),
        (heard(HIGHER_ADDRESS, 0), &takeover(100, Reason::Resumed)[..]),
    ] {
        let mut router = node(settings(100));
        check(&mut router, ms(1_000), advert, &[]);
        check(&mut router, ms(1_000), resume, outputs);
    }
}

#[test]
fn a_winner_followed_by_others_still_forbids_to_resume() {
    let mut router = node(settings(100));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 150), &[]);
    check(&mut router, ms(1_000), heard(LOWER_ADDRESS, 50), &[]);
    let started = [ABSENT, became(Role::Backup, Reason::Startup)];
    check(&mut router, ms(1_000), Event::Resume(ms(999)), &started);
}

#[test]
fn an_advert_yet_to_come_is_not_resumed() {
    let mut router = node(settings(100));
    let started = [ABSENT, became(Role::Backup, Reason::Startup)];
    check(&mut router, ms(1_000), Event::Resume(ms(1_001)), &started);
}

#[test]
fn a_resumed_claim_that_is_lost_needs_no_hold() {
    let mut router = node(Settings { hold: Duration::from_secs(60), ..settings(100) });
    check(&mut router, ms(1_000), Event::Resume(ms(900)), &takeover(100, Reason::Resumed));
    let yielded = [ABSENT, became(Role::Backup, Reason::PeerHigher)];
    check(&mut router, ms(1_100), heard(HIGHER_ADDRESS, 150), &yielded);
    check(&mut router, ms(2_000), heard(HIGHER_ADDRESS, 50), &[]);
    assert_eq!(router.deadline(), Some(us(4_709_375)));
}

#[test]
fn a_router_started_without_a_link_starts_with_it() {
    let mut router = Router::new(ms(0), settings(100), Path::Closed);
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    assert_eq!((router.role(), router.reason()), (Role::Init, Reason::LinkDown));
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(700), Event::Path(Path::Open), &up);
    check_due(&mut router, us(4_309_375), &takeover(100, Reason::PeerSilent));
}

#[test]
fn a_stopped_router_does_not_start_with_the_link() {
    let mut router = Router::new(ms(0), settings(100), Path::Closed);
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    check(&mut router, ms(1), Event::Shutdown, &[]);
    check(&mut router, ms(2), Event::Path(Path::Open), &[]);
    assert_eq!(router.role(), Role::Init);
}

#[test]
fn an_owner_is_active_as_soon_as_its_link_is_up() {
    let mut router = Router::new(ms(0), settings(255), Path::Closed);
    check(&mut router, ms(0), Event::Startup, &[ABSENT]);
    check(&mut router, ms(7), Event::Path(Path::Open), &takeover(255, Reason::Owner));
}

#[test]
fn the_same_path_again_is_no_news() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_100), Event::Path(Path::Open), &[]);
    check(&mut router, ms(10_100), Event::Moved, &[advertise(100)]);
}

#[test]
fn a_router_tells_what_it_went_through() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_050), heard(HIGHER_ADDRESS, 0), &[advertise(100)]);
    let farewell = [advertise(0), became(Role::Leaving, Reason::Shutdown)];
    check(&mut router, ms(10_100), Event::Shutdown, &farewell);
    assert_eq!((router.since(), router.reason()), (ms(10_100), Reason::Shutdown));
    let (priority, interval) = (Priority::RELEASE, Interval::DEFAULT);
    let address = IpAddr::V4(HIGHER_ADDRESS);
    let peer = Peer { address, priority, interval, at: ms(10_050) };
    assert_eq!(router.peer(), Some(peer));
}
