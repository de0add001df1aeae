//! `cargo xtask demo` and `cargo xtask bench`: builds the two programs, then hands over to `lab`.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use crate::artifacts;
use crate::stop::{Doing, Result};
use crate::{packages, process, test};

/// A debug build: it is there sooner, and nothing in the demo is about processor time.
pub(crate) fn demo(words: &[String]) -> Result<ExitCode> {
    packages::ensure_root("cargo xtask demo")?;
    packages::ensure(&["always"])?;
    let built = artifacts::build(test::cargo("build").arg("--bins"))?;
    hand_over(artifacts::program(&built, "lab")?, "demo", words)
}

/// A release build: this one is about processor time.
pub(crate) fn bench(words: &[String]) -> Result<ExitCode> {
    packages::ensure_root("cargo xtask bench")?;
    packages::ensure(&["always"])?;
    let built = artifacts::build(test::cargo("build").args(["--bins", "--release"]))?;
    hand_over(artifacts::program(&built, "lab")?, "bench", words)
}

fn hand_over(lab: &Path, task: &str, words: &[String]) -> Result<ExitCode> {
    let mut command = process::command(lab);
    command.arg(task).args(words).stdin(Stdio::inherit());
    let status = command.status().doing(lab.display())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
