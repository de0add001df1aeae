//! Stops one thread of a process while the others run on.
//!
//! SIGSTOP stops a whole process; a tracer can stop a thread. What a daemon does while its engine
//! thread is frozen, it does without that thread.

use std::fs;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// A frozen thread; runs on when this is dropped.
pub struct Frozen {
    thread: Pid,
    thaw: Option<Sender<()>>,
    tracer: Option<JoinHandle<Result<()>>>,
}

impl Frozen {
    /// Freezes this thread; it runs no instruction after this returns.
    pub fn freeze(thread: Pid) -> Result<Self> {
        let (thaw, thawed) = channel::<()>();
        let (ready, frozen) = channel();
        // The kernel takes orders about a traced thread only from the thread that traces it.
        let tracer = thread::Builder::new().name("tracer".to_owned()).spawn(move || {
            let stopped = stop(thread);
            let failed = stopped.is_err();
            if ready.send(stopped).is_err() || failed {
                return Ok(());
            }
            // Ends when the other side is dropped: nothing is ever sent.
            if thawed.recv().is_ok() {
                return Err(anyhow!("thawed by a message"));
            }
            ptrace::detach(thread, None).context("let the thread run")
        })?;
        frozen.recv().context("the tracer died")??;
        Ok(Self { thread, thaw: Some(thaw), tracer: Some(tracer) })
    }

    /// How often the thread has been given a processor so far.
    pub fn runs(&self) -> Result<u64> {
        let path = format!("/proc/{}/schedstat", self.thread);
        let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let runs = text.split_whitespace().nth(2).with_context(|| format!("{path}: {text}"))?;
        Ok(runs.parse()?)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        drop(self.thaw.take());
        match self.tracer.take().map(JoinHandle::join) {
            Some(Ok(Ok(()))) | None => {}
            Some(Ok(Err(error))) => eprintln!("lab: thread {}: {error:#}", self.thread),
            Some(Err(_)) => eprintln!("lab: the tracer of {} died", self.thread),
        }
    }
}

fn stop(thread: Pid) -> Result<()> {
    ptrace::seize(thread, ptrace::Options::empty()).context("trace the thread")?;
    ptrace::interrupt(thread).context("interrupt the thread")?;
    waitpid(thread, Some(WaitPidFlag::__WALL)).context("wait for the thread to stop")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::Ticks;

    #[test]
    fn a_frozen_thread_stands_still_while_others_run_and_then_runs_on() {
        // A process cannot trace its own threads: watch another.
        let mut child =
            std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let pid = Pid::from_raw(child.id() as i32);
        let ticks = Ticks::every(Duration::from_millis(20)).unwrap();
        let time = |pid: Pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
            text.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        let frozen = Frozen::freeze(pid).unwrap();
        let (runs, busy) = (frozen.runs().unwrap(), time(pid));
        ticks.next().unwrap();
        ticks.next().unwrap();
        assert_eq!((frozen.runs().unwrap(), time(pid)), (runs, busy));
        drop(frozen);
        for _ in 0..100 {
            ticks.next().unwrap();
            if time(pid) > busy {
                break;
            }
        }
        let ran_on = time(pid) > busy;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(ran_on);
    }
}
