//! `cargo xtask test`: what CI runs. One clippy, one doc, one build of everything, then the test
//! binaries that build printed; no second feature set, hence no second compilation.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::artifacts::{self, Artifact, Kind};
use crate::command::Scope;
use crate::report::{Counts, Report};
use crate::stop::Result;
use crate::{doctests, full, package, packages, process};

pub(crate) fn run(scope: Scope) -> Result<ExitCode> {
    packages::ensure_root("cargo xtask test")?;
    let needed: &[&str] = match scope {
        Scope::Ci => &["always"],
        Scope::Full => &["always", "full"],
    };
    let mut report = Report::default();
    if report.part("packages", || packages::ensure(needed)).is_none() {
        return Ok(report.finish());
    }
    report.part("format", || process::run(process::cargo().args(["fmt", "--all", "--check"])));
    report.part("clippy", || {
        let mut clippy = cargo("clippy");
        process::run(clippy.args(["--all-targets", "--", "--deny", "warnings"]))
    });
    report.part("docs", || {
        let mut doc = cargo("doc");
        process::run(doc.arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings"))
    });
    let built = report.part("build", || artifacts::build(cargo("build").arg("--all-targets")));
    let Some(artifacts) = built else {
        return Ok(report.finish());
    };
    run_tests(&mut report, &artifacts, scope)?;
    if scope == Scope::Full {
        full::run(&mut report);
    }
    Ok(report.finish())
}

/// Every cargo call is about the whole workspace, with the committed versions.
pub(crate) fn cargo(task: &str) -> Command {
    let mut command = process::cargo();
    command.args([task, "--workspace", "--locked"]);
    command
}

fn run_tests(report: &mut Report, artifacts: &[Artifact], scope: Scope) -> Result<()> {
    let of = |stage| artifacts.iter().filter(move |artifact| Stage::of(artifact) == Some(stage));
    report.tests("unit tests", || run_all(of(Stage::Unit), |_| ()));
    if doctests::exist(&["crates", "tests"])? {
        report.tests("doc tests", || {
            process::run_tests(cargo("test").arg("--doc"), Duration::from_secs(600))
        });
    }
    let seeds = match scope {
        Scope::Ci => "1000",
        Scope::Full => "10000",
    };
    report.tests(&format!("simulation, {seeds} seeds"), || {
        run_all(of(Stage::Simulation), |command| {
            command.env("GEMEL_SIM_SEEDS", seeds);
        })
    });
    // Two labs at once would disturb each other's clocks.
    report.tests("lab, this kernel", || {
        run_all(of(Stage::Lab), |command| {
            command.arg("--test-threads=1");
            if scope == Scope::Full {
                command.env("GEMEL_LAB_FULL", "1");
            }
        })
    });
    report.part("package", || package::run(Some(artifacts::program(artifacts, "gemel")?)));
    let live = of(Stage::Ipvs).map(|artifact| artifact.path.clone()).next();
    report.tests("lab, micro-VM", || {
        run_all(of(Stage::MicroVm), |command| {
            command.args(["--test-threads=1", "--nocapture"]);
            if let Some(live) = &live {
                command.env("GEMEL_LAB_LIVE", live);
            }
        })
    });
    Ok(())
}

/// When a test binary runs, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Unit,
    Simulation,
    /// Needs root and namespaces.
    Lab,
    /// Boots a kernel with IPVS.
    MicroVm,
    /// Needs IPVS: taken into the micro-VM, not run here.
    Ipvs,
}

impl Stage {
    /// `None`: not a test binary.
    fn of(artifact: &Artifact) -> Option<Self> {
        match (artifact.kind, artifact.package(), artifact.target.as_str()) {
            (Kind::Program, _, _) => None,
            (Kind::Test, "ipvs", "live") => Some(Self::Ipvs),
            (Kind::Test, "lab", "vm") => Some(Self::MicroVm),
            (Kind::Test, "lab", _) => Some(Self::Lab),
            (Kind::Test, "sim", _) => Some(Self::Simulation),
            (Kind::Test, _, _) => Some(Self::Unit),
        }
    }
}

fn run_all<'a>(
    binaries: impl Iterator<Item = &'a Artifact>,
    prepare: impl Fn(&mut Command),
) -> Result<Counts> {
    let mut counts = Counts::default();
    for binary in binaries {
        println!("\n-- {} {}", binary.package(), binary.target);
        let mut command = binary.command();
        prepare(&mut command);
        counts += process::run_tests(&mut command, LIMIT)?;
    }
    Ok(counts)
}

/// No test binary takes as long as this on two cores, unless it hangs.
const LIMIT: Duration = Duration::from_secs(900);

#[cfg(test)]
mod tests;
