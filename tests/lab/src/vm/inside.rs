//! What runs inside the micro-VM: scenarios that need a kernel with IPVS, one after the other.
//!
//! Called by `lab inside`; the host reads the lines this prints (see [`Verdict::of_line`]). On a
//! machine whose own kernel has IPVS they run there as well.

mod bare;
mod forwarding;
mod loopback;
pub mod package;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::{demo, table};

/// One scenario.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it is called on the command line and in the result.
    pub name: &'static str,
    run: fn() -> Result<()>,
}

/// All of them, in the order in which they run.
pub const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "table-client", run: live },
    Scenario { name: "forwarding", run: forwarding::run },
    Scenario { name: "loopback-down", run: loopback::run },
    Scenario { name: "package", run: package::run },
    Scenario { name: "demo", run: demonstrate },
];

/// How a scenario ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// Which one.
    pub scenario: String,
    /// Whether it passed.
    pub passed: bool,
}

impl Verdict {
    /// The verdict in a line of the guest's console, if it is one.
    pub fn of_line(line: &str) -> Option<Self> {
        let (scenario, rest) = line.strip_prefix("scenario ")?.split_once(": ")?;
        let passed = match rest.split(' ').next()? {
            "ok" => true,
            "FAILED" => false,
            _ => return None,
        };
        Some(Self { scenario: scenario.to_owned(), passed })
    }
}

/// Runs those named, or all; an error if any failed.
pub fn run(names: &[&str]) -> Result<()> {
    if let Some(unknown) =
        names.iter().find(|name| !SCENARIOS.iter().any(|known| known.name == **name))
    {
        bail!("no such scenario: {unknown}");
    }
    let chosen = SCENARIOS.iter().filter(|one| names.is_empty() || names.contains(&one.name));
    let mut failed = Vec::new();
    for scenario in chosen {
        println!("scenario {}", scenario.name);
        let start = Instant::now();
        let result = (scenario.run)();
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("scenario {}: ok ({seconds:.1} s)", scenario.name),
            Err(error) => {
                println!("{error:#}");
                println!("scenario {}: FAILED ({seconds:.1} s)", scenario.name);
                failed.push(scenario.name);
            }
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The test binary of the `ipvs` crate, which the host took along.
fn live() -> Result<()> {
    ensure!(table::is_possible(), "this kernel has no IPVS");
    ensure!(Path::new(LIVE).is_file(), "{LIVE} was not taken along");
    let output = Command::new(LIVE).args(["--test-threads=1", "--nocapture"]).output();
    let output = output.context("run it")?;
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{LIVE}: {}", output.status);
    ensure!(
        !text.contains("no ip_vs in this kernel"),
        "{LIVE} did not see the IPVS of this kernel"
    );
    Ok(())
}

fn demonstrate() -> Result<()> {
    demo::run(demo::Place::Guest, demo::After::TearDown)
}

/// Where the host puts the `ipvs` crate's live test.
const LIVE: &str = "/usr/bin/live";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_from_the_console() {
        let verdict = |scenario: &str, passed| Some(Verdict { scenario: scenario.into(), passed });
        assert_eq!(Verdict::of_line("scenario demo: ok (12.1 s)"), verdict("demo", true));
        assert_eq!(Verdict::of_line("scenario demo: FAILED (0.1 s)"), verdict("demo", false));
        assert_eq!(Verdict::of_line("scenario demo"), None);
        assert_eq!(Verdict::of_line("test scenario: ok"), None);
    }
}
