use std::net::SocketAddr;

use clock::Duration;

use super::*;
use crate::{Failure, Question, Timing};

#[test]
fn first_rounds_are_spread_over_one_interval() {
    let mut schedule = Schedule::default();
    let mut tenths = [0; 10];
    for number in 0..1_000 {
        schedule.handle(Instant::ZERO, Event::Set(CheckId(number), check()));
    }
    while let Some(at) = schedule.deadline().filter(|at| *at < Instant::from_millis(1_000)) {
        let asked = run_to(&mut schedule, at);
        tenths[usize::try_from(at.as_millis() / 100).unwrap()] += asked.len();
    }
    assert_eq!(tenths.iter().sum::<usize>(), 1_000);
    assert!(tenths.iter().all(|asked| (50..150).contains(asked)), "{tenths:?}");
}

#[test]
fn starts_lie_an_interval_and_at_most_a_tenth_apart_however_late_we_are() {
    let (mut schedule, first) = started();
    let mut due = first;
    for round in 1..200 {
        let late = Duration::from_millis(round % 7 * 100);
        assert_eq!(schedule.handle(due + late, Event::Tick), [ask(round)]);
        schedule.handle(due + late, answered(round, Outcome::Pass));
        let next = schedule.deadline().unwrap();
        let step = next.since(due);
        assert!(step >= SECOND && step < SECOND + SECOND / 10, "round {round}: {step:?}");
        due = next;
    }
}

#[test]
fn jitter_differs_from_round_to_round() {
    let (mut schedule, first) = started();
    let steps: std::collections::BTreeSet<_> = (1..20)
        .scan(first, |due, round| {
            schedule.handle(*due, Event::Tick);
            schedule.handle(*due, answered(round, Outcome::Pass));
            let next = schedule.deadline().unwrap();
            let step = next.since(*due);
            *due = next;
            Some(step)
        })
        .collect();
    assert!(steps.len() > 10, "{steps:?}");
}

#[test]
fn whole_intervals_of_lateness_are_skipped_not_made_up_for() {
    let (mut schedule, first) = started();
    let late = first + Duration::from_secs(100);
    assert_eq!(schedule.handle(late, Event::Tick), [ask(1)]);
    assert_eq!(schedule.handle(late, answered(1, Outcome::Pass)), [up()]);
    let next = schedule.deadline().unwrap();
    assert!(next > late && next <= late + SECOND, "{next:?}");
    assert!((99..=100).contains(&schedule.skipped()), "{}", schedule.skipped());
}

#[test]
fn a_question_waits_for_the_answer_before_it() {
    let (mut schedule, first) = started();
    assert_eq!(schedule.handle(first, Event::Tick), [ask(1)]);
    // The timeout is 500 ms, so a second later still than that the question counts as lost.
    let give_up = first + Duration::from_millis(1_500);
    assert_eq!(schedule.deadline(), Some(give_up));
    assert_eq!(schedule.handle(give_up - NANO, Event::Tick), []);
    let outputs = schedule.handle(give_up, Event::Tick);
    assert_eq!(outputs, [Output::Impaired(ID, Internal::Lost), ask(2)]);
    assert_eq!(schedule.handle(give_up, answered(1, REFUSED)), []);
}

#[test]
fn an_answer_beyond_the_grace_is_lost_even_if_we_see_it_before_the_tick() {
    let (mut schedule, first) = started();
    schedule.handle(first, Event::Tick);
    let outputs = schedule.handle(first + SECOND * 2, answered(1, REFUSED));
    assert_eq!(outputs, [Output::Impaired(ID, Internal::Lost), ask(2)]);
    assert_eq!(schedule.state(ID).unwrap().verdict, None);
}

#[test]
fn the_first_answer_of_an_unknown_server_is_a_verdict() {
    check_run(None, &[Outcome::Pass], &[up()]);
    check_run(None, &[REFUSED], &[down(REFUSED)]);
    check_run(None, &[OURS, REFUSED], &[impaired(), down(REFUSED)]);
}

#[test]
fn verdicts_turn_when_an_answer_repeated_often_enough() {
    let silent = Outcome::Fail(Failure::TimeoutRead);
    check_run(Some(Verdict::Up), &[REFUSED, REFUSED], &[]);
    check_run(Some(Verdict::Up), &[REFUSED, REFUSED, silent], &[down(silent)]);
    check_run(Some(Verdict::Up), &[REFUSED, REFUSED, Outcome::Pass, REFUSED, REFUSED], &[]);
    check_run(Some(Verdict::Down), &[Outcome::Pass], &[]);
    check_run(Some(Verdict::Down), &[Outcome::Pass, Outcome::Pass], &[up()]);
    check_run(Some(Verdict::Down), &[Outcome::Pass, REFUSED, Outcome::Pass], &[]);
}

#[test]
fn our_own_failures_change_nothing_and_are_told_once_a_series() {
    check_run(Some(Verdict::Up), &[OURS; 9], &[impaired()]);
    check_run(Some(Verdict::Up), &[REFUSED, REFUSED, OURS, REFUSED], &[impaired(), down(REFUSED)]);
    check_run(Some(Verdict::Up), &[OURS, Outcome::Pass, OURS], &[impaired(), impaired()]);
    check_run(Some(Verdict::Down), &[Outcome::Pass, OURS, Outcome::Pass], &[impaired(), up()]);
}

#[test]
fn an_assumption_does_not_overrule_an_answer() {
    let (mut schedule, first) = started();
    schedule.handle(first, Event::Tick);
    assert_eq!(schedule.handle(first, answered(1, REFUSED)), [down(REFUSED)]);
    schedule.handle(first, Event::Assume(ID, Verdict::Up));
    assert_eq!(schedule.state(ID).unwrap().verdict, Some((Verdict::Down, first)));
    assert_eq!(schedule.handle(first, Event::Assume(CheckId(9), Verdict::Up)), []);
}

#[test]
fn unchanged_settings_change_nothing() {
    let (mut schedule, first) = started();
    schedule.handle(first, Event::Tick);
    schedule.handle(first, answered(1, Outcome::Pass));
    let before = (schedule.deadline(), *schedule.state(ID).unwrap());
    assert_eq!(schedule.handle(first + MILLI, Event::Set(ID, check())), []);
    assert_eq!((schedule.deadline(), *schedule.state(ID).unwrap()), before);
}

#[test]
fn other_timing_keeps_the_run_and_asks_within_the_new_interval() {
    let (mut schedule, first) = failed_twice();
    let quick = Timing { interval: SECOND / 10, timeout: SECOND / 10, ..timing() };
    assert_eq!(schedule.handle(first, Event::Set(ID, Check { timing: quick, ..check() })), []);
    let next = schedule.deadline().unwrap();
    assert!(next <= first + SECOND / 10, "{next:?}");
    assert_eq!(schedule.handle(next, Event::Tick), [ask(3)]);
    assert_eq!(schedule.handle(next, answered(3, REFUSED)), [down(REFUSED)]);
    assert!(schedule.deadline().unwrap().since(next) < SECOND / 5);
}

#[test]
fn a_longer_interval_does_not_put_off_the_round_that_is_due() {
    let (mut schedule, first) = started();
    let slow = Timing { interval: SECOND * 600, ..timing() };
    schedule.handle(Instant::ZERO, Event::Set(ID, Check { timing: slow, ..check() }));
    assert_eq!(schedule.deadline(), Some(first));
}

#[test]
fn another_target_keeps_the_verdict_and_begins_a_new_run() {
    let (mut schedule, now) = failed_twice();
    let due = schedule.deadline().unwrap();
    assert_eq!(schedule.handle(due, Event::Tick), [ask(3)]);
    let moved = Check { target: SocketAddr::from(([192, 0, 2, 2], 80)), ..check() };
    assert_eq!(schedule.handle(due, Event::Set(ID, moved)), []);
    assert_eq!(schedule.handle(due, answered(3, REFUSED)), [], "the old target's answer");
    let state = schedule.state(ID).unwrap();
    assert_eq!((state.verdict.unwrap().0, state.failures), (Verdict::Up, 0), "since {now:?}");
    for (round, expected) in [(4, vec![]), (5, vec![]), (6, vec![down(REFUSED)])] {
        let due = schedule.deadline().unwrap();
        assert_eq!(schedule.handle(due, Event::Tick), [ask(round)]);
        assert_eq!(schedule.handle(due, answered(round, REFUSED)), expected);
    }
}

#[test]
fn a_removed_check_is_neither_asked_nor_heard() {
    for asked in [false, true] {
        let (mut schedule, first) = started();
        if asked {
            schedule.handle(first, Event::Tick);
        }
        assert_eq!(schedule.handle(first - NANO, Event::Remove(ID)), []);
        assert_eq!(schedule.deadline(), None);
        assert_eq!(schedule.handle(first, answered(1, REFUSED)), []);
        assert_eq!((schedule.check(ID), schedule.state(ID)), (None, None));
    }
}

#[test]
fn beyond_the_limit_the_longest_waiting_go_first() {
    let mut schedule = Schedule::with_limit(NonZeroUsize::new(2).unwrap());
    for number in 0..5 {
        schedule.handle(Instant::ZERO, Event::Set(CheckId(number), check()));
    }
    let mut order = Schedule::default();
    for number in 0..5 {
        order.handle(Instant::ZERO, Event::Set(CheckId(number), check()));
    }
    let due: Vec<_> =
        std::iter::from_fn(|| order.deadline().map(|at| run_to(&mut order, at))).take(5).collect();
    let due: Vec<_> = due.into_iter().flatten().collect();

    let late = Instant::from_millis(1_000);
    let mut asked = questions(&schedule.handle(late, Event::Tick));
    assert_eq!(asked, due[..2]);
    assert!(schedule.deadline().unwrap() > late, "no spinning while nothing can be asked");
    for turn in 0..3 {
        let answer = Event::Answered { check: asked[turn], round: 1, outcome: Outcome::Pass };
        asked.extend(questions(&schedule.handle(late, answer)));
    }
    assert_eq!(asked, due);
}

#[test]
fn a_zero_interval_does_not_spin() {
    let mut schedule = Schedule::default();
    let zero = Timing { interval: Duration::ZERO, timeout: Duration::ZERO, fall: 0, rise: 0 };
    schedule.handle(Instant::ZERO, Event::Set(ID, Check { timing: zero, ..check() }));
    let due = schedule.deadline().unwrap();
    schedule.handle(due, Event::Tick);
    schedule.handle(due, answered(1, REFUSED));
    assert!(schedule.deadline().unwrap() > due);
}

/// Judges these outcomes, an interval apart; compares all that is said but the questions.
fn check_run(assumed: Option<Verdict>, outcomes: &[Outcome], expected: &[Output]) {
    let (mut schedule, _) = started();
    if let Some(verdict) = assumed {
        assert_eq!(schedule.handle(Instant::ZERO, Event::Assume(ID, verdict)), []);
    }
    let mut said = Vec::new();
    for (round, outcome) in (1..).zip(outcomes) {
        let due = schedule.deadline().unwrap();
        assert_eq!(schedule.handle(due, Event::Tick), [ask(round)]);
        said.extend(schedule.handle(due + MILLI, answered(round, *outcome)));
        assert_eq!(schedule.state(ID).unwrap().last, Some((*outcome, due + MILLI)));
    }
    assert_eq!(said, expected, "{assumed:?} {outcomes:?}");
}

/// One check, and when its first round is due.
fn started() -> (Schedule, Instant) {
    let mut schedule = Schedule::default();
    assert_eq!(schedule.handle(Instant::ZERO, Event::Set(ID, check())), []);
    let first = schedule.deadline().unwrap();
    (schedule, first)
}

/// One check that is Up and one failure away from Down.
fn failed_twice() -> (Schedule, Instant) {
    let (mut schedule, mut due) = started();
    schedule.handle(Instant::ZERO, Event::Assume(ID, Verdict::Up));
    for round in 1..=2 {
        due = schedule.deadline().unwrap();
        schedule.handle(due, Event::Tick);
        assert_eq!(schedule.handle(due, answered(round, REFUSED)), []);
    }
    (schedule, due)
}

/// Ticks at a moment and answers all that is asked there.
fn run_to(schedule: &mut Schedule, at: Instant) -> Vec<CheckId> {
    let asked = questions(&schedule.handle(at, Event::Tick));
    for id in &asked {
        let answer = Event::Answered { check: *id, round: 1, outcome: Outcome::Pass };
        schedule.handle(at, answer);
    }
    asked
}

fn questions(outputs: &[Output]) -> Vec<CheckId> {
    let question = |output: &Output| match output {
        Output::Ask { check, .. } => Some(*check),
        Output::Verdict { .. } | Output::Impaired(..) => None,
    };
    outputs.iter().filter_map(question).collect()
}

fn check() -> Check {
    Check {
        target: SocketAddr::from(([192, 0, 2, 1], 80)),
        question: Question::Tcp,
        timing: timing(),
    }
}

fn timing() -> Timing {
    Timing { interval: SECOND, timeout: SECOND / 2, fall: 3, rise: 2 }
}

fn ask(round: u64) -> Output {
    Output::Ask { check: ID, round }
}

fn answered(round: u64, outcome: Outcome) -> Event {
    Event::Answered { check: ID, round, outcome }
}

fn up() -> Output {
    Output::Verdict { check: ID, verdict: Verdict::Up, why: Outcome::Pass }
}

fn down(why: Outcome) -> Output {
    Output::Verdict { check: ID, verdict: Verdict::Down, why }
}

fn impaired() -> Output {
    Output::Impaired(ID, Internal::Descriptors)
}

const ID: CheckId = CheckId(1);
const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
const NANO: Duration = Duration::from_nanos(1);
const REFUSED: Outcome = Outcome::Fail(Failure::Refused);
const OURS: Outcome = Outcome::Internal(Internal::Descriptors);
