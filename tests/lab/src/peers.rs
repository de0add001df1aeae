//! The daemons that can be one half of a pair: gemel, and keepalived; their files and commands.
//!
//! Both halves hold one virtual router with one address: VRID 51 on `eth0`, 100 ms, 192.0.2.80;
//! lb1 is 192.0.2.11 with priority 150, lb2 is 192.0.2.12 with priority 100. gemel tracks `eth1`,
//! whose loss costs 60.

use std::env;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::net::Host;
use crate::programs;

/// The virtual address.
pub const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);

/// The advertisement interval of both.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// The virtual router's number.
pub const VRID: u8 = 51;

/// Who runs on a director.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Product {
    /// The daemon under test.
    Gemel,
    /// keepalived, from the distribution, VRRPv3.
    Keepalived,
}

/// How adverts travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Adverts {
    /// To 224.0.0.18.
    Multicast,
    /// To the other's address.
    Unicast,
}

/// What a daemon writes while it works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Logging {
    /// All it can say, for a failed test.
    Full,
    /// Nothing, where it is timed: keepalived writes its lines before it sends its packets. gemel
    /// has no such switch; its lines do not wait on the way of its packets.
    Quiet,
}

/// Which of the two directors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// Priority 150.
    Lb1,
    /// Priority 100.
    Lb2,
}

impl Side {
    /// The host's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lb1 => "lb1",
            Self::Lb2 => "lb2",
        }
    }

    /// The host's own address.
    pub fn address(self) -> Ipv4Addr {
        match self {
            Self::Lb1 => Ipv4Addr::new(192, 0, 2, 11),
            Self::Lb2 => Ipv4Addr::new(192, 0, 2, 12),
        }
    }

    /// Its base priority.
    pub fn priority(self) -> u8 {
        match self {
            Self::Lb1 => 150,
            Self::Lb2 => 100,
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Lb1 => Self::Lb2,
            Self::Lb2 => Self::Lb1,
        }
    }

    /// How long it waits for a silent peer: RFC 9568 6.1, three intervals and its skew time.
    pub fn active_down_interval(self) -> Duration {
        3 * INTERVAL + self.skew_time()
    }

    /// RFC 9568 6.1.
    pub fn skew_time(self) -> Duration {
        INTERVAL * (256 - u32::from(self.priority())) / 256
    }
}

impl Product {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemel => "gemel",
            Self::Keepalived => "keepalived",
        }
    }

    /// Writes what it needs into `folder` and returns the command that runs it in `host`.
    pub fn command(
        self,
        host: &Host,
        side: Side,
        adverts: Adverts,
        logging: Logging,
        folder: &Path,
    ) -> Result<Command> {
        match self {
            Self::Gemel => gemel_run(host, side, &gemel_file(adverts), folder),
            Self::Keepalived => keepalived_run(host, side, adverts, logging, folder),
        }
    }
}

/// Where the binary under test is: `GEMEL_BIN`, or where the build put it.
pub fn gemel_binary() -> Result<PathBuf> {
    env::var_os("GEMEL_BIN").map_or_else(programs::gemel, |path| Ok(PathBuf::from(path)))
}

/// The command `gemel run` in `host` on a file with this text, with its folders in `folder`.
pub fn gemel_run(host: &Host, side: Side, file: &str, folder: &Path) -> Result<Command> {
    let config = folder.join("gemel.toml");
    fs::write(&config, file).with_context(|| format!("write {}", config.display()))?;
    let mut command = gemel(host)?;
    command.arg("run").arg("--config").arg(config);
    command.args(["--director", side.name()]);
    command.arg("--run-dir").arg(folder.join("run"));
    command.arg("--state-dir").arg(folder.join("state"));
    Ok(command)
}

/// The command `gemel` in `host`, without arguments.
pub fn gemel(host: &Host) -> Result<Command> {
    let binary = gemel_binary()?;
    Ok(host.command(binary.to_str().context("the path of gemel is not UTF-8")?))
}

/// The text of the file for both directors.
pub fn gemel_file(adverts: Adverts) -> String {
    let mut file = String::from("[pair]\nname = \"lab\"\n");
    for side in [Side::Lb1, Side::Lb2] {
        file.push_str(&format!(
            "\n[[director]]\nname = \"{}\"\npriority = {}\n",
            side.name(),
            side.priority()
        ));
    }
    file.push_str(&format!(
        "\n[[router]]\nname = \"web\"\ninterface = \"eth0\"\nvrid = {VRID}\n\
         interval = \"{}ms\"\naddresses = [\"{VIP}\"]\n\
         track = [{{ interface = \"eth1\", weight = -60 }}]\n",
        INTERVAL.as_millis()
    ));
    if adverts == Adverts::Unicast {
        file.push_str(&format!(
            "adverts = \"unicast\"\npeers = {{ lb1 = \"{}\", lb2 = \"{}\" }}\n",
            Side::Lb1.address(),
            Side::Lb2.address()
        ));
    }
    file
}

fn keepalived_run(
    host: &Host,
    side: Side,
    adverts: Adverts,
    logging: Logging,
    folder: &Path,
) -> Result<Command> {
    let config = folder.join("keepalived.conf");
    fs::write(&config, keepalived_file(side, adverts))?;
    let mut command = host.command("keepalived");
    command.args(["--dont-fork", "--no-syslog", "--vrrp", "--use-file"]).arg(config);
    match logging {
        Logging::Full => command.args(["--log-console", "--log-detail"]),
        Logging::Quiet => &mut command,
    };
    for (option, file) in [("--pid", "keepalived.pid"), ("--vrrp_pid", "vrrp.pid")] {
        let file = folder.join(file);
        // Left by a killed one; it would refuse to start while that is not reaped.
        if file.exists() {
            fs::remove_file(&file)?;
        }
        command.arg(option).arg(file);
    }
    Ok(command)
}

/// Real-time priority as gemel has it, so that the two are measured alike; and a second of it
/// before the kernel kills it, since its default of 10 ms is not enough on a busy machine.
fn keepalived_file(side: Side, adverts: Adverts) -> String {
    let unicast = match adverts {
        Adverts::Multicast => String::new(),
        Adverts::Unicast => format!(
            "  unicast_src_ip {}\n  unicast_peer {{\n    {}\n  }}\n",
            side.address(),
            side.other().address()
        ),
    };
    format!(
        "global_defs {{\n  router_id {}\n  vrrp_version 3\n  vrrp_rt_priority 50\n  \
         vrrp_rlimit_rttime 1000000\n}}\n\
         vrrp_instance web {{\n  state BACKUP\n  interface eth0\n  virtual_router_id {VRID}\n  \
         priority {}\n  advert_int {}\n{unicast}  virtual_ipaddress {{\n    {VIP}/32\n  }}\n}}\n",
        side.name(),
        side.priority(),
        INTERVAL.as_secs_f64(),
    )
}
