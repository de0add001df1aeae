//! The validated file: what exists holds together.

use std::collections::BTreeMap;
use std::net::IpAddr;

use coordinator::Quorum;
use health::{Question, Timing};
use ipvs_table::{Forward, Scheduler, ServiceKey, Weight};
use track::Command;
use vrrp_proto::Priority;
use vrrp_proto::held::AnnouncePolicy;

mod router;

pub use router::{Address, Adverts, Router, Track, Version, VirtualMac};
pub(crate) use router::{LONGEST_DEVICE, device};

/// A file that holds together.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `pair.name`
    pub pair: String,
    /// `pair.secret_file`: the key of the pair link. Nothing reads it yet.
    pub secret_file: Option<String>,
    /// `[[director]]`, one or two; none if there is nothing to do at all
    pub directors: Vec<Director>,
    /// `[announce]`
    pub announce: AnnouncePolicy,
    /// `[[router]]`
    pub routers: Vec<Router>,
    /// `[[group]]`
    pub groups: Vec<Group>,
    /// `[[script]]`: what each runs, by name
    pub scripts: BTreeMap<String, Command>,
    /// `[[service]]`
    pub services: Vec<Service>,
}

/// `[[director]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Director {
    /// Which one; the host name by default.
    pub name: String,
    /// For the pair link.
    pub address: Option<IpAddr>,
    /// Base priority of its routers; 100 by default.
    pub priority: Priority,
}

/// `[[group]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its routers, by name: they agree on what they decide together.
    pub routers: Vec<String>,
    /// The one that decides for all; all decide without it.
    pub leader: Option<String>,
}

/// `[[service]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// `listen`
    pub key: ServiceKey,
    /// The router whose addresses it stands on, by name.
    pub router: Option<String>,
    /// `wlc` by default.
    pub scheduler: Scheduler,
    /// `direct`, `nat` or `tunnel`.
    pub forward: Forward,
    /// `quorum`; its hold is the slowest detection bound of the checks.
    pub quorum: Option<Quorum>,
    /// `check`
    pub check: Option<CheckSettings>,
    /// `server`
    pub servers: Vec<Server>,
}

/// `service.check`
#[derive(Clone, Debug, PartialEq)]
pub struct CheckSettings {
    /// What is asked.
    pub question: Question,
    /// The port asked; the server's by default.
    pub port: Option<u16>,
    /// When.
    pub timing: Timing,
}

/// One entry of `service.server`
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Its address.
    pub address: IpAddr,
    /// Its port; the service's by default.
    pub port: u16,
    /// 1 by default.
    pub weight: Weight,
}
