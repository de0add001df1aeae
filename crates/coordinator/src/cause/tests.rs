use super::*;

const HOLD: Duration = Duration::from_secs(3);

#[test]
fn the_active_holds_a_fall_and_takes_a_rise_at_once() {
    let mut score = score();
    check(&mut score, 0, Role::Active, true, (150, Some(3_000)));
    check(&mut score, 2_999, Role::Active, true, (150, Some(3_000)));
    check(&mut score, 3_000, Role::Active, true, (90, None));
    check(&mut score, 9_000, Role::Active, false, (150, None));
}

#[test]
fn the_backup_takes_a_fall_at_once_and_holds_a_rise() {
    let mut score = score();
    check(&mut score, 0, Role::Backup, true, (90, None));
    check(&mut score, 5_000, Role::Backup, false, (90, Some(8_000)));
    check(&mut score, 8_000, Role::Backup, false, (150, None));
}

#[test]
fn a_change_of_role_frees_what_is_harmless_now() {
    let mut score = score();
    check(&mut score, 0, Role::Active, true, (150, Some(3_000)));
    check(&mut score, 10, Role::Backup, true, (90, None));
    check(&mut score, 20, Role::Backup, false, (90, Some(3_020)));
    check(&mut score, 30, Role::Active, false, (150, None));
}

#[test]
fn a_flutter_shorter_than_the_hold_never_counts() {
    let mut score = score();
    check(&mut score, 0, Role::Active, true, (150, Some(3_000)));
    check(&mut score, 100, Role::Active, false, (150, None));
    check(&mut score, 200, Role::Active, true, (150, Some(3_200)));
}

#[test]
fn a_bonus_is_held_the_other_way_round() {
    let bonus = |holds| Truth { holds, value: 50, hold: Some(HOLD) };
    let mut score = score();
    score.learn(at(0), Role::Active, key(), bonus(true));
    assert_eq!(score.priority().get(), 200);
    score.learn(at(10), Role::Active, key(), bonus(false));
    assert_eq!((score.priority().get(), score.deadline()), (200, Some(at(3_010))));
}

#[test]
fn what_is_never_held_counts_both_ways_at_once() {
    let link = |holds| Truth { holds, value: -60, hold: None };
    for role in [Role::Active, Role::Backup] {
        let mut score = score();
        score.learn(at(0), role, key(), link(true));
        assert_eq!(score.priority().get(), 90);
        score.learn(at(1), role, key(), link(false));
        assert_eq!(score.priority().get(), 150);
    }
}

#[test]
fn two_directors_that_notice_within_a_hold_never_cross() {
    // Every offset of a loss and of a recovery, in steps of 250 ms, both ways round.
    for (a, b) in (0..=12).flat_map(|a| (0..=12).map(move |b| (a * 250, b * 250))) {
        let (mut active, mut backup) = (score(), Score::new(prio(100)));
        for millis in (0..20_000).step_by(250) {
            let lost = |noticed: u64| (noticed..10_000 + noticed).contains(&millis);
            // At the very edge of the bound both change in one moment; the Backup's is inside.
            check_only(&mut backup, millis, Role::Backup, lost(b));
            check_only(&mut active, millis, Role::Active, lost(a));
            assert!(active.priority() > backup.priority(), "at {millis} ms, {a} {b}");
        }
    }
}

#[test]
fn a_priority_stays_within_what_can_be_configured() {
    let mut score = score();
    let heavy = Truth { holds: true, value: -500, hold: None };
    score.learn(at(0), Role::Active, key(), heavy);
    assert_eq!(score.priority(), Priority::MIN);
}

#[test]
fn heavy_causes_sum_without_wrapping() {
    let mut score = score();
    for name in ["x", "y", "z"] {
        let key = CauseKey::Tracked(Source::File(name.into()));
        let heavy = Truth { holds: true, value: i32::MIN, hold: None };
        score.learn(at(0), Role::Backup, key, heavy);
    }
    assert_eq!(score.priority(), Priority::MIN);
    let bonus = Truth { holds: true, value: i32::MAX, hold: None };
    score.causes.clear();
    for name in ["x", "y"] {
        score.learn(at(0), Role::Backup, CauseKey::Tracked(Source::File(name.into())), bonus);
    }
    assert_eq!(score.priority(), Priority::MAX);
}

#[test]
fn an_owner_is_one_whatever_its_causes() {
    let mut score = Score::new(Priority::OWNER);
    let truth = Truth { holds: true, value: -60, hold: None };
    score.learn(at(0), Role::Active, key(), truth);
    assert_eq!(score.priority(), Priority::OWNER);
}

#[test]
fn a_number_that_changes_while_it_counts_changes_the_priority_at_once() {
    let mut score = score();
    let number = |value| Truth { holds: value != 0, value, hold: None };
    for (millis, value, want) in [(0, -10, 140), (10, -30, 120), (20, -5, 145), (30, 0, 150)] {
        score.learn(at(millis), Role::Active, key(), number(value));
        assert_eq!(score.priority().get(), want);
        assert!(score.causes.get(&key()).is_none_or(|cause| cause.since == at(0)));
    }
    assert!(score.causes.is_empty());
}

#[test]
fn a_held_number_takes_effect_as_far_as_it_was_true_all_the_time() {
    let mut score = score();
    // (at, number, priority, end of the hold)
    let steps = [
        (0, -30, 150, Some(3_000)),
        (1_000, -60, 150, Some(3_000)),
        // The -60 is only 2 s old: the other director may not have seen it yet.
        (3_000, -60, 120, Some(6_000)),
        (4_000, -40, 120, Some(6_000)),
        (6_000, -40, 110, None),
        (7_000, -90, 110, Some(10_000)),
        // Upwards counts at once, and drops what waited.
        (8_000, -20, 130, None),
        (9_000, -20, 130, None),
    ];
    for (millis, value, priority, held) in steps {
        let number = Truth { holds: value != 0, value, hold: Some(HOLD) };
        score.learn(at(millis), Role::Active, key(), number);
        let found = (score.priority().get(), score.deadline());
        assert_eq!(found, (priority, held.map(at)), "at {millis} ms");
    }
}

#[test]
fn a_held_rise_of_a_backup_begins_anew_when_it_turns_round() {
    let mut score = score();
    let number = |value| Truth { holds: value != 0, value, hold: Some(HOLD) };
    score.learn(at(0), Role::Active, key(), number(-60));
    assert_eq!((score.priority().get(), score.deadline()), (150, Some(at(3_000))));
    // In one step a Backup, and with a bonus: nothing of the old hold is left.
    score.learn(at(2_900), Role::Backup, key(), number(20));
    assert_eq!((score.priority().get(), score.deadline()), (150, Some(at(5_900))));
}

#[test]
fn two_directors_whose_numbers_change_within_a_hold_never_cross() {
    // Both read the same series of numbers, each with its own delay of up to a hold.
    let series = [(0, 0), (4_000, -30), (5_000, -60), (9_000, -10), (12_000, -45), (20_000, 0)];
    let heard = |millis: u64, delay: u64| {
        let known = series.iter().rev().find(|(at, _)| at + delay <= millis);
        known.map_or(0, |(_, value)| *value)
    };
    for (a, b) in (0..=12).flat_map(|a| (0..=12).map(move |b| (a * 250, b * 250))) {
        let (mut active, mut backup) = (score(), Score::new(prio(100)));
        for millis in (0..40_000).step_by(250) {
            let number = |delay| {
                let value = heard(millis, delay);
                Truth { holds: value != 0, value, hold: Some(HOLD) }
            };
            backup.learn(at(millis), Role::Backup, key(), number(b));
            active.learn(at(millis), Role::Active, key(), number(a));
            assert!(active.priority() > backup.priority(), "at {millis} ms, {a} {b}");
        }
        assert_eq!((active.priority().get(), backup.priority().get()), (150, 100));
    }
}

// --- helpers ---

/// Learns a quorum of -60 under a hold of 3 s; expects priority and deadline.
fn check(score: &mut Score, millis: u64, role: Role, holds: bool, want: (u8, Option<u64>)) {
    check_only(score, millis, role, holds);
    assert_eq!((score.priority().get(), score.deadline()), (want.0, want.1.map(at)));
}

fn check_only(score: &mut Score, millis: u64, role: Role, holds: bool) {
    score.learn(at(millis), role, key(), Truth { holds, value: -60, hold: Some(HOLD) });
}

fn score() -> Score {
    Score::new(prio(150))
}

fn prio(value: u8) -> Priority {
    Priority::new(value).unwrap()
}

fn key() -> CauseKey {
    CauseKey::Tracked(Source::Interface("x".into()))
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}
