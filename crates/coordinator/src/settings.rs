//! What the coordinator is told to care about.
//!
//! Made from the configuration file for one director by whoever assembles the daemon; valid as it
//! stands, so nothing here is checked again.

use std::collections::BTreeMap;

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
    /// Interfaces whose loss is a cause.
    pub track: Vec<Track>,
}

/// An interface whose loss changes the priority.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Track {
    /// Its name.
    pub interface: String,
    /// Added to the priority while it is down or absent; usually negative.
    pub weight: i32,
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
