//! Packets that come late, twice, in another order or not at all, and processes that stop for a
//! while: adverts are handed over before a deadline that has passed.

use super::*;

#[test]
fn a_backup_that_slept_past_its_deadline_hears_what_waited_first() {
    let mut router = backup(settings(100));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 150), &[]);
    check(&mut router, ms(60_000), heard(HIGHER_ADDRESS, 150), &[]);
    check(&mut router, ms(60_000), Event::Tick, &[]);
    assert_eq!(router.deadline(), Some(us(63_609_375)));
}

#[test]
fn a_backup_that_slept_past_a_release_hears_its_successor_first() {
    let mut router = backup(settings(100));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 0), &[]);
    check(&mut router, ms(60_000), heard(LOWER_ADDRESS, 150), &[]);
    check(&mut router, ms(60_000), Event::Tick, &[]);
}

#[test]
fn an_active_that_was_replaced_while_it_slept_yields_before_it_says_anything() {
    // The rival's Active_Down_Interval: 3 s + 2/256 s. The last advert went out at 10 s.
    let replaced = [ABSENT, became(Role::Backup, Reason::Replaced)];
    for from in [HIGHER_ADDRESS, LOWER_ADDRESS] {
        let mut router = active(settings(100));
        check(&mut router, Instant::from_nanos(13_007_812_500), heard(from, 50), &replaced);
        check(&mut router, ms(13_008), Event::Tick, &[]);
        // It preempts as a Backup does.
        assert_eq!(router.deadline(), Some(Instant::from_nanos(16_617_187_500)));
    }
}

#[test]
fn an_active_that_slept_for_less_cannot_have_been_replaced() {
    let mut router = active(settings(100));
    let answer = [advertise(100), Output::Announce];
    let now = Instant::from_nanos(13_007_812_499);
    check(&mut router, now, heard(HIGHER_ADDRESS, 50), &answer);
}

#[test]
fn an_active_that_slept_and_hears_nobody_goes_on() {
    let mut router = active(settings(100));
    check(&mut router, ms(60_000), Event::Tick, &[advertise(100)]);
    // Who claims after that heard us, or will.
    let answer = [advertise(100), Output::Announce];
    check(&mut router, ms(60_001), heard(HIGHER_ADDRESS, 50), &answer);
}

#[test]
fn an_active_that_slept_is_not_replaced_by_one_that_leaves() {
    let mut router = active(settings(100));
    check(&mut router, ms(60_000), heard(HIGHER_ADDRESS, 0), &[advertise(100)]);
    assert_eq!(router.deadline(), Some(ms(61_000)));
}

#[test]
fn a_release_that_is_repeated_does_not_put_off_the_successor() {
    let mut router = backup(settings(100));
    check(&mut router, ms(1_000), heard(HIGHER_ADDRESS, 150), &[]);
    for at in [2_000, 2_062, 2_187, 2_437] {
        check(&mut router, ms(at), heard(HIGHER_ADDRESS, 0), &[]);
        assert_eq!(router.deadline(), Some(us(2_609_375)));
    }
    check_due(&mut router, us(2_609_375), &takeover(100, Reason::PeerReleased));
}

#[test]
fn an_advert_overtaken_by_the_release_after_it_costs_no_active_down_interval() {
    let mut router = backup(settings(100));
    check(&mut router, ms(2_000), heard(HIGHER_ADDRESS, 0), &[]);
    check(&mut router, ms(2_001), heard(HIGHER_ADDRESS, 150), &[]);
    assert_eq!(router.deadline(), Some(us(5_610_375)));
    check(&mut router, us(2_062_500), heard(HIGHER_ADDRESS, 0), &[]);
    check_due(&mut router, us(2_671_875), &takeover(100, Reason::PeerReleased));
}

#[test]
fn a_group_that_leaves_on_every_member_is_answered_once() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_500), heard(HIGHER_ADDRESS, 0), &[advertise(100)]);
    check(&mut router, ms(10_500), heard(LOWER_ADDRESS, 0), &[]);
    assert_eq!(router.deadline(), Some(ms(11_500)));
    check(&mut router, ms(10_501), heard(HIGHER_ADDRESS, 0), &[advertise(100)]);
}
