//! Processes start, fork, call themselves otherwise, and end.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use coordinator::Reading::{Bad, Good};
use coordinator::Source;
use track::{Settings, Timing};

use super::lab::{Host, Watched, settings};

#[test]
fn a_process_is_seen_in_the_moment_it_starts_and_ends() {
    let bench = Bench::new("told");
    let mut settings = settings(std::slice::from_ref(&bench.source));
    // A round would find it as well: none before the test is over.
    settings.sources.values_mut().for_each(|timing| timing.interval = Duration::from_secs(3_600));
    let mut watched = Watched::start(None, settings);
    assert_eq!(watched.says(&bench.source, Bad), "no such process");
    for _ in 0..5 {
        let one = bench.start();
        let why = watched.says(&bench.source, Good);
        assert_eq!(why, format!("runs as process {}", one.0.id()));
        drop(one);
        watched.says(&bench.source, Bad);
    }
    assert_eq!(watched.warnings, [""; 0]);
    watched.stop();
}

#[test]
fn a_process_that_ran_before_is_found_and_one_of_two_is_enough() {
    let bench = Bench::new("two");
    let first = bench.start();
    let other = Bench::new("mark");
    let sources = [bench.source.clone(), other.source.clone()];
    let mut watched = Watched::start(None, settings(&sources));
    watched.says(&bench.source, Good);
    let second = bench.start();
    drop(first);
    // The other one's start comes after: what it shows, the first has shown.
    let mark = other.start();
    watched.says(&other.source, Good);
    assert_eq!(watched.readings[&bench.source].0, Good);
    drop((second, mark));
    watched.says(&bench.source, Bad);
    watched.says(&other.source, Bad);
    watched.stop();
}

#[test]
fn a_program_is_found_by_its_own_name_and_loses_it_by_running_another() {
    let bench = Bench::new("exec");
    let mut watched = Watched::start(None, settings(std::slice::from_ref(&bench.source)));
    watched.says(&bench.source, Bad);
    // Called otherwise by its arguments, the program is the same.
    let renamed = Running(Command::new(&bench.program).arg0("other").arg("1000").spawn().unwrap());
    watched.says(&bench.source, Good);
    drop(renamed);
    watched.says(&bench.source, Bad);
    // A name it gave itself ends with the next program it runs.
    let mut shell = Command::new("sh")
        .args(["-c", "printf %s \"$0\" > /proc/$$/comm; read line; exec sleep 1000", &bench.name])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .map(Running)
        .unwrap();
    watched.says(&bench.source, Good);
    drop(shell.0.stdin.take());
    watched.says(&bench.source, Bad);
    watched.stop();
}

#[test]
fn where_the_kernel_does_not_tell_each_round_searches_and_says_so() {
    let bench = Bench::new("walk");
    let host = Host::new();
    let timing = Timing { interval: Duration::from_millis(100), ..Timing::of(&bench.source) };
    let timing = Timing { rise: timing.fall, ..timing };
    let sources = [(bench.source.clone(), timing)].into();
    let mut watched = Watched::start(Some(&host), Settings { sources, ..Settings::default() });
    watched.says(&bench.source, Bad);
    let one = bench.start();
    watched.says(&bench.source, Good);
    drop(one);
    watched.says(&bench.source, Bad);
    assert!(watched.warnings[0].contains("does not tell of processes"), "{:?}", watched.warnings);
    watched.stop();
}

/// A program that does nothing, under a name of its own.
struct Bench {
    _folder: tempfile::TempDir,
    program: PathBuf,
    name: String,
    source: Source,
}

struct Running(Child);

impl Bench {
    fn new(tag: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("{tag}{}", std::process::id());
        let program = folder.path().join(&name);
        fs::copy("/bin/sleep", &program).unwrap();
        let source = Source::Process(name.clone());
        Self { _folder: folder, program, name, source }
    }

    fn start(&self) -> Running {
        Running(Command::new(&self.program).arg("1000").spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
