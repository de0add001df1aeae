//! What was asked for: the words of the command line as a [`Task`]. Does nothing.

use std::path::PathBuf;

/// One subcommand with its options.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Task {
    Help,
    Test(Scope),
    /// The words for `lab demo`.
    Demo(Vec<String>),
    /// The words for `lab bench`.
    Bench(Vec<String>),
    BenchHelp,
    /// Without a binary: a release build.
    Package {
        binary: Option<PathBuf>,
    },
    Fresh(Plan),
}

/// How much `test` does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// What fits CI.
    Ci,
    /// Everything.
    Full,
}

/// What `fresh` does in the bare root.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Plan {
    /// Where the bare root is made; `target/fresh` by default.
    pub dir: Option<PathBuf>,
    /// The tasks run inside, in this order.
    pub tasks: Vec<&'static str>,
    /// A second clone with the caches of the first.
    pub again: bool,
}

pub(crate) const HELP: &str = "\
usage: cargo xtask TASK

  test [--full]        what CI runs: format, clippy, docs, build, unit tests, simulation, lab;
                       --full adds what does not fit CI
  demo [--keep]        two directors, two real servers and a client: what fails over, and how fast;
                       --keep leaves them up
  bench failover [--trials N]
                       measures failover in network namespaces, beside keepalived
  bench vrrp [--part NAME]... [--quick] [--trials N]
                       measures everything else about VRRP, beside keepalived;
                       `bench --help` tells the parts
  package [--binary FILE]
                       a Debian package in target/package; a release build unless a binary is given
  fresh [--dir DIR] [--test-only | --demo-only] [--again]
                       `test` and `demo` in a bare Debian root, as a new user would;
                       --again adds a second `test` from a new clone with the same caches
  help                 this text

Needs root where it builds networks. Missing Debian packages are named, then installed.";

pub(crate) const BENCH_HELP: &str = "\
usage: cargo xtask bench failover [--trials N]
       cargo xtask bench vrrp [--part NAME]... [--quick] [--trials N]

  failover     a crash and a release of the Active: when the other speaks, what a client loses
  vrrp         six parts, all of them unless some are named:
    takeover   lateness of a Backup's first advert and announcement at 1 s, 100 ms and 10 ms,
               idle and loaded; the rate on the wire; missed adverts and false takeovers
    cost       processor time of an advert sent and received, memory, steadiness of the
               interval, for 1, 100, 250 and 1,000 routers
    many       1,000 routers, and one with 1,000 and 5,000 addresses, taken over at once
    bad        six kinds of bad packets, 3 and 10,000 a second, on our VRID and on another
    repair     an address, or a thousand, removed by hand
    restart    the Active ends by SIGUSR2 and starts again, in time and too late

  --quick      fewer and shorter measurements: 4 minutes instead of 25, no p99 for some figures
  --trials N   of failover: each fault; of vrrp: takeovers, repairs, restarts

Release build, root, Linux with network namespaces; keepalived is measured in the same run. Another
load on the machine spoils the figures: judge ratios, repeat. A figure that is missed is no failure;
something that cannot be measured is. `vrrp` keeps its tables in target/bench/vrrp.txt and .json.";

/// The task in `words`, or what is wrong with them.
pub(crate) fn parse(words: &[String]) -> Result<Task, String> {
    let Some((task, rest)) = words.split_first() else {
        return Err("no task given".into());
    };
    match task.as_str() {
        "help" | "--help" | "-h" => Ok(Task::Help),
        "test" => parse_test(rest),
        "demo" => parse_demo(rest),
        "bench" => match rest.first().map(String::as_str) {
            _ if rest.iter().any(|word| word == "--help" || word == "-h") => Ok(Task::BenchHelp),
            Some("failover" | "vrrp") => Ok(Task::Bench(rest.to_vec())),
            Some(other) => Err(format!("no such bench: {other}; there are: failover, vrrp")),
            None => Err("bench what? there are: failover, vrrp".into()),
        },
        "package" => parse_package(rest),
        "fresh" => parse_fresh(rest),
        other => Err(format!("no such task: {other}")),
    }
}

fn parse_test(rest: &[String]) -> Result<Task, String> {
    match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Task::Test(Scope::Ci)),
        ["--full"] => Ok(Task::Test(Scope::Full)),
        [..] => Err(format!("test takes only --full, not: {}", rest.join(" "))),
    }
}

fn parse_demo(rest: &[String]) -> Result<Task, String> {
    match rest.iter().find(|word| *word != "--keep") {
        None => Ok(Task::Demo(rest.to_vec())),
        Some(other) => Err(format!("demo takes only --keep, not: {other}")),
    }
}

fn parse_package(rest: &[String]) -> Result<Task, String> {
    match rest {
        [] => Ok(Task::Package { binary: None }),
        [option, file] if option == "--binary" => Ok(Task::Package { binary: Some(file.into()) }),
        _ => Err(format!("package takes only --binary FILE, not: {}", rest.join(" "))),
    }
}

fn parse_fresh(rest: &[String]) -> Result<Task, String> {
    let mut plan = Plan { dir: None, tasks: vec!["test", "demo"], again: false };
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--dir" => plan.dir = Some(words.next().ok_or("--dir what?")?.into()),
            "--test-only" => plan.tasks.retain(|task| *task == "test"),
            "--demo-only" => plan.tasks.retain(|task| *task == "demo"),
            "--again" => plan.again = true,
            other => return Err(format!("fresh does not know: {other}")),
        }
    }
    if plan.tasks.is_empty() {
        Err("--test-only and --demo-only: nothing is left".into())
    } else {
        Ok(Task::Fresh(plan))
    }
}

#[cfg(test)]
mod tests;
