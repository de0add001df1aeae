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
    CauseKey::Interface("x".into())
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}
