//! The programs under test: where the build put them.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// `gemel` of the build that this lab belongs to; in the micro-VM, the one taken along.
pub fn gemel() -> Result<PathBuf> {
    beside_us("gemel").or_else(|error| super::vm::find("gemel").ok_or(error))
}

/// The `lab` program of the same build.
pub fn lab() -> Result<PathBuf> {
    beside_us("lab")
}

/// The Debian package that `cargo xtask package` made.
pub fn deb() -> Result<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/package");
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut debs =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "deb"));
    debs.next().with_context(|| format!("no package in {folder}: cargo xtask package"))
}

/// A program in the folder of this one, or above it: test binaries lie in `deps`.
fn beside_us(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().context("where is this program")?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found
        .with_context(|| format!("no program {name} beside {}: build the workspace", own.display()))
}
