//! The examples of `vrrp.md` section 4, and the edges of each range.

use super::*;

#[test]
fn timers_are_exact_to_the_nanosecond() {
    for (priority, centis, skew_ns, down_ns) in [
        (100, 100, 609_375_000, 3_609_375_000),
        (200, 100, 218_750_000, 3_218_750_000),
        (254, 100, 7_812_500, 3_007_812_500),
        (100, 10, 60_937_500, 360_937_500),
        (255, 1, 39_062, 30_039_062),
        (1, 4095, 40_790_039_062, 163_640_039_062),
    ] {
        let interval = Interval::from_centis(centis).unwrap();
        let priority = Priority::from_wire(priority);
        assert_eq!(priority.skew(interval), Duration::from_nanos(skew_ns), "{priority}");
        assert_eq!(
            priority.down(interval, DownFactor::DEFAULT),
            Duration::from_nanos(down_ns),
            "{priority}"
        );
    }
}

#[test]
fn only_1_to_254_can_be_configured() {
    assert_eq!((Priority::new(0), Priority::new(255)), (None, None));
    assert_eq!(Priority::new(1), Some(Priority::MIN));
    assert_eq!(Priority::new(254), Some(Priority::MAX));
    assert_eq!(Vrid::new(0), None);
    assert_eq!(Vrid::new(255).map(Vrid::get), Some(255));
}

#[test]
fn a_down_factor_replaces_the_three() {
    assert_eq!((DownFactor::new(0), DownFactor::new(101)), (None, None));
    assert_eq!(DownFactor::new(3), Some(DownFactor::DEFAULT));
    let (interval, priority) = (Interval::DEFAULT, Priority::from_wire(100));
    for (factor, down_ms) in [(1, 1_609), (5, 5_609), (100, 100_609)] {
        let down = priority.down(interval, DownFactor::new(factor).unwrap());
        assert_eq!(down.as_millis(), down_ms);
    }
}

#[test]
fn causes_never_make_an_owner_or_a_release() {
    for (sum, priority) in [(i32::MIN, 1), (0, 1), (1, 1), (2, 2), (253, 253), (254, 254)] {
        assert_eq!(Priority::clamped(sum).get(), priority);
    }
    assert_eq!(Priority::clamped(255), Priority::MAX);
    assert_eq!(Priority::clamped(i32::MAX), Priority::MAX);
}
