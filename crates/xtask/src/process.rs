//! Running other programs: to their end, with an error that names them, and test binaries while
//! counting what they report.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::packages;
use crate::report::Counts;
use crate::stop::{Doing, Result, Stop};

/// A command without standard input that finds the tools of administration too.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    if let Ok(path) = env::join_paths(packages::search_path()) {
        command.env("PATH", path);
    }
    command
}

/// The cargo that called us.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs it to its end; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().doing(name(command))?;
    if status.success() { Ok(()) } else { Err(Stop::new(format!("{}: {status}", name(command)))) }
}

/// What it printed; anything but success is an error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().doing(name(command))?;
    if !output.status.success() {
        return Err(Stop::new(format!("{}: {}", name(command), output.status)));
    }
    String::from_utf8(output.stdout).doing(name(command))
}

/// Runs a test binary, or anything that runs some, and passes on what it prints.
///
/// A binary that fails without a failed test, or outlives `limit`, counts as one failed test.
pub(crate) fn run_tests(command: &mut Command, limit: Duration) -> Result<Counts> {
    let mut child = command.stdout(Stdio::piped()).spawn().doing(name(command))?;
    let counts = count_until_closed(&mut child, Instant::now() + limit)?;
    let (mut counts, status) = match counts {
        Some(counts) => (counts, child.wait().doing(name(command))?),
        None => return killed(command, &mut child, limit),
    };
    if !status.success() && counts.failed == 0 {
        println!("{}: {status}", name(command));
        counts.failed = 1;
    }
    Ok(counts)
}

/// `None` if `until` came first.
fn count_until_closed(child: &mut Child, until: Instant) -> Result<Option<Counts>> {
    let Some(stdout) = child.stdout.take() else {
        return Ok(Some(Counts::default()));
    };
    let (lines, received) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(std::result::Result::ok) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    let mut counts = Counts::default();
    loop {
        match received.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                println!("{line}");
                counts += Counts::of_line(&line);
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(Some(counts)),
            Err(RecvTimeoutError::Timeout) => return Ok(None),
        }
    }
}

fn killed(command: &Command, child: &mut Child, limit: Duration) -> Result<Counts> {
    child.kill().doing(name(command))?;
    let status: ExitStatus = child.wait().doing(name(command))?;
    println!("{}: not done after {} s, {status}", name(command), limit.as_secs());
    Ok(Counts { failed: 1, ..Counts::default() })
}

fn name(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
