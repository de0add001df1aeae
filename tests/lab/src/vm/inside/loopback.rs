//! A director whose `lo` is down: the kernel then refuses every real server, and gemel must say
//! so and leave nothing half done.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::daemon::Daemon;
use crate::net::Lab;
use crate::{programs, table};

pub(super) fn run() -> Result<()> {
    let mut lab = Lab::new()?;
    let host = lab.host("lb1", &[("eth0", "front", "192.0.2.11/24")])?;
    host.ip(&["link set lo down"])?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("gemel.toml");
    std::fs::write(&file, FILE).context("write the file")?;

    let mut command = host.command(&programs::gemel()?.to_string_lossy());
    command.arg("run").arg("--config").arg(&file).args(["--director", "lb1"]);
    command.arg("--run-dir").arg(folder.path().join("run"));
    command.arg("--state-dir").arg(folder.path().join("state"));
    let mut daemon = Daemon::start("gemel-lb1", command, folder.path())?;
    let status = daemon.wait(Duration::from_secs(20))?;
    let log = daemon.log()?;
    println!("gemel with lo down: {status}: {}", log.trim());
    ensure!(!status.success(), "it ended as if nothing were wrong");
    ensure!(log.contains("interface lo is down"), "its message does not name the interface");
    ensure!(log.contains("ip link set lo up"), "its message does not name the way out");
    ensure!(log.trim().lines().count() == 1, "it is more than one message");
    let table = table::of_kernel(&host)?;
    ensure!(table.is_empty(), "it left something in the table: {table:?}");
    let addresses = host.output("ip", &["-4", "-oneline", "address", "show", "dev", "eth0"])?;
    ensure!(!addresses.contains("192.0.2.80"), "it left an address: {addresses}");
    Ok(())
}

const FILE: &str = r#"
[pair]
name = "loopback"

[[director]]
name = "lb1"
priority = 150

[[director]]
name = "lb2"

[[router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.80"]

[[service]]
name = "http"
listen = "tcp://192.0.2.80:80"
router = "web"
forward = "direct"
check = { tcp = true }
server = [{ address = "192.0.2.21" }]
"#;
