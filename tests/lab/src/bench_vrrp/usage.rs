//! What a daemon costs: processor time of all its threads, memory, and what its host sent.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use nix::unistd::Pid;

use crate::net::Host;

/// Processor time of a process group so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    at: Instant,
    busy_ns: u64,
}

impl Usage {
    /// Reads it: user and system time, to the nanosecond.
    pub(crate) fn of(leader: Pid) -> Result<Self> {
        let mut busy_ns = 0;
        for process in group(leader)? {
            let tasks = format!("/proc/{process}/task");
            for task in fs::read_dir(&tasks).with_context(|| format!("list {tasks}"))? {
                let path = task?.path().join("schedstat");
                let text = fs::read_to_string(&path).with_context(|| {
                    format!("read {}: is CONFIG_SCHED_INFO set?", path.display())
                })?;
                let busy = text.split_whitespace().next().context("an empty schedstat")?;
                busy_ns += busy.parse::<u64>()?;
            }
        }
        Ok(Self { at: Instant::now(), busy_ns })
    }

    /// Processor time since an earlier reading, in microseconds.
    pub(crate) fn busy_us_since(self, earlier: Self) -> f64 {
        self.busy_ns.saturating_sub(earlier.busy_ns) as f64 / 1e3
    }

    /// The same as percent of one core.
    pub(crate) fn percent_since(self, earlier: Self) -> f64 {
        self.busy_us_since(earlier) / (self.at - earlier.at).as_secs_f64() / 1e4
    }
}

/// Resident memory in MB (10^6 bytes) of the greatest process of a group.
pub(crate) fn resident_mb(leader: Pid) -> Result<f64> {
    let mut greatest = 0.0_f64;
    for process in group(leader)? {
        let path = format!("/proc/{process}/status");
        let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        let kib: f64 = kib.with_context(|| format!("{path} without VmRSS"))?.parse()?;
        greatest = greatest.max(kib * 1024.0 / 1e6);
    }
    Ok(greatest)
}

/// Packets that a host has sent by its `eth` interfaces, and received.
pub(crate) fn packets(host: &Host) -> Result<(u64, u64)> {
    let text = host.enter(|| fs::read_to_string("/proc/thread-self/net/dev"))?;
    let mut total = (0, 0);
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("eth")) {
        let (_, numbers) = line.split_once(':').context("a line of net/dev without colon")?;
        let numbers: Vec<u64> = numbers.split_whitespace().flat_map(str::parse).collect();
        total.0 += numbers.get(9).context("a short line of net/dev")?;
        total.1 += numbers.get(1).context("a short line of net/dev")?;
    }
    Ok(total)
}

/// The leader and every process of its group.
fn group(leader: Pid) -> Result<Vec<i32>> {
    let mut members = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // Ended since it was listed: it is nobody's.
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        // "pid (name) state parent group": the name may hold anything, so count from its end.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if rest.split_whitespace().nth(2) == Some(leader.to_string().as_str()) {
            members.push(process);
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::Duration;

    use nix::sys::signal::{Signal, killpg};

    use super::*;
    use crate::client::Ticks;

    /// Killed with what it started, whatever becomes of the test.
    struct Shell(std::process::Child);

    impl Drop for Shell {
        fn drop(&mut self) {
            killpg(Pid::from_raw(self.0.id() as i32), Signal::SIGKILL).unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn a_group_is_its_leader_and_what_it_started_and_its_time_grows() {
        let script = "sleep 60 & while :; do :; done";
        let shell = Command::new("sh").args(["-c", script]).process_group(0).spawn().unwrap();
        let shell = Shell(shell);
        let leader = Pid::from_raw(shell.0.id() as i32);
        let ticks = Ticks::every(Duration::from_millis(20)).unwrap();
        for _ in 0..250 {
            if group(leader).unwrap().len() == 2 {
                break;
            }
            ticks.next().unwrap();
        }
        assert_eq!(group(leader).unwrap().len(), 2);
        let before = Usage::of(leader).unwrap();
        ticks.next().unwrap();
        ticks.next().unwrap();
        let after = Usage::of(leader).unwrap();
        assert!(resident_mb(leader).unwrap() > 0.1);
        assert!(after.busy_us_since(before) > 100.0, "{before:?} {after:?}");
        assert!(after.percent_since(before) <= 110.0);
    }
}
