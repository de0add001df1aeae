//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Manages a pair of LVS directors: VRRP moves the addresses, IPVS spreads their traffic, and what
/// the health checks find decides both.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a configuration file: all its problems at once; exit 0 without errors, else 1
    Check(Check),
    /// Run this director in the foreground
    Run(Run),
    /// Print the configuration file's JSON Schema, for editors
    Schema,
    /// Show what the running director does, and why
    Status(Status),
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The file, the same on both directors
    #[arg(default_value = "/etc/gemel/gemel.toml")]
    pub(crate) file: PathBuf,
}

/// SIGTERM and SIGINT release the addresses to the peer and stop; SIGUSR2 stops and leaves
/// everything as it is for a process that follows at once.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The file, the same on both directors
    #[arg(long, default_value = "/etc/gemel/gemel.toml")]
    pub(crate) config: PathBuf,
    /// Which director of the file this is; by default the host name
    #[arg(long)]
    pub(crate) director: Option<String>,
    /// Folder on tmpfs for the control socket and the state a restart resumes from
    #[arg(long, default_value = "/run/gemel")]
    pub(crate) run_dir: PathBuf,
    /// Folder for what must survive a reboot
    #[arg(long, default_value = "/var/lib/gemel")]
    pub(crate) state_dir: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The daemon's run folder
    #[arg(long, default_value = "/run/gemel")]
    pub(crate) run_dir: PathBuf,
}
