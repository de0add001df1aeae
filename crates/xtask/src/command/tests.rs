use super::*;

#[test]
fn tasks_are_read() {
    check("help", &Task::Help);
    check("test", &Task::Test(Scope::Ci));
    check("test --full", &Task::Test(Scope::Full));
    check("demo", &Task::Demo(vec![]));
    check("demo --keep", &Task::Demo(vec!["--keep".into()]));
    check("bench failover --trials 3", &Task::Bench(words("failover --trials 3")));
    check("bench vrrp --part bad", &Task::Bench(words("vrrp --part bad")));
    check("bench --help", &Task::BenchHelp);
    check("bench vrrp --help", &Task::BenchHelp);
    check("package", &Task::Package { binary: None });
    check("package --binary a/gemel", &Task::Package { binary: Some("a/gemel".into()) });
    check("fresh", &Task::Fresh(plan(None, &["test", "demo"], false)));
    check("fresh --dir /r --demo-only", &Task::Fresh(plan(Some("/r"), &["demo"], false)));
    check("fresh --test-only --again", &Task::Fresh(plan(None, &["test"], true)));
}

#[test]
fn unknown_words_are_named() {
    refuse("", "no task");
    refuse("tset", "tset");
    refuse("test --fast", "--fast");
    refuse("test --full --full", "--full --full");
    refuse("demo --kepe", "--kepe");
    refuse("bench", "failover");
    refuse("bench throughput", "throughput");
    refuse("bench throughput", "failover, vrrp");
    refuse("package gemel", "gemel");
    refuse("fresh --dir", "--dir");
    refuse("fresh --quick", "--quick");
    refuse("fresh --test-only --demo-only", "nothing");
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn plan(dir: Option<&str>, tasks: &[&'static str], again: bool) -> Plan {
    Plan { dir: dir.map(Into::into), tasks: tasks.to_vec(), again }
}

fn check(line: &str, task: &Task) {
    assert_eq!(parse(&words(line)).as_ref(), Ok(task), "{line}");
}

fn refuse(line: &str, names: &str) {
    let wrong = parse(&words(line)).unwrap_err();
    assert!(wrong.contains(names), "{line}: {wrong}");
}
