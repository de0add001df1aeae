//! The validated file: what exists holds together.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use clock::Interval;
use coordinator::Quorum;
use health::{Question, Timing};
use ipvs_table::{Forward, Scheduler, ServiceKey, Weight};
use vrrp_proto::router::Preempt;
use vrrp_proto::{ChecksumPolicy, Priority, Vrid};

/// A file that holds together.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `pair.name`
    pub pair: String,
    /// `pair.secret_file`: the key of the pair link. Nothing reads it yet.
    pub secret_file: Option<String>,
    /// `[[director]]`, one or two; none if there is nothing to do at all
    pub directors: Vec<Director>,
    /// `[[router]]`
    pub routers: Vec<Router>,
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

/// `[[router]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Router {
    /// Its name.
    pub name: String,
    /// The parent interface.
    pub interface: String,
    /// Its number on that link.
    pub vrid: Vrid,
    /// 1 s by default.
    pub interval: Interval,
    /// Addresses with prefix lengths, 32 by default.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// Base priority per director, from here or from the directors.
    pub priority: BTreeMap<String, Priority>,
    /// Tracked interfaces.
    pub track: Vec<Track>,
    /// Multicast by default.
    pub adverts: Adverts,
    /// Yes by default.
    pub preempt: Preempt,
    /// `auto` by default.
    pub checksum: ChecksumPolicy,
}

/// `router.track`
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The interface.
    pub interface: String,
    /// Added to the priority while it is down.
    pub weight: i32,
}

/// `router.adverts` and `router.peers`
#[derive(Clone, Debug, PartialEq)]
pub enum Adverts {
    /// To 224.0.0.18.
    Multicast,
    /// Each director's address on that interface, by name.
    Unicast(BTreeMap<String, Ipv4Addr>),
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
