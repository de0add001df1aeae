//! The lab in the micro-VM: one boot for all scenarios, one test for each.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lab::programs;
use lab::vm::Vm;
use lab::vm::inside::{SCENARIOS, Verdict, package};

#[test]
fn the_table_client_and_its_thread_work_on_a_real_kernel() {
    check("table-client");
}

#[test]
fn all_ways_of_forwarding_carry_http_and_the_table_is_kept() {
    check("forwarding");
}

#[test]
fn a_director_without_loopback_says_so_and_leaves_nothing() {
    check("loopback-down");
}

#[test]
fn the_package_installs_checks_its_own_file_and_goes_again() {
    check("package");
}

#[test]
fn the_demo_plays_to_its_end_within_what_the_protocol_allows() {
    check("demo");
}

#[test]
fn every_scenario_has_a_test() {
    let source = include_str!("vm.rs");
    for scenario in SCENARIOS {
        assert!(source.contains(&format!("check(\"{}\")", scenario.name)), "{}", scenario.name);
    }
}

/// What the one run of the guest said, whichever test asks first.
fn verdicts() -> &'static Result<BTreeMap<String, bool>> {
    static VERDICTS: OnceLock<Result<BTreeMap<String, bool>>> = OnceLock::new();
    VERDICTS.get_or_init(run_guest)
}

fn check(scenario: &str) {
    let verdicts = match verdicts() {
        Ok(verdicts) => verdicts,
        Err(error) => panic!("{error:#}"),
    };
    assert_eq!(verdicts.get(scenario), Some(&true), "of {verdicts:?}");
}

fn run_guest() -> Result<BTreeMap<String, bool>> {
    let mut vm = Vm::new()?;
    vm.add_program(&programs::lab()?, "lab")?;
    vm.add_program(&programs::gemel()?, "gemel")?;
    vm.add_program(&live()?, "live")?;
    vm.add_file(&programs::deb()?, Path::new(package::DEB))?;
    let mut verdicts = BTreeMap::new();
    let start = Instant::now();
    // Its status says no more than the verdicts do.
    vm.run("lab inside", LIMIT, |line| {
        println!("{:>7.2} {line}", start.elapsed().as_secs_f64());
        verdicts.extend(Verdict::of_line(line).map(|verdict| (verdict.scenario, verdict.passed)));
    })?;
    Ok(verdicts)
}

/// The `ipvs` crate's live test: the one that `cargo xtask` has just built, else the newest.
fn live() -> Result<PathBuf> {
    if let Some(path) = env::var_os("GEMEL_LAB_LIVE") {
        return Ok(path.into());
    }
    let own = env::current_exe()?;
    let folder = own.parent().context("a program in no folder")?;
    let mut newest = None;
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("live-") && !name.contains('.') {
            newest = newest.max(Some((entry.metadata()?.modified()?, entry.path())));
        }
    }
    let (_, path) = newest.context("the live test of ipvs is not built: build the workspace")?;
    Ok(path)
}

/// Of everything in an emulated guest on a loaded machine.
const LIMIT: Duration = Duration::from_secs(600);
