//! What a task needs from Debian: the list in `.cargo/packages.txt`, which `.cargo/linker.sh`
//! reads as well, what of it is missing here, and one apt call for that.
//!
//! "There" means that the command or file it is needed for exists, so another system, where the
//! packages have other names, is served as well once somebody has installed them.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::process;
use crate::stop::{Doing, Result, Stop};

/// The columns of the list.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Package {
    /// Which tasks need it: `always`, `full` or `fresh`.
    needed: String,
    name: String,
    /// A file if it begins with a slash, else a command.
    probe: String,
}

/// Installs what is missing of the packages marked with one of `needed`; says so first.
pub(crate) fn ensure(needed: &[&str]) -> Result<()> {
    let list = parse(&fs::read_to_string(LIST).doing(format_args!("read {LIST}"))?)?;
    let wanted = list.into_iter().filter(|package| needed.contains(&package.needed.as_str()));
    let (there, missing): (Vec<_>, Vec<_>) = wanted.partition(|package| is_there(&package.probe));
    let names = |packages: &[Package]| {
        packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    if missing.is_empty() {
        println!("nothing to install, these are there: {}", names(&there));
        return Ok(());
    }
    let missing = names(&missing);
    if !is_debian() {
        return Err(Stop::new(format!(
            "these Debian packages are missing, and this is not Debian: install what gives the same: {missing}"
        )));
    }
    if !is_root()? {
        return Err(Stop::new(format!(
            "packages are missing, and only root can install them: sudo apt-get install --no-install-recommends {missing}"
        )));
    }
    println!("installing from Debian: {missing}");
    // Stale lists name packages that are gone.
    process::run(apt().arg("update"))?;
    process::run(
        apt().args(["install", "--yes", "--no-install-recommends"]).args(missing.split(' ')),
    )
}

/// Root is needed for more than packages: say so before an hour is spent.
pub(crate) fn ensure_root(what: &str) -> Result<()> {
    if is_root()? {
        Ok(())
    } else {
        Err(Stop::new(format!("{what} needs root: it makes network namespaces")))
    }
}

fn parse(text: &str) -> Result<Vec<Package>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [needed, name, probe] => Ok(Package {
                needed: needed.to_owned(),
                name: name.to_owned(),
                probe: probe.to_owned(),
            }),
            [..] => Err(Stop::new(format!("{LIST}: not `when package probe`: {line}"))),
        })
        .collect()
}

fn is_there(probe: &str) -> bool {
    if probe.starts_with('/') {
        return Path::new(probe).exists();
    }
    search_path().iter().any(|folder| folder.join(probe).is_file())
}

/// The caller's PATH, with the folders of administration that `su` leaves out.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let given = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&given).chain(["/usr/sbin".into(), "/sbin".into()]).collect()
}

fn is_debian() -> bool {
    is_there("apt-get") && is_there("dpkg")
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self").doing("look at /proc/self")?.uid() == 0)
}

fn apt() -> std::process::Command {
    let mut command = process::command("apt-get");
    command.args(["-q", "-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// From the root of the repository.
const LIST: &str = ".cargo/packages.txt";

#[cfg(test)]
mod tests;
