//! Golden files: each `tests/golden/NAME.toml` with what `check` says of it in `NAME.expected`.
//!
//! After a change that is meant, `GEMEL_BLESS=1 cargo test -p config --test golden` writes the
//! expected files anew; the diff is then to be read.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs};

use config::{Report, Severity};

#[test]
fn every_golden_file_gets_what_is_expected() {
    let mut wrong = Vec::new();
    for file in files("toml") {
        let given = shown(&file);
        let expected_file = file.with_extension("expected");
        if env::var_os("GEMEL_BLESS").is_some() {
            fs::write(&expected_file, &given).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if given != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- given\n{given}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_expected_file_is_left_without_its_golden_file() {
    for file in files("expected") {
        assert!(file.with_extension("toml").exists(), "{} is alone", file.display());
    }
}

#[test]
fn the_example_of_the_manual_has_no_problem() {
    let report = read(&golden().join("example.toml"));
    assert_eq!(report.problems, Vec::new());
    assert!(report.settings.is_some());
}

#[test]
fn five_mistakes_are_five_problems() {
    let report = read(&golden().join("five-mistakes.toml"));
    assert_eq!(report.of(Severity::Error).count(), 5);
    assert_eq!(report.problems.len(), 5);
}

#[test]
fn the_file_of_the_virtual_machines_is_accepted() {
    clean("vagrant/gemel.toml", &[]);
}

#[test]
fn the_file_of_the_package_is_accepted_and_says_that_there_is_nothing_to_do() {
    clean("packaging/gemel.toml", &["nothing to do: no directors, routers or services"]);
}

/// The file of the workspace is accepted with these warnings.
fn clean(path: &str, warnings: &[&str]) {
    let report = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path));
    let messages: Vec<&str> =
        report.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, warnings);
    assert!(report.settings.is_some());
}

fn shown(file: &Path) -> String {
    let report = read(file);
    let mut shown =
        String::from(if report.settings.is_some() { "accepted\n" } else { "refused\n" });
    for problem in &report.problems {
        shown.push('\n');
        shown.push_str(&problem.text);
        shown.push('\n');
    }
    shown
}

fn read(file: &Path) -> Report {
    let text = fs::read_to_string(file).expect("a readable file");
    let name = file.file_name().and_then(OsStr::to_str).expect("a name");
    config::check(name, &text)
}

/// Those of this extension, sorted.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(golden())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|file| file.extension() == Some(OsStr::new(extension)));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}
