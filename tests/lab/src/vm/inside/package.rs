//! The Debian package, installed in the guest by busybox's dpkg, which runs its scripts: every file
//! is in its place, the program in it starts and finds nothing wrong with the file in it, and
//! purging it leaves nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Where the host puts the package.
pub const DEB: &str = "/gemel.deb";

pub(super) fn run() -> Result<()> {
    ensure!(Path::new(DEB).is_file(), "{DEB} was not taken along");
    fs::create_dir_all("/var/lib/dpkg/info").context("make dpkg's folder")?;
    fs::write("/var/lib/dpkg/status", "").context("make dpkg's list")?;
    // The libraries it depends on are here, but not as packages.
    dpkg(&["-F", "depends", "-i", DEB])?;
    for path in FILES {
        ensure!(Path::new(path).is_file(), "{path} is not installed");
    }
    let check = Command::new("/usr/sbin/gemel").args(["check", "/etc/gemel/gemel.toml"]).output();
    let check = check.context("run the installed gemel")?;
    let said = String::from_utf8_lossy(&check.stderr);
    ensure!(check.status.success(), "it finds its own file wrong: {said}");
    dpkg(&["-P", "gemel"])?;
    for path in FILES {
        ensure!(!fs::exists(path)?, "{path} is left after purging");
    }
    Ok(())
}

fn dpkg(words: &[&str]) -> Result<()> {
    let output =
        Command::new("/bin/busybox").arg("dpkg").args(words).output().context("run dpkg")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    println!("dpkg {}: {said}", words.join(" "));
    ensure!(output.status.success(), "dpkg {}: {}", words.join(" "), output.status);
    Ok(())
}

const FILES: [&str; 3] =
    ["/usr/sbin/gemel", "/lib/systemd/system/gemel.service", "/etc/gemel/gemel.toml"];
