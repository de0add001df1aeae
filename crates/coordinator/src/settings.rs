//! What the coordinator is told to care about.
//!
//! Made from the configuration file for one director by whoever assembles the daemon; valid as it
//! stands, so nothing here is checked again.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use clock::Duration;
use health::CheckId;
use ipvs_table::{Forward, Scheduler, ServerKey, ServiceKey, Weight};
use vrrp_proto::{Priority, RouterId};

/// Everything of one director's configuration that bears on priorities and on the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Every virtual router.
    pub routers: BTreeMap<RouterId, RouterPolicy>,
    /// Every virtual server.
    pub pools: BTreeMap<ServiceKey, Pool>,
    /// How long a first claim waits for the first round of checks (design.md 6).
    pub hold: Duration,
}

/// How one router's priority is made.
#[derive(Clone, Debug, PartialEq)]
pub struct RouterPolicy {
    /// Its name in the file.
    pub name: String,
    /// The base priority of this director.
    pub base: Priority,
    /// What of this machine is a cause or a fault.
    pub track: Vec<Track>,
}

/// A fact about this machine that bears on a router.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Track {
    /// Where the fact comes from.
    pub source: Source,
    /// What it does while it is bad.
    pub impact: Impact,
    /// How long a change that could move the addresses is held, because the other director may see
    /// the same: the slowest detection bound. `None` for what concerns this machine alone. A fault
    /// is never held.
    pub hold: Option<Duration>,
}

/// What a bad reading does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Impact {
    /// Added to the priority; usually negative. A number is multiplied with it.
    Weight(i32),
    /// The router leaves its election until the reading is good.
    Fault,
}

/// Where a fact about this machine comes from; its name in every output.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// An interface is up and running.
    Interface(String),
    /// An address is on some interface.
    Address(IpAddr),
    /// A route is in the main table: where to, with its prefix length.
    Route(IpAddr, u8),
    /// A next hop answers ARP or neighbour solicitations: the address and the interface.
    Gateway(IpAddr, String),
    /// The number in a file: an absolute path. An absent file is bad.
    File(String),
    /// A process of this name runs.
    Process(String),
    /// The last exit of a script, by its name in the file.
    Script(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => write!(f, "interface {name}"),
            Self::Address(address) => write!(f, "address {address}"),
            Self::Route(to, prefix) => write!(f, "route {to}/{prefix}"),
            Self::Gateway(address, interface) => write!(f, "gateway {address} on {interface}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Process(name) => write!(f, "process {name}"),
            Self::Script(name) => write!(f, "script {name}"),
        }
    }
}

/// What a source says now. A source that has said nothing yet is neither good nor bad.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// As it should be.
    Good,
    /// Not.
    Bad,
    /// A number: multiplied with the weight; a fault unless 0.
    Number(i32),
}

/// One virtual server and its real servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its name in the file.
    pub name: String,
    /// The router whose priority its quorum moves.
    pub router: Option<RouterId>,
    /// How it picks a real server.
    pub scheduler: Scheduler,
    /// How packets reach its real servers.
    pub forward: Forward,
    /// When it counts as lost, and what that is worth.
    pub quorum: Option<Quorum>,
    /// Its real servers.
    pub servers: BTreeMap<ServerKey, ServerPolicy>,
}

/// When a pool counts as lost: below `down_below`; until `up_at` again; between: unchanged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quorum {
    /// Live servers from which the pool is up, at least `down_below`.
    pub up_at: u32,
    /// Live servers below which it is lost, at least 1.
    pub down_below: u32,
    /// Added to the router's priority while it is lost; usually negative.
    pub priority: i32,
    /// How long a change that would move the addresses is held: the slowest detection bound of the
    /// pool's checks, of a loss as of a return (design.md 5). Shorter than either, it lets what both
    /// directors notice move the addresses.
    pub hold: Duration,
}

/// One real server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerPolicy {
    /// Its weight while it is up.
    pub weight: Weight,
    /// The check that judges it; without one it is always up.
    pub check: Option<CheckId>,
}
