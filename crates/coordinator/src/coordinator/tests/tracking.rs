//! What facts about this machine do: weights, numbers, faults, holds, and the wait for the first
//! reading.

use super::*;

const HOLD: Duration = Duration::from_secs(4);

#[test]
fn a_bad_source_weighs_until_it_is_good() {
    let mut c = started_with(weighs(process(), -20, None));
    check(&mut c, 10, bad(process()), &effects(130, 150, &[(process(), -20)]));
    check(&mut c, 20, bad(process()), &[]);
    check(&mut c, 30, good(process()), &effects(150, 130, &[]));
}

#[test]
fn a_number_is_multiplied_with_its_weight() {
    let mut c = started_with(weighs(file(), -2, None));
    check(&mut c, 10, number(10), &effects(130, 150, &[(file(), -20)]));
    check(&mut c, 20, number(15), &effects(120, 130, &[(file(), -30)]));
    check(&mut c, 30, number(-5), &effects(160, 120, &[(file(), 10)]));
    // An absent or unreadable file is as bad as a 1.
    check(&mut c, 40, bad(file()), &effects(148, 160, &[(file(), -2)]));
    check(&mut c, 50, number(0), &effects(150, 148, &[]));
}

#[test]
fn numbers_beyond_all_measure_stop_at_the_ends() {
    let mut c = started_with(weighs(file(), -2, None));
    check(&mut c, 10, number(i32::MAX), &effects(1, 150, &[(file(), i32::MIN)]));
    check(&mut c, 20, number(i32::MIN), &effects(254, 1, &[(file(), i32::MAX)]));
}

#[test]
fn an_unknown_reading_is_no_cause() {
    let mut c = started_with(weighs(gateway(), -60, None));
    assert!(c.score(ROUTER).unwrap().causes.is_empty());
    check(&mut c, 60_000, Event::Tick, &[]);
}

#[test]
fn a_fault_is_said_once_and_cleared_once() {
    let mut c = started_with(fault(process()));
    let said = |fault| [Effect::Fault(ROUTER, fault)];
    check(&mut c, 10, bad(process()), &said(Fault::Present));
    check(&mut c, 20, bad(process()), &[]);
    check(&mut c, 30, Event::Tick, &[]);
    check(&mut c, 40, good(process()), &said(Fault::Clear));
    check(&mut c, 50, good(process()), &[]);
    assert!(c.score(ROUTER).unwrap().causes.is_empty());
}

#[test]
fn two_faults_clear_with_the_last() {
    let mut c = started_under(vec![fault(process()), fault(file())]);
    check(&mut c, 10, bad(process()), &[Effect::Fault(ROUTER, Fault::Present)]);
    check(&mut c, 20, number(7), &[]);
    check(&mut c, 30, good(process()), &[]);
    check(&mut c, 40, number(0), &[Effect::Fault(ROUTER, Fault::Clear)]);
}

#[test]
fn a_fault_heard_before_the_start_is_said_with_it() {
    let mut c = without_pools(vec![fault(process())]);
    check(&mut c, 0, bad(process()), &[]);
    let want = Effect::Want { revision: 1, changed: BTreeMap::new() };
    let effects =
        [want, priority(150), Effect::Fault(ROUTER, Fault::Present), Effect::Ready(ROUTER)];
    check(&mut c, 10, started(&[]), &effects);
}

#[test]
fn one_source_may_be_a_weight_here_and_a_fault_there() {
    let other = RouterId(2);
    let mut settings = Settings { pools: BTreeMap::new(), ..settings() };
    let mut policy = settings.routers[&ROUTER].clone();
    settings.routers.get_mut(&ROUTER).unwrap().track = vec![weighs(process(), -20, None)];
    policy.track = vec![fault(process())];
    settings.routers.insert(other, policy);
    let mut c = Coordinator::new(settings);
    c.handle(at(0), good(process()));
    c.handle(at(0), started(&[]));
    let mut want = effects(130, 150, &[(process(), -20)]).to_vec();
    want.push(Effect::Fault(other, Fault::Present));
    check(&mut c, 10, bad(process()), &want);
}

#[test]
fn the_active_holds_a_lost_gateway_and_a_backup_does_not() {
    let mut c = started_with(weighs(gateway(), -60, Some(HOLD)));
    c.handle(at(5), good(gateway()));
    check(&mut c, 10, bad(gateway()), &effects(90, 150, &[(gateway(), -60)]));
    c.handle(at(20), role(Role::Active));
    // It rises at once while Active, and falls only when the other had time to see it too.
    check(&mut c, 30, good(gateway()), &effects(150, 90, &[]));
    check(&mut c, 40, bad(gateway()), &[]);
    assert_eq!(c.deadline(), Some(at(4_040)));
    check(&mut c, 4_040, Event::Tick, &effects(90, 150, &[(gateway(), -60)]));
}

#[test]
fn a_gateway_both_lose_moves_nothing_and_one_that_one_loses_does() {
    for (a, b) in (0..=16).flat_map(|a| (0..=16).map(move |b| (a * 250, b * 250))) {
        let mut active = started_with(weighs(gateway(), -60, Some(HOLD)));
        active.handle(at(0), role(Role::Active));
        let mut backup = started_with(weighs(gateway(), -60, Some(HOLD)));
        let above = |active: &Coordinator, backup: &Coordinator| {
            // The Backup has 50 less by its base.
            let [a, b] = [active, backup].map(|c| c.score(ROUTER).unwrap().priority().get());
            i16::from(a) > i16::from(b) - 50
        };
        for millis in (0..20_000).step_by(250) {
            for (c, delay) in [(&mut backup, b), (&mut active, a)] {
                c.handle(at(millis), Event::Tick);
                if millis == 1_000 + delay {
                    c.handle(at(millis), bad(gateway()));
                }
                if millis == 10_000 + delay {
                    c.handle(at(millis), good(gateway()));
                }
            }
            assert!(above(&active, &backup), "at {millis} ms, {a} {b}");
        }
        active.handle(at(30_000), bad(gateway()));
        active.handle(at(34_000), Event::Tick);
        assert!(!above(&active, &backup), "a one-sided loss moves");
    }
}

#[test]
fn the_first_claim_waits_for_every_first_reading() {
    let mut c = without_pools(vec![weighs(gateway(), -60, Some(HOLD)), fault(process())]);
    let want = Effect::Want { revision: 1, changed: BTreeMap::new() };
    check(&mut c, 0, started(&[]), &[want, priority(150)]);
    check(&mut c, 10, good(process()), &[]);
    let mut said = effects(90, 150, &[(gateway(), -60)]).to_vec();
    said.push(Effect::Ready(ROUTER));
    check(&mut c, 3_500, bad(gateway()), &said);
    check(&mut c, 3_600, bad(gateway()), &[]);
}

// --- helpers ---

/// Started, not Active, with this track and nothing heard.
fn started_with(track: Track) -> Coordinator {
    started_under(vec![track])
}

fn started_under(track: Vec<Track>) -> Coordinator {
    let sources = track.iter().map(|track| track.source.clone()).collect::<Vec<_>>();
    let mut c = without_pools(track);
    c.handle(at(0), started(&[]));
    if sources != [gateway()] {
        sources.into_iter().for_each(|source| drop(c.handle(at(1), good(source))));
    }
    c
}

fn effects(to: u8, from: u8, causes: &[(Source, i32)]) -> [Effect; 2] {
    let causes = causes.iter().map(|(source, value)| (CauseKey::Tracked(source.clone()), *value));
    [priority(to), moved_for(from, to, causes.collect())]
}

fn fault(source: Source) -> Track {
    Track { source, impact: Impact::Fault, hold: None }
}

fn good(source: Source) -> Event {
    tracked(source, Reading::Good)
}

fn bad(source: Source) -> Event {
    tracked(source, Reading::Bad)
}

fn number(value: i32) -> Event {
    tracked(file(), Reading::Number(value))
}

fn process() -> Source {
    Source::Process("bird".into())
}

fn file() -> Source {
    Source::File("/run/load".into())
}

fn gateway() -> Source {
    Source::Gateway(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), "eth0".into())
}
