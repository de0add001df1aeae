use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::Run;

mod properties;

#[test]
fn every_source_but_an_interface_is_looked_at_at_once_and_in_rounds() {
    let sources = [gateway(), file(), interface()];
    let settings = Settings {
        sources: sources.map(|source| (source.clone(), Timing::of(&source))).into(),
        ..Settings::default()
    };
    let mut tracker = Tracker::new(at(0), &settings);
    let looks = [Output::Look(gateway()), Output::Look(file())];
    assert_eq!(tracker.handle(at(0), Event::Tick), looks);
    check(&mut tracker, 10, good(&file()), &[told(&file(), Reading::Good, "fine")]);
    check(&mut tracker, 20, good(&gateway()), &[told(&gateway(), Reading::Good, "fine")]);
    assert_eq!(tracker.deadline(), Some(at(1_000)));
    check(&mut tracker, 1_000, Event::Tick, &[Output::Look(gateway())]);
}

#[test]
fn a_gateway_is_bad_after_three_questions_without_an_answer_and_good_after_two_answers() {
    let mut tracker = with(&gateway());
    let look = || Output::Look(gateway());
    check(&mut tracker, 0, Event::Tick, &[look()]);
    check(&mut tracker, 2, good(&gateway()), &[told(&gateway(), Reading::Good, "fine")]);
    for millis in [1_000, 2_000, 3_000] {
        check(&mut tracker, millis, Event::Tick, &[look()]);
        assert_eq!(tracker.deadline(), Some(at(millis + 500)));
        let silent = told(&gateway(), Reading::Bad, "no answer within 500ms");
        let said = if millis == 3_000 { vec![silent] } else { vec![] };
        check(&mut tracker, millis + 500, Event::Tick, &said);
    }
    check(&mut tracker, 4_000, Event::Tick, &[look()]);
    check(&mut tracker, 4_001, good(&gateway()), &[]);
    assert_eq!(state(&tracker, &gateway()).detail, "fine; 1 of 2 to be believed good");
    check(&mut tracker, 5_000, Event::Tick, &[look()]);
    check(&mut tracker, 5_001, good(&gateway()), &[told(&gateway(), Reading::Good, "fine")]);
}

#[test]
fn one_lost_answer_is_nothing() {
    let mut tracker = with(&gateway());
    for millis in (0..20_000).step_by(1_000) {
        tracker.handle(at(millis), Event::Tick);
        let sample = if millis % 3_000 == 0 { bad(&gateway()) } else { good(&gateway()) };
        for output in tracker.handle(at(millis + 1), sample) {
            assert_eq!(output, told(&gateway(), Reading::Good, "fine"));
        }
    }
}

#[test]
fn a_link_is_down_at_once_and_up_when_that_has_lasted_a_second() {
    let mut tracker = with(&interface());
    check(&mut tracker, 0, Event::Tick, &[]);
    check(&mut tracker, 1, good(&interface()), &[told(&interface(), Reading::Good, "fine")]);
    check(&mut tracker, 60_000, bad(&interface()), &[told(&interface(), Reading::Bad, "broken")]);
    check(&mut tracker, 61_000, good(&interface()), &[]);
    assert_eq!(state(&tracker, &interface()).detail, "fine; believed good after 1s");
    assert_eq!(tracker.deadline(), Some(at(62_000)));
    check(&mut tracker, 61_500, bad(&interface()), &[]);
    check(&mut tracker, 61_600, good(&interface()), &[]);
    let up = told(&interface(), Reading::Good, "fine");
    check(&mut tracker, 62_600, Event::Tick, &[up]);
    assert_eq!(tracker.deadline(), None);
}

#[test]
fn a_link_that_flaps_must_be_up_for_longer_each_time() {
    // Down for half a second, up for 5 s, for an hour: not believed 650 times.
    let mut tracker = with(&interface());
    tracker.handle(at(0), good(&interface()));
    let mut changes = 0;
    let mut hour = (0..3_600_000_u64).step_by(5_500);
    assert!(hour.all(|begin| {
        changes += tracker.handle(at(begin), bad(&interface())).len();
        changes += tracker.handle(at(begin + 500), good(&interface())).len();
        while let Some(deadline) = tracker.deadline().filter(|at| *at < self::at(begin + 5_500)) {
            changes += tracker.handle(deadline, Event::Tick).len();
        }
        true
    }));
    // Down, up after 1, 2 and 4 s; 8 s without a fall do not come.
    assert_eq!(changes, 7);
    let state = state(&tracker, &interface());
    assert_eq!((state.reading, state.detail), (Some(Reading::Bad), believed_after("8s")));
}

#[test]
fn a_calm_time_makes_good_for_flaps() {
    let mut tracker = with(&interface());
    let mut run = |begin: u64, lasting: u64| {
        tracker.handle(at(begin), bad(&interface()));
        tracker.handle(at(begin + 100), good(&interface()));
        assert_eq!(tracker.deadline(), Some(at(begin + 100 + lasting)), "from {begin}");
        assert_eq!(tracker.handle(at(begin + 100 + lasting), Event::Tick).len(), 1);
    };
    run(0, 1_000);
    run(5_000, 2_000);
    run(50_000, 1_000);
}

#[test]
fn what_both_directors_see_is_not_damped() {
    let lasting = Run { lasting: Duration::from_secs(1), ..Run::of(1) };
    let timing = Timing { fall: Run::of(1), rise: lasting, ..Timing::of(&gateway()) };
    let mut tracker = with_timing(&gateway(), timing);
    tracker.handle(at(0), good(&gateway()));
    for begin in (10_000..60_000).step_by(5_000) {
        tracker.handle(at(begin), bad(&gateway()));
        tracker.handle(at(begin + 100), good(&gateway()));
        let up = told(&gateway(), Reading::Good, "fine");
        assert!(tracker.handle(at(begin + 1_100), Event::Tick).contains(&up), "from {begin}");
    }
}

#[test]
fn a_number_that_changes_is_told_at_once() {
    let mut tracker = with(&file());
    let number = |n| sample(&file(), Reading::Number(n), "a number");
    let said = |n| told(&file(), Reading::Number(n), "a number");
    check(&mut tracker, 0, number(3), &[said(3), Output::Look(file())]);
    check(&mut tracker, 10, number(4), &[said(4)]);
    check(&mut tracker, 20, number(4), &[]);
    check(&mut tracker, 30, number(0), &[said(0)]);
}

#[test]
fn a_file_that_seems_bad_is_read_again_soon() {
    let mut tracker = with(&file());
    tracker.handle(at(0), sample(&file(), Reading::Number(3), "3"));
    check(&mut tracker, 10, bad(&file()), &[]);
    assert_eq!(tracker.deadline(), Some(at(110)));
    check(&mut tracker, 110, Event::Tick, &[Output::Look(file())]);
    check(&mut tracker, 111, bad(&file()), &[told(&file(), Reading::Bad, "broken")]);
}

#[test]
fn before_the_first_answer_nothing_is_believed() {
    let mut tracker = with(&gateway());
    tracker.handle(at(0), Event::Tick);
    tracker.handle(at(1), bad(&gateway()));
    assert_eq!(state(&tracker, &gateway()).reading, None);
    check(&mut tracker, 2, good(&gateway()), &[told(&gateway(), Reading::Good, "fine")]);
}

#[test]
fn whoever_slept_looks_once() {
    let mut tracker = with(&gateway());
    tracker.handle(at(0), Event::Tick);
    tracker.handle(at(1), good(&gateway()));
    check(&mut tracker, 3_600_400, Event::Tick, &[Output::Look(gateway())]);
    tracker.handle(at(3_600_401), good(&gateway()));
    assert_eq!(tracker.deadline(), Some(at(3_601_400)));
}

#[test]
fn what_is_not_tracked_is_ignored() {
    let mut tracker = with(&gateway());
    tracker.handle(at(0), Event::Tick);
    check(&mut tracker, 1, bad(&file()), &[]);
}

#[test]
fn no_detection_is_slower_than_the_bound() {
    // Whenever the gateway falls silent or answers again between two questions.
    let bound = Timing::of(&gateway()).bound();
    for offset in (0..1_000).step_by(50) {
        let mut tracker = with(&gateway());
        let (dies, returns) = (at(5_000 + offset), at(15_000 + offset));
        let mut noticed = Vec::new();
        let mut open = None;
        for now in (0..30_000).step_by(10).map(at) {
            let alive = now < dies || now >= returns;
            let answer = open.take_if(|asked| alive && now > *asked).is_some();
            let event = if answer { good(&gateway()) } else { Event::Tick };
            for output in tracker.handle(now, event) {
                match output {
                    Output::Look(_) => open = Some(now),
                    Output::Reading { reading, .. } => noticed.push((now, reading)),
                }
            }
        }
        let [(_, Reading::Good), (down, Reading::Bad), (up, Reading::Good)] = noticed[..] else {
            panic!("{noticed:?}");
        };
        assert!(down.since(dies) <= bound && up.since(returns) <= bound, "{noticed:?}");
    }
}

#[test]
fn a_list_of_the_kernel_that_takes_long_says_nothing_bad() {
    let route = Source::Route(Ipv4Addr::UNSPECIFIED.into(), 0);
    let mut tracker = with(&route);
    check(&mut tracker, 0, Event::Tick, &[Output::Look(route.clone())]);
    check(&mut tracker, 9_999, Event::Tick, &[]);
    check(
        &mut tracker,
        10_000,
        good(&route),
        &[told(&route, Reading::Good, "fine"), Output::Look(route.clone())],
    );
}

#[test]
fn a_script_that_says_nothing_is_bad_after_its_timeout_and_a_grace() {
    let script = Source::Script("probe".into());
    let mut tracker = with(&script);
    check(&mut tracker, 0, Event::Tick, &[Output::Look(script.clone())]);
    assert_eq!(tracker.deadline(), Some(at(4_500)));
    check(&mut tracker, 4_500, Event::Tick, &[]);
    assert!(state(&tracker, &script).detail.starts_with("no answer within 4s"));
}

// --- helpers ---

fn check(tracker: &mut Tracker, millis: u64, event: Event, want: &[Output]) {
    assert_eq!(tracker.handle(at(millis), event), want, "at {millis} ms");
}

fn with(source: &Source) -> Tracker {
    with_timing(source, Timing::of(source))
}

fn with_timing(source: &Source, timing: Timing) -> Tracker {
    let sources = [(source.clone(), timing)].into();
    Tracker::new(at(0), &Settings { sources, ..Settings::default() })
}

fn state(tracker: &Tracker, of: &Source) -> State {
    tracker.states().find(|(source, _)| *source == of).unwrap().1
}

fn believed_after(lasting: &str) -> String {
    format!("fine; believed good after {lasting}")
}

fn gateway() -> Source {
    Source::Gateway(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), "eth0".into())
}

fn file() -> Source {
    Source::File("/run/load".into())
}

fn interface() -> Source {
    Source::Interface("eth1".into())
}

fn good(source: &Source) -> Event {
    sample(source, Reading::Good, "fine")
}

fn bad(source: &Source) -> Event {
    sample(source, Reading::Bad, "broken")
}

fn sample(source: &Source, reading: Reading, why: &str) -> Event {
    Event::Sample(source.clone(), Sample { reading, why: why.into() })
}

fn told(source: &Source, reading: Reading, why: &str) -> Output {
    Output::Reading { source: source.clone(), reading, why: why.into() }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}
