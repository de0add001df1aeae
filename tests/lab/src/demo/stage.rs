//! The demo's network and the daemons in it.
//!
//! ```text
//!            front 192.0.2.0/24               back 10.0.1.0/24
//!  client .100 ─────┬─── eth0 lb1 .11 eth1 ────────┬──── checks, requests
//!                   ├─── eth0 lb2 .12 eth1 ────────┤
//!                   ├─── eth0 web1 .21 eth1 ───────┤
//!                   └─── eth0 web2 .22 eth1 ───────┘
//!                     answers, straight to the client
//! ```

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::pace::Pace;
use crate::client::Ticks;
use crate::daemon::Daemon;
use crate::net::{Host, Lab};
use crate::programs;
use crate::servers::{Lifetime, RealServer, hold_quietly, relax_return_path};

/// The virtual address.
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);

/// The real servers by their addresses in the table.
pub(super) const SERVERS: [(&str, &str); 2] = [("web1", "10.0.1.21"), ("web2", "10.0.1.22")];

/// Everything that stands while the demo runs.
pub(super) struct Stage {
    pub client: Host,
    pub lb1: Director,
    pub lb2: Director,
    pub web1: RealServer,
    pub web2: RealServer,
    /// After the processes in it.
    pub lab: Lab,
}

/// One of the pair: the host, and gemel on it while it runs.
pub(super) struct Director {
    pub host: Host,
    folder: PathBuf,
    lifetime: Lifetime,
    daemon: Option<Daemon>,
}

impl Stage {
    /// The network with its real servers; no director runs yet.
    pub(super) fn build(folder: &Path, pace: &Pace, lifetime: Lifetime) -> Result<Self> {
        fs::write(folder.join("gemel.toml"), pace.file()).context("write the file")?;
        let mut lab = Lab::new()?;
        let client = lab.host("client", &[("eth0", "front", "192.0.2.100/24")])?;
        let mut host = |name: &str, number: u8| {
            let (front, back) = (format!("192.0.2.{number}/24"), format!("10.0.1.{number}/24"));
            let host = lab.host(name, &[("eth0", "front", &front), ("eth1", "back", &back)])?;
            relax_return_path(&host, &["eth0", "eth1"])?;
            anyhow::Ok(host)
        };
        let (lb1, lb2) = (host("lb1", 11)?, host("lb2", 12)?);
        let (web1, web2) = (host("web1", 21)?, host("web2", 22)?);
        for server in [&web1, &web2] {
            hold_quietly(server, "lo", ADDRESS)?;
        }
        let director =
            |host: Host| Director { host, folder: folder.to_path_buf(), lifetime, daemon: None };
        Ok(Self {
            client,
            lb1: director(lb1),
            lb2: director(lb2),
            web1: RealServer::start(&web1, folder, lifetime)?,
            web2: RealServer::start(&web2, folder, lifetime)?,
            lab,
        })
    }

    /// Leaves everything up when this process ends; returns the process ids to end it with.
    pub(super) fn keep(self) -> Vec<i32> {
        let directors = [self.lb1, self.lb2].into_iter().filter_map(|director| director.daemon);
        let servers = [self.web1.keep(), self.web2.keep()].into_iter().flatten();
        let mut pids: Vec<i32> = servers.collect();
        for daemon in directors {
            pids.push(daemon.pid().as_raw());
            std::mem::forget(daemon);
        }
        self.lab.keep();
        pids
    }
}

impl Director {
    /// Starts gemel and waits until it answers on its control socket.
    pub(super) fn start(&mut self) -> Result<()> {
        let name = self.host.name();
        let gemel = programs::gemel()?;
        let mut command = self.lifetime.command(&self.host, &gemel);
        command.args(["run", "--director", name, "--config"]).arg(self.folder.join("gemel.toml"));
        command.arg("--run-dir").arg(self.run_dir());
        command.arg("--state-dir").arg(self.folder.join(format!("{name}-state")));
        let mut daemon = Daemon::start(&format!("gemel-{name}"), command, &self.folder)?;
        let socket = self.run_dir().join("control.sock");
        let beat = Ticks::every(Duration::from_millis(10))?;
        // One left by a process that was killed is replaced, so connecting tells.
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            if !daemon.is_running()? {
                bail!("gemel on {name} ended: {}", daemon.tale());
            }
            beat.next()?;
        }
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Every process of it is gone at once.
    pub(super) fn crash(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.crash())
    }

    /// SIGTERM; returns at once.
    pub(super) fn terminate(&self) -> Result<()> {
        self.daemon.as_ref().map_or(Ok(()), |daemon| daemon.signal(Signal::SIGTERM))
    }

    /// Waits until it has ended by itself.
    pub(super) fn wait(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.daemon.take() {
            let status = daemon.wait(Duration::from_secs(20))?;
            if !status.success() {
                bail!("gemel on {} ended with {status}: {}", self.host.name(), daemon.tale());
            }
        }
        Ok(())
    }

    /// What `gemel status --json` says of its virtual router: role, priority, causes.
    pub(super) fn own_words(&self) -> Result<String> {
        let run_dir = self.run_dir();
        let arguments = ["status", "--json", "--run-dir", &run_dir.to_string_lossy()];
        let text = self.host.output(&programs::gemel()?.to_string_lossy(), &arguments)?;
        let status: Value = serde_json::from_str(&text).context("gemel status --json")?;
        sentence(&status).with_context(|| format!("no virtual router in the status: {text}"))
    }

    pub(super) fn run_dir(&self) -> PathBuf {
        self.folder.join(format!("{}-run", self.host.name()))
    }

    /// What it printed, for a demo that went wrong.
    pub(super) fn tale(&self) -> String {
        self.daemon.as_ref().map_or_else(String::new, Daemon::tale)
    }
}

/// "Active, priority 90 = 150 - 60 (quorum of http)", from its status.
fn sentence(status: &Value) -> Option<String> {
    let router = status.get("routers")?.get(0)?;
    let role = router.get("role")?.as_str()?;
    let (priority, base) = (router.get("priority")?.as_u64()?, router.get("base")?.as_u64()?);
    let mut text = format!("{role}, priority {priority}");
    let counting = router.get("causes")?.as_array()?.iter().filter(|cause| cause["counts"] == true);
    let terms: Vec<String> = counting
        .map(|cause| {
            let value = cause["value"].as_i64().unwrap_or_default();
            format!("{value:+} ({})", cause["name"].as_str().unwrap_or("?"))
        })
        .collect();
    if !terms.is_empty() {
        text += &format!(" = {base} {}", terms.join(" "));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_becomes_a_sentence() {
        let causes = r#"{"name": "quorum of http", "value": -60, "counts": true},
                        {"name": "interface eth1", "value": -20, "counts": false}"#;
        check(150, "", "Backup, priority 150");
        check(90, causes, "Backup, priority 90 = 150 -60 (quorum of http)");
    }

    fn check(priority: u8, causes: &str, expected: &str) {
        let text = format!(
            r#"{{"routers": [{{"role": "Backup", "priority": {priority}, "base": 150, "causes": [{causes}]}}]}}"#
        );
        let status = serde_json::from_str(&text).unwrap();
        assert_eq!(sentence(&status).as_deref(), Some(expected));
    }
}
