//! What `cargo xtask test --full` adds: the checks that need tools of their own, each of which
//! costs minutes to install or compile.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::report::Report;
use crate::stop::{Doing, Result};
use crate::{fuzz, package, process};

pub(crate) fn run(report: &mut Report) {
    report.tests("kernel header", || {
        // Another feature set: a folder of its own keeps the one build of the rest valid.
        let mut test = process::cargo();
        test.args(["test", "--locked", "--package", "ipvs-sys", "--features", "bindgen"]);
        test.args(["--target-dir", "target/bindgen"]);
        process::run_tests(&mut test, Duration::from_secs(900))
    });
    report.part("fuzz", fuzz::run);
    report.part("deny", deny);
    report.part("package of a release", || package::run(None));
    report.part("vagrant", || {
        let mut validate = process::command("vagrant");
        process::run(validate.args(["validate", "--ignore-provider"]).current_dir("vagrant"))
    });
    report
        .part("shellcheck", || process::run(process::command("shellcheck").args(shell_scripts()?)));
}

fn deny() -> Result<()> {
    let mut install = process::cargo();
    process::run(install.args(["install", "--locked", "--root", "target/tools", "cargo-deny"]))?;
    let mut deny = process::command("target/tools/bin/cargo-deny");
    process::run(deny.args(["check", "bans", "licenses", "sources"]))
}

/// Every tracked file that a shell would run.
fn shell_scripts() -> Result<Vec<PathBuf>> {
    let files = process::output(process::command("git").arg("ls-files"))?;
    let mut scripts = Vec::new();
    for path in files.lines().map(Path::new).filter(|path| path.is_file()) {
        let text = fs::read(path).doing(format_args!("read {}", path.display()))?;
        if is_shell(&text) {
            scripts.push(path.to_path_buf());
        }
    }
    Ok(scripts)
}

fn is_shell(text: &[u8]) -> bool {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.starts_with(b"#!") && (first.ends_with(b"sh") || first.ends_with(b"sh -e"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_scripts_are_known_by_their_first_line() {
        assert!(is_shell(b"#!/bin/sh\nset -e\n"));
        assert!(is_shell(b"#!/bin/sh -e\n"));
        assert!(is_shell(b"#!/usr/bin/env bash\n"));
        assert!(!is_shell(b"#!/usr/bin/python3\n"));
        assert!(!is_shell(b"sh\n"));
        assert!(!is_shell(b""));
    }
}
