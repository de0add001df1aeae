//! When adverts go out: in turn, at the configured rate; out of turn, never as a storm.

use super::*;

#[test]
fn ten_thousand_late_adverts_keep_the_configured_rate() {
    for (seed, centis) in [(1, 1), (2, 10), (3, 100), (4, 233)] {
        let interval = Interval::from_centis(centis).unwrap();
        let mut dice = Dice(seed);
        let mut router = active(Settings { interval, ..settings(100) });
        let first = router.deadline().unwrap();
        for _ in 0..10_000 {
            let late = dice.below(interval.duration().as_nanos() as u64);
            let now = router.deadline().unwrap() + Duration::from_nanos(late);
            check(&mut router, now, Event::Tick, &[advertise(100)]);
            check(&mut router, now, Event::Tick, &[]);
        }
        assert_eq!(router.deadline(), Some(first + interval.duration() * 10_000), "seed {seed}");
    }
}

#[test]
fn a_whole_interval_late_the_grid_starts_anew() {
    let mut router = active(settings(100));
    check(&mut router, ms(11_999), Event::Tick, &[advertise(100)]);
    assert_eq!(router.deadline(), Some(ms(12_000)));
    check(&mut router, ms(17_777), Event::Tick, &[advertise(100)]);
    assert_eq!(router.deadline(), Some(ms(18_770)));
}

#[test]
fn routers_that_became_active_apart_share_their_wakeups() {
    let mut one = backup(settings(100));
    let mut other = backup(settings(100));
    check(&mut one, us(10_001_234), Event::Tick, &takeover(100, Reason::PeerSilent));
    check(&mut other, us(10_008_765), Event::Tick, &takeover(100, Reason::PeerSilent));
    assert_eq!(one.deadline(), Some(ms(11_000)));
    assert_eq!(one.deadline(), other.deadline());
}

#[test]
fn a_priority_change_is_advertised_at_once_and_in_turn() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_500), Event::Priority(prio(80)), &[advertise(80)]);
    check(&mut router, ms(10_600), Event::Priority(prio(80)), &[]);
    check_due(&mut router, ms(11_000), &[advertise(80)]);
}

#[test]
fn forced_adverts_keep_a_gap_and_the_last_value_is_sent_after_it() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_500), Event::Priority(prio(80)), &[advertise(80)]);
    check(&mut router, ms(10_510), Event::Priority(prio(70)), &[]);
    check(&mut router, ms(10_520), Event::Priority(prio(60)), &[]);
    check_due(&mut router, ms(10_600), &[advertise(60)]);
    check_due(&mut router, ms(11_000), &[advertise(60)]);
}

#[test]
fn two_who_both_believe_they_win_do_not_storm() {
    let mut router = active(settings(100));
    let mut sent = 0;
    for millis in 10_001..=10_999 {
        for event in [heard(LOWER_ADDRESS, 100), heard(HIGHER_ADDRESS, 50), Event::Tick] {
            let outputs = router.handle(ms(millis), event);
            sent += outputs.iter().filter(|output| **output == advertise(100)).count();
            let announced = outputs.contains(&Output::Announce);
            assert_eq!(announced, !outputs.is_empty(), "each of them announces");
        }
    }
    assert_eq!(sent, 10);
}

#[test]
fn an_advert_in_turn_pays_the_one_that_is_owed() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_950), Event::Priority(prio(80)), &[advertise(80)]);
    check(&mut router, ms(10_960), Event::Priority(prio(70)), &[]);
    check_due(&mut router, ms(11_000), &[advertise(70)]);
    assert_eq!(router.deadline(), Some(ms(12_000)));
}

#[test]
fn an_advert_in_turn_does_not_pay_an_announcement() {
    let mut router = active(settings(100));
    let both = [advertise(100), Output::Announce];
    check(&mut router, ms(10_950), heard(HIGHER_ADDRESS, 50), &both);
    check(&mut router, ms(10_960), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, ms(11_000), &[advertise(100)]);
    check_due(&mut router, ms(11_050), &[Output::Announce]);
    // Both due at once: one advert does.
    check(&mut router, ms(11_900), heard(HIGHER_ADDRESS, 50), &both);
    check(&mut router, ms(11_910), heard(HIGHER_ADDRESS, 50), &[]);
    check_due(&mut router, ms(12_000), &both);
    assert_eq!(router.deadline(), Some(ms(13_000)));
}
