//! Source *script*: its last exit. 0 is good, everything else is bad.
//!
//! Each run is an errand: one at a time, in a process group of its own that is killed as a whole at
//! the timeout. What it prints goes nowhere.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use coordinator::Reading;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use track::{Command, Sample};

use crate::sys;
use crate::thread::now;

/// Runs it once, and waits for its end.
pub(crate) fn run(command: &Command, timeout: Duration, stop: &OwnedFd) -> Sample {
    match exit(command, timeout, stop) {
        Ok(Some(status)) if status.success() => {
            Sample { reading: Reading::Good, why: said(status) }
        }
        Ok(Some(status)) => Sample { reading: Reading::Bad, why: said(status) },
        Ok(None) => {
            let why = format!("killed: it did not end within {timeout:?}");
            Sample { reading: Reading::Bad, why }
        }
        Err(error) => {
            let why = format!("{} cannot be run: {error}", command.program);
            Sample { reading: Reading::Bad, why }
        }
    }
}

/// How it ended; `None` if it had to be killed.
fn exit(command: &Command, timeout: Duration, stop: &OwnedFd) -> io::Result<Option<ExitStatus>> {
    let mut child = std::process::Command::new(&command.program)
        .args(&command.arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let ended = ends(&child, timeout, stop);
    // What it left behind in its group goes too: the next run must find nothing of this one.
    kill(&child);
    let status = child.wait()?;
    Ok(ended?.then_some(status))
}

/// Waits until it ends by itself; false if its time is over or all errands should end.
fn ends(child: &Child, timeout: Duration, stop: &OwnedFd) -> io::Result<bool> {
    let process = sys::process(child.id())?;
    let until = now() + timeout;
    loop {
        let ends = PollFlags::POLLIN;
        let mut watched = [PollFd::new(process.as_fd(), ends), PollFd::new(stop.as_fd(), ends)];
        let rest = until.since(now());
        match poll(&mut watched, PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX)) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) if watched[0].any() == Some(true) => return Ok(true),
            Ok(_) if watched[1].any() == Some(true) || until <= now() => return Ok(false),
            // The timeout has whole milliseconds, and may end a little early.
            Ok(_) => {}
        }
    }
}

/// The whole group, as far as the kernel lets us.
fn kill(child: &Child) {
    match killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL) {
        // ESRCH: everybody has gone, which is what is wanted. EPERM: it became somebody else, whom we
        // may not force; nothing else can be done about it.
        Ok(()) | Err(_) => {}
    }
}

fn said(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
