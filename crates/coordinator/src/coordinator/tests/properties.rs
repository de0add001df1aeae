//! What holds after any sequence of events.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn levels_follow_from_state_alone(steps in prop::collection::vec((0..2_000_u64, event()), 1..80)) {
        let mut c = Coordinator::new(tracking());
        let mut told = Told::default();
        let mut now = at(0);
        for (millis, event) in steps {
            now = now + Duration::from_millis(millis);
            told.take(c.handle(now, event));
            told.take(c.handle(now, Event::Tick));
            check_levels(&c, &told, now);
        }
    }
}

/// What the other machines have been told.
#[derive(Default)]
struct Told {
    priority: Option<Priority>,
    fault: Option<Fault>,
    ready: u32,
    revision: u64,
    table: Table,
}

impl Told {
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Priority(_, priority) => {
                    assert_ne!(self.priority.replace(priority), Some(priority));
                }
                Effect::Fault(_, fault) => {
                    let before = self.fault.replace(fault);
                    assert_ne!(before.unwrap_or(Fault::Clear), fault);
                }
                Effect::Ready(_) => self.ready += 1,
                Effect::Want { revision, changed } => {
                    assert_eq!(revision, self.revision + 1);
                    self.revision = revision;
                    for (key, service) in changed {
                        assert_ne!(self.table.get(&key), service.as_ref());
                        match service {
                            Some(service) => drop(self.table.insert(key, service)),
                            None => drop(self.table.remove(&key)),
                        }
                    }
                }
                Effect::Assume(..) | Effect::Notice(_) => {}
            }
        }
    }
}

fn check_levels(c: &Coordinator, told: &Told, now: Instant) {
    let score = c.score(ROUTER).unwrap();
    let sum: i32 = score.causes.values().filter(|c| c.counts).map(|c| c.value).sum();
    assert_eq!(i32::from(score.priority().get()), (150 + sum).clamp(1, 254));
    assert!(c.deadline().is_none_or(|deadline| deadline > now));
    assert!(told.ready <= 1);
    if c.phase == Phase::New {
        return;
    }
    assert_eq!(told.priority, Some(score.priority()));
    assert_eq!(&told.table, c.wanted());
    let takes = |n| c.belief(key(), server_key(n)).unwrap().takes_traffic();
    assert_eq!(c.wanted(), &table(&[1, 2].into_iter().filter(|n| takes(*n)).collect::<Vec<u8>>()));
    // A cause that does not count as it should waits, and will.
    let (_, lost) = c.quorum(key()).unwrap();
    let cause = score.causes.get(&CauseKey::Quorum(key()));
    assert_eq!(
        cause.is_some_and(|c| c.counts) == lost,
        cause.is_none_or(|c| c.held_until.is_none())
    );
    // What is never held is worth at once what it says.
    for (source, weight) in [(eth1(), -60), (file(), 7)] {
        let cause = score.causes.get(&CauseKey::Tracked(source.clone()));
        let counts = cause.filter(|c| c.counts).map_or(0, |c| c.value);
        assert_eq!(counts, worth(c, &source, weight));
    }
    // What is held is worth what it says, or waits for a moment to come.
    let cause = score.causes.get(&CauseKey::Tracked(gateway()));
    let counts = cause.filter(|c| c.counts).map_or(0, |c| c.value);
    let waits = cause.and_then(|c| c.held_until);
    assert_eq!(counts != worth(c, &gateway(), -40), waits.is_some());
    assert!(waits.is_none_or(|until| until > now && until <= now + Duration::from_secs(4)));
    // A fault is said while some faulty source is bad, and at no other time.
    let faulty = [bad_file(), Source::Process("bird".into())];
    let faulty = faulty.iter().any(|source| worth(c, source, 1) != 0);
    assert_eq!(told.fault == Some(Fault::Present), faulty);
}

fn event() -> impl Strategy<Value = Event> {
    let roles = prop::sample::select(vec![Role::Init, Role::Backup, Role::Active, Role::Leaving]);
    prop_oneof![
        1 => prop::sample::select(vec![vec![], vec![1], vec![1, 2]]).prop_map(|s| started(&s)),
        4 => (1..=3_u32).prop_map(up),
        4 => (1..=3_u32).prop_map(down),
        2 => roles.prop_map(role),
        6 => (source(), reading()).prop_map(|(source, reading)| tracked(source, reading)),
        2 => (0..9_u64).prop_map(Event::Applied),
        1 => Just(Event::Tick),
    ]
}

/// What a reading makes of a weight, said once more.
fn worth(c: &Coordinator, source: &Source, weight: i32) -> i32 {
    match c.readings.get(source) {
        None | Some(Reading::Good) => 0,
        Some(Reading::Bad) => weight,
        Some(Reading::Number(n)) => n * weight,
    }
}

/// The settings of the tables, and a source of each kind of impact more.
fn tracking() -> Settings {
    let mut settings = settings();
    let fault = |source| Track { source, impact: Impact::Fault, hold: None };
    settings.routers.get_mut(&ROUTER).unwrap().track.extend([
        weighs(file(), 7, None),
        weighs(gateway(), -40, Some(Duration::from_secs(4))),
        fault(bad_file()),
        fault(Source::Process("bird".into())),
    ]);
    settings
}

fn source() -> impl Strategy<Value = Source> {
    let process = Source::Process("bird".into());
    let untracked = Source::Script("none".into());
    prop::sample::select(vec![eth1(), file(), gateway(), bad_file(), process, untracked])
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![Just(Reading::Good), Just(Reading::Bad), (-20..20_i32).prop_map(Reading::Number),]
}

fn file() -> Source {
    Source::File("/run/load".into())
}

fn bad_file() -> Source {
    Source::File("/run/fault".into())
}

fn gateway() -> Source {
    Source::Gateway(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), "eth0".into())
}
