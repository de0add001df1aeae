//! A daemon under test, or its peer, in a host: started, signalled, awaited, never left behind.
//!
//! Each has a process group of its own; its output goes to a file that a failing test shows.
//! Nothing here knows what the daemon is: command lines and files come from `peers`.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::client::Ticks;
use crate::sys;

/// A running daemon; killed with its whole group when dropped.
pub struct Daemon {
    name: String,
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Daemon {
    /// Starts `command` as `name`, with its output in `NAME.log` in `folder`.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let child = command.spawn().with_context(|| format!("start {name}: {command:?}"))?;
        Ok(Self { name: name.to_owned(), child, log, ended: None })
    }

    /// The process started, which leads the group.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Signals that process alone, as systemd's `KillMode=process` and an operator do.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid(), signal).with_context(|| format!("{signal} to {}", self.name))
    }

    /// Signals every process of its group at once: SIGKILL is its sudden death.
    pub fn signal_all(&self, signal: Signal) -> Result<()> {
        killpg(self.pid(), signal).with_context(|| format!("{signal} to all of {}", self.name))
    }

    /// Waits until it ends, at most `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        let process = sys::open_process(self.child.id())?;
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.ended = Some(status);
                return Ok(status);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("{} did not end within {timeout:?}\n{}", self.name, self.tale());
            }
            let mut ready = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            poll(&mut ready, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))?;
        }
    }

    /// Signals it, then waits until it has ended.
    pub fn stop(&mut self, signal: Signal, timeout: Duration) -> Result<ExitStatus> {
        self.signal(signal)?;
        self.wait(timeout)
    }

    /// Ends every process of it at once and reaps the first.
    pub fn crash(&mut self) -> Result<()> {
        self.signal_all(Signal::SIGKILL)?;
        self.wait(REAP).map(drop)
    }

    /// Is it still there?
    pub fn is_running(&mut self) -> Result<bool> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended.is_none())
    }

    /// The thread of it that has this name.
    pub fn thread(&self, name: &str) -> Result<Pid> {
        let tasks = format!("/proc/{}/task", self.child.id());
        for entry in fs::read_dir(&tasks).with_context(|| format!("list {tasks}"))? {
            let entry = entry?;
            let called = fs::read_to_string(entry.path().join("comm"))?;
            if called.trim() == name {
                return Ok(Pid::from_raw(entry.file_name().to_string_lossy().parse()?));
            }
        }
        bail!("{} has no thread {name}", self.name)
    }

    /// Waits until it has printed this.
    pub fn wait_for_output(&self, text: &str, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        let ticks = Ticks::every(LOOK_AGAIN)?;
        while !self.log()?.contains(text) {
            if Instant::now() > deadline {
                bail!("{:?} not printed within {timeout:?}: {}", text, self.tale());
            }
            ticks.next()?;
        }
        Ok(())
    }

    /// All it has printed.
    pub fn log(&self) -> Result<String> {
        fs::read_to_string(&self.log).with_context(|| format!("read {}", self.log.display()))
    }

    /// The end of what it has printed, for a failed test.
    pub fn tale(&self) -> String {
        let log = self.log().unwrap_or_else(|error| format!("{error:#}"));
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(TALE_LINES)..];
        format!("{} printed {} lines:\n  {}", self.name, lines.len(), last.join("\n  "))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.tale());
        }
        if self.ended.is_none()
            && let Err(error) = self.crash()
        {
            eprintln!("lab: {} may be left behind: {error:#}", self.name);
        }
    }
}

/// How long the kernel may take to end a killed process.
const REAP: Duration = Duration::from_secs(5);

/// How often a growing log is read.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How much of a log a failed test shows.
const TALE_LINES: usize = 40;
