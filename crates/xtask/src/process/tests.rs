use super::*;

const OK: &str =
    "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
const BAD: &str = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";

#[test]
fn result_lines_are_summed() {
    check(&format!("echo '{OK}'; echo noise; echo '{OK}'"), 6, 0, 2);
}

#[test]
fn failed_tests_are_counted_once() {
    check(&format!("echo '{BAD}'; exit 101"), 3, 2, 0);
}

#[test]
fn a_binary_that_dies_without_a_result_counts_as_failed() {
    check("echo 'test a ...'; exit 134", 0, 1, 0);
}

#[test]
fn a_binary_that_hangs_is_ended_and_counts_as_failed() {
    let counts = run_tests(command("sleep").arg("600"), Duration::from_millis(50)).unwrap();
    assert_eq!(counts, Counts { passed: 0, failed: 1, ignored: 0 });
}

#[test]
fn an_error_names_the_program_and_its_words() {
    let stop = run(command("false").arg("now")).unwrap_err();
    assert!(stop.to_string().starts_with("false now: "), "{stop}");
    let stop = run(&mut command("no-such-program")).unwrap_err();
    assert!(stop.to_string().starts_with("no-such-program: "), "{stop}");
}

fn check(script: &str, passed: u64, failed: u64, ignored: u64) {
    let counts = run_tests(command("sh").args(["-c", script]), Duration::from_secs(60)).unwrap();
    assert_eq!(counts, Counts { passed, failed, ignored });
}
