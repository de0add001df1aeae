//! The place of one measurement: two directors of one product, a client, a prober and a stranger.
//!
//! ```text
//!  lb1 eth0..ethN ─┐               ┌─ client    asks for echoes
//!                  ├ front0..N ────┤  prober    asks by ARP
//!  lb2 eth0..ethN ─┘     │         └─ stranger  sends what nobody should
//!                    the witness (the last three are on front0 only)
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::ear::Ear;
use super::plan::{Plan, own_address};
use crate::client::{Client, Ticks};
use crate::daemon::Daemon;
use crate::net::{Host, Lab};
use crate::peers::{Product, Side, gemel_binary, gemel_run};
use crate::sys;
use crate::witness::now_ns;

/// Daemons first: what is dropped first is at the top.
pub(crate) struct Site {
    pub(crate) product: Product,
    /// Priority 150.
    pub(crate) lb1: Half,
    /// Priority 100.
    pub(crate) lb2: Half,
    pub(crate) ear: Ear,
    pub(crate) client: Host,
    pub(crate) prober: Host,
    pub(crate) stranger: Host,
    pub(crate) plan: Plan,
    /// The network and the files; gone when dropped.
    _lab: Lab,
    _folder: TempDir,
}

/// One director.
pub(crate) struct Half {
    pub(crate) side: Side,
    pub(crate) host: Host,
    product: Product,
    links: usize,
    folder: PathBuf,
    file: String,
    daemon: Option<Daemon>,
}

impl Site {
    /// The network and the files; nothing runs yet.
    pub(crate) fn new(product: Product, plan: Plan) -> Result<Self> {
        let links = plan.links();
        let mut lab = Lab::new()?;
        let folder = tempfile::Builder::new().prefix("gemel-bench-").tempdir()?;
        let mut half = |side: Side| -> Result<Half> {
            let folder = folder.path().join(side.name());
            fs::create_dir(&folder)?;
            let file = plan.file(product, side);
            if product == Product::Gemel {
                accepted(&file, &folder)?;
            }
            let ports: Vec<[String; 3]> = (0..links)
                .map(|link| {
                    let own = own_address(side, link);
                    [format!("eth{link}"), format!("front{link}"), format!("{own}/16")]
                })
                .collect();
            let ports: Vec<_> =
                ports.iter().map(|[a, b, c]| (a.as_str(), b.as_str(), c.as_str())).collect();
            let host = lab.host(side.name(), &ports)?;
            Ok(Half { side, host, product, links, folder, file, daemon: None })
        };
        let (lb1, lb2) = (half(Side::Lb1)?, half(Side::Lb2)?);
        let mut other = |name, address| lab.host(name, &[("eth0", "front0", address)]);
        let client = other("client", "10.0.0.100/16")?;
        let prober = other("prober", "10.0.0.101/16")?;
        let stranger = other("stranger", STRANGER)?;
        let ear = Ear::open(&lab, links)?;
        Ok(Self {
            product,
            lb1,
            lb2,
            ear,
            client,
            prober,
            stranger,
            plan,
            _lab: lab,
            _folder: folder,
        })
    }

    /// Starts lb1, waits until it advertises every router, starts lb2 and waits until it has heard
    /// all of them.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.lb1.start()?;
        self.await_all(Side::Lb1)?;
        self.lb2.start()?;
        self.lb2.await_listening()?;
        self.settle()
    }

    /// Returns once this side has advertised every router from now on.
    pub(crate) fn await_all(&mut self, side: Side) -> Result<()> {
        let from = now_ns();
        let timeout = START + 2 * self.plan.active_down_interval();
        let wanted = self.plan.routers.len();
        let mut seen = BTreeSet::new();
        let name = self.product.name();
        let waited = self.ear.wait_for(from, timeout, "an advert of every router", |heard| {
            if heard.claims(side) {
                seen.extend(heard.router());
            }
            seen.len() == wanted
        });
        let half = self.half(side);
        waited.map(drop).with_context(|| {
            let tale = half.daemon.as_ref().map(Daemon::tale).unwrap_or_default();
            format!(
                "{name} on {} advertised {} of {wanted} routers; {tale}",
                side.name(),
                seen.len()
            )
        })
    }

    /// Lets as much time pass as anybody may take to notice anything: no event tells that a Backup
    /// has heard its Active.
    pub(crate) fn settle(&mut self) -> Result<()> {
        pass(self.plan.active_down_interval() + SETTLE)?;
        self.ear.forget();
        Ok(())
    }

    pub(crate) fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Lb1 => &mut self.lb1,
            Side::Lb2 => &mut self.lb2,
        }
    }

    /// A client that asks the first address for echoes, and gets them.
    pub(crate) fn echoes(&self) -> Result<Client> {
        let router = self.plan.routers.first().context("a plan without routers")?;
        let address = *router.addresses.first().context("a router without addresses")?;
        let client = Client::start(&self.client, address)?;
        client.wait_for_answer(START)?;
        Ok(client)
    }
}

impl Half {
    pub(crate) fn start(&mut self) -> Result<()> {
        let mut command = match self.product {
            Product::Gemel => gemel_run(&self.host, self.side, &self.file, &self.folder)?,
            Product::Keepalived => self.keepalived()?,
        };
        sys::die_with_us(&mut command);
        let name = format!("{}-{}", self.product.name(), self.side.name());
        self.daemon = Some(Daemon::start(&name, command, &self.folder)?);
        Ok(())
    }

    /// Ends it by this signal.
    pub(crate) fn stop(&mut self, signal: Signal) -> Result<()> {
        let status = self.daemon()?.stop(signal, STOP)?;
        self.daemon = None;
        ensure!(status.success(), "{} on {}: {status}", self.product.name(), self.side.name());
        Ok(())
    }

    /// Kills every process of it.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.daemon()?.crash()?;
        self.daemon = None;
        Ok(())
    }

    pub(crate) fn daemon(&mut self) -> Result<&mut Daemon> {
        let name = self.side.name();
        self.daemon.as_mut().with_context(|| format!("nothing runs on {name}"))
    }

    /// How much it has written to its log.
    pub(crate) fn log_bytes(&mut self) -> Result<usize> {
        Ok(self.daemon()?.log()?.len())
    }

    /// Returns once it is a member of the VRRP group on all its interfaces.
    pub(crate) fn await_listening(&mut self) -> Result<()> {
        let ticks = Ticks::every(LOOK_AGAIN)?;
        let tries = START.as_millis() / LOOK_AGAIN.as_millis();
        for _ in 0..tries {
            let groups = self.host.enter(|| fs::read_to_string("/proc/thread-self/net/igmp"))?;
            if groups.lines().filter(|line| line.trim().starts_with(VRRP_GROUP)).count()
                >= self.links
            {
                return Ok(());
            }
            ticks.next()?;
        }
        let (name, tale) = (self.side.name(), self.daemon()?.tale());
        anyhow::bail!("{name} does not listen for adverts: {tale}")
    }

    fn keepalived(&self) -> Result<Command> {
        let config = self.folder.join("keepalived.conf");
        fs::write(&config, &self.file)?;
        let mut command = self.host.command("keepalived");
        command.args(["--dont-fork", "--no-syslog", "--log-console", "--vrrp", "--use-file"]);
        command.arg(config);
        for (option, file) in [("--pid", "keepalived.pid"), ("--vrrp_pid", "vrrp.pid")] {
            let file = self.folder.join(file);
            // Left by a killed one; it would refuse to start while that is not reaped.
            if file.exists() {
                fs::remove_file(&file)?;
            }
            command.arg(option).arg(file);
        }
        Ok(command)
    }
}

/// gemel must take the file; what it says of it is the error otherwise.
fn accepted(file: &str, folder: &Path) -> Result<()> {
    let path = folder.join("check.toml");
    fs::write(&path, file)?;
    let said = Command::new(gemel_binary()?).arg("check").arg(&path).output()?;
    ensure!(
        said.status.success(),
        "gemel refuses the file of the bench; build both of one tree:\n{}",
        String::from_utf8_lossy(&said.stderr).lines().take(40).collect::<Vec<_>>().join("\n")
    );
    Ok(())
}

/// Lets time pass that a measurement consists of.
pub(crate) fn pass(time: Duration) -> Result<()> {
    if time.is_zero() {
        return Ok(());
    }
    Ticks::every(time)?.next()
}

/// The stranger's address and prefix.
const STRANGER: &str = "10.0.0.66/16";

/// How long a daemon with a thousand routers may take to speak, beyond what the protocol waits.
const START: Duration = Duration::from_secs(30);

/// How long a daemon may take to end.
const STOP: Duration = Duration::from_secs(20);

/// Beyond what the protocol says: a start's own work.
const SETTLE: Duration = Duration::from_millis(500);

const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// 224.0.0.18 as /proc/net/igmp writes it.
const VRRP_GROUP: &str = "120000E0";
