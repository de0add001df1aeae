//! Every fuzz target of `tests/fuzz`, for a while each. What is found stays in `tests/fuzz/artifacts`.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process;
use crate::stop::{Doing, Result};

/// How long each target runs, in seconds, unless `GEMEL_FUZZ_SECONDS` says otherwise.
const SECONDS: &str = "600";

pub(crate) fn run() -> Result<()> {
    let mut install = process::cargo();
    process::run(install.args(["install", "--locked", "--root", "target/tools", "cargo-fuzz"]))?;
    process::run(&mut cargo_fuzz("build"))?;
    let seconds = env::var("GEMEL_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.into());
    for target in targets()? {
        // New inputs go into the first folder, so that the kept corpus stays as it is.
        let grown = format!("target/fuzz/corpus/{target}");
        fs::create_dir_all(&grown).doing(format_args!("create {grown}"))?;
        let mut fuzz = cargo_fuzz("run");
        fuzz.args([&target, &grown, &format!("tests/fuzz/corpus/{target}"), "--"]);
        fuzz.args([&format!("-max_total_time={seconds}"), "-print_final_stats=1", "-verbosity=0"]);
        process::run(&mut fuzz)?;
    }
    Ok(())
}

/// The stable compiler with its unstable flags, which coverage needs. No sanitizer: nothing that is
/// run here is unsafe, and without one it is twice as fast.
fn cargo_fuzz(task: &str) -> Command {
    let mut fuzz = process::command("target/tools/bin/cargo-fuzz");
    fuzz.env("RUSTC_BOOTSTRAP", "1").args([task, "--fuzz-dir", "tests/fuzz"]);
    fuzz.args(["--sanitizer", "none", "--target-dir", "target/fuzz"]);
    fuzz
}

/// Each has a corpus of its name.
fn targets() -> Result<Vec<String>> {
    let folder = Path::new("tests/fuzz/corpus");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).doing(format_args!("list {}", folder.display()))? {
        let entry = entry.doing(format_args!("list {}", folder.display()))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
