//! Files and scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use coordinator::Reading::{Bad, Good, Number};
use coordinator::Source;
use track::{Command, Settings, Timing};

use super::lab::{Watched, run, settings};

/// So long that no round can be what found a change.
const NEVER: Duration = Duration::from_secs(3_600);
const ROUND: Duration = Duration::from_secs(2);

#[test]
fn a_file_is_read_when_it_is_written_renamed_into_place_or_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("load");
    fs::write(&path, "3\n").unwrap();
    let source = file(&path);
    let mut watched = Watched::start(None, only_told(&source));
    assert_eq!(watched.says(&source, Number(3)), "says 3");
    for number in 4..20 {
        let new = folder.path().join("new");
        fs::write(&new, number.to_string()).unwrap();
        fs::rename(&new, &path).unwrap();
        watched.says(&source, Number(number));
        fs::write(&path, (-number).to_string()).unwrap();
        watched.says(&source, Number(-number));
    }
    fs::remove_file(&path).unwrap();
    assert!(watched.says(&source, Bad).contains("No such file"));
    fs::write(&path, "5").unwrap();
    watched.says(&source, Number(5));
    fs::write(&path, "five").unwrap();
    assert_eq!(watched.says(&source, Bad), "\"five\" is not a whole number");
    watched.stop();
}

#[test]
fn a_folder_may_come_later_and_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    let source = file(&inner.join("load"));
    let timing = Timing { interval: ROUND, ..Timing::of(&source) };
    let sources = [(source.clone(), timing)].into();
    let mut watched = Watched::start(None, Settings { sources, ..Settings::default() });
    watched.says(&source, Bad);
    for number in 1..4 {
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("load"), number.to_string()).unwrap();
        watched.says(&source, Number(number));
        // A round has found the folder; from now on it is watched, and the next change is told.
        let begun = std::time::Instant::now();
        replace(&inner.join("load"), &(-number).to_string());
        watched.says(&source, Number(-number));
        assert!(begun.elapsed() < ROUND / 2, "{number}: {:?}", begun.elapsed());
        fs::rename(&inner, folder.path().join(format!("old{number}"))).unwrap();
        watched.says(&source, Bad);
    }
    assert_eq!(watched.warnings, [""; 0]);
    watched.stop();
}

#[test]
fn a_script_is_as_good_as_its_last_exits() {
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer");
    fs::write(&answer, "exit 0").unwrap();
    let (source, settings) = script(folder.path(), &format!(". {}", answer.display()));
    let mut watched = Watched::start(None, settings);
    assert_eq!(watched.says(&source, Good), "exit 0");
    for (text, reading, why) in [
        ("exit 3", Bad, "exit 3"),
        ("exit 0", Good, "exit 0"),
        ("kill -9 $$", Bad, "ended by signal 9"),
        ("exit 0", Good, "exit 0"),
        ("sleep 1000", Bad, "killed: it did not end within 400ms"),
        ("exit 0", Good, "exit 0"),
    ] {
        replace(&answer, text);
        assert_eq!(watched.says(&source, reading), why);
    }
    fs::remove_file(folder.path().join("script")).unwrap();
    assert!(watched.says(&source, Bad).contains("cannot be run: No such file"));
    watched.stop();
}

#[test]
fn a_script_that_hangs_stalls_nobody_never_overlaps_and_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let [runs, load, lock] = ["runs", "load", "lock"].map(|name| folder.path().join(name));
    // Its child holds the lock as well: another run gets it only when both are gone.
    let text = format!(
        "exec 9> {lock}; flock -n 9 || echo overlap >> {runs}; echo run >> {runs}; sleep 1000 & wait",
        runs = runs.display(),
        lock = lock.display()
    );
    let (source, mut settings) = script(folder.path(), &text);
    let number = file(&load);
    settings.sources.extend(only_told(&number).sources);
    let mut watched = Watched::start(None, settings);
    watched.says(&source, Bad);
    for value in 0..5 {
        replace(&load, &value.to_string());
        let begun = std::time::Instant::now();
        watched.says(&number, Number(value));
        assert!(begun.elapsed() < Duration::from_millis(300), "{:?}", begun.elapsed());
    }
    let count = || fs::read_to_string(&runs).unwrap();
    watched.wait("more runs", |_| (count().lines().count() >= 4).then_some(()));
    assert!(!count().contains("overlap"), "{}", count());
    // Stopping kills the run that is open, child and all.
    watched.stop();
    run("flock", &format!("-n {} true", lock.display()));
}

#[test]
fn what_is_not_known_yet_is_reported_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let (source, settings) = script(folder.path(), "sleep 1000");
    let mut watched = Watched::start(None, settings);
    let report = watched.report();
    assert_eq!((&report[0].source, report[0].reading), (&source, None));
    watched.stop();
}

fn file(path: &Path) -> Source {
    Source::File(path.to_str().unwrap().into())
}

fn only_told(source: &Source) -> Settings {
    let mut settings = settings(std::slice::from_ref(source));
    settings.sources.values_mut().for_each(|timing| timing.interval = NEVER);
    settings
}

/// As a careful writer does it: never half a file.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

fn script(folder: &Path, text: &str) -> (Source, Settings) {
    let path = folder.join("script");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let source = Source::Script("probe".into());
    let program = path.to_str().unwrap().to_owned();
    let mut settings = settings(std::slice::from_ref(&source));
    settings.scripts.insert("probe".into(), Command { program, arguments: vec![] });
    (source, settings)
}
