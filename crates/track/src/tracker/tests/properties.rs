//! What holds after any sequence of samples.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn readings_change_only_as_the_samples_allow(
        source in prop::sample::select(vec![gateway(), file(), interface()]),
        steps in prop::collection::vec((0..2_000_u64, step()), 1..120),
    ) {
        let mut tracker = with(&source);
        let (mut now, mut told) = (at(0), None);
        let mut last = None;
        for (millis, reading) in steps {
            now = now + Duration::from_millis(millis);
            let event = match reading {
                Some(reading) => sample(&source, reading, "a sample"),
                None => Event::Tick,
            };
            last = reading.or(last);
            let mut looks = 0;
            for output in tracker.handle(now, event) {
                match output {
                    Output::Look(_) => looks += 1,
                    Output::Reading { reading, .. } => {
                        prop_assert_ne!(told.replace(reading), Some(reading), "told twice");
                    }
                }
            }
            prop_assert!(looks <= 1);
            prop_assert_eq!(state(&tracker, &source).reading, told);
            // Something is always due, but for what is only told.
            prop_assert!(tracker.deadline().is_none_or(|deadline| deadline > now));
            prop_assert!(tracker.deadline().is_some() || source == interface());
            // A file rises with its first number, an interface falls with its first loss.
            if reading.is_some_and(|reading| reading != Reading::Bad) && source == file() {
                prop_assert_eq!(told, last);
            }
            if reading == Some(Reading::Bad) && source == interface() {
                prop_assert_eq!(told, last);
            }
        }
    }
}

fn step() -> impl Strategy<Value = Option<Reading>> {
    prop_oneof![
        3 => Just(Some(Reading::Good)),
        4 => Just(Some(Reading::Bad)),
        1 => (-3..3_i32).prop_map(|n| Some(Reading::Number(n))),
        4 => Just(None),
    ]
}
