use super::*;
use crate::stop::Stop;

#[test]
fn only_result_lines_count() {
    check("test wire::parse ... ok", 0, 0, 0);
    check("running 12 tests", 0, 0, 0);
    check("5 passed; 1 failed", 0, 0, 0);
    check(
        "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 9 filtered out; finished in 1.02s",
        12,
        0,
        3,
    );
    check(
        "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\r",
        10,
        2,
        0,
    );
    check("[lb1] test result: ok. 1 passed; 0 failed; 0 ignored", 1, 0, 0);
}

#[test]
fn the_last_line_has_the_totals() {
    let mut report = Report::default();
    report.tests("unit", || Ok(Counts { passed: 5, failed: 0, ignored: 0 }));
    report.tests("lab", || Ok(Counts { passed: 2, failed: 0, ignored: 0 }));
    assert_eq!(report.text().lines().last(), Some("7 passed, 0 failed"));
    assert!(report.is_good());
}

#[test]
fn a_failed_test_fails_the_run() {
    let mut report = Report::default();
    report.tests("unit", || Ok(Counts { passed: 5, failed: 1, ignored: 0 }));
    assert_eq!(report.text().lines().last(), Some("5 passed, 1 failed"));
    assert!(!report.is_good());
}

#[test]
fn a_broken_part_fails_the_run_and_is_named() {
    let mut report = Report::default();
    assert_eq!(report.part::<()>("clippy", || Err(Stop::new("exit status: 101"))), None);
    report.tests("unit", || Ok(Counts { passed: 5, failed: 0, ignored: 0 }));
    assert!(report.text().contains("FAILED: clippy: exit status: 101"));
    assert!(!report.is_good());
}

#[test]
fn a_run_without_a_test_is_not_good() {
    let mut report = Report::default();
    report.part("format", || Ok(()));
    assert!(!report.is_good());
}

fn check(line: &str, passed: u64, failed: u64, ignored: u64) {
    assert_eq!(Counts::of_line(line), Counts { passed, failed, ignored }, "{line}");
}
