//! What holds after any sequence of events.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn levels_follow_from_state_alone(steps in prop::collection::vec((0..2_000_u64, event()), 1..80)) {
        let mut c = Coordinator::new(settings());
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
    let link = score.causes.get(&CauseKey::Interface("eth1".into()));
    assert_eq!(link.is_some_and(|c| c.counts), c.down.contains("eth1"));
}

fn event() -> impl Strategy<Value = Event> {
    let roles = prop::sample::select(vec![Role::Init, Role::Backup, Role::Active, Role::Leaving]);
    prop_oneof![
        1 => prop::sample::select(vec![vec![], vec![1], vec![1, 2]]).prop_map(|s| started(&s)),
        4 => (1..=3_u32).prop_map(up),
        4 => (1..=3_u32).prop_map(down),
        2 => roles.prop_map(role),
        2 => any::<bool>().prop_map(|up| Event::Interface("eth1".into(), up)),
        2 => (0..9_u64).prop_map(Event::Applied),
        1 => Just(Event::Tick),
    ]
}
