//! The file as written: every value with its place, nothing yet compared with anything.
//!
//! `None` means unusable, and the problem is recorded; a key that may be absent is an `Option`
//! inside. Defaults are filled in and stand at the header of their table. The keys themselves are
//! described in the crate's documentation.

use std::net::{IpAddr, Ipv4Addr};

use clock::{Duration, Interval};
use health::Question;
use ipvs_table::{Forward, Scheduler, ServiceKey, Weight};
use vrrp_proto::router::Preempt;
use vrrp_proto::{ChecksumPolicy, Priority, Vrid};

use crate::finding::{At, Span};

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) pair: Option<Pair>,
    pub(crate) directors: Vec<Director>,
    pub(crate) routers: Vec<Router>,
    pub(crate) services: Vec<Service>,
    /// Whether an element of one of the lists is no table: then nothing can be said of absences.
    pub(crate) incomplete: bool,
}

/// `[pair]`
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) header: Span,
    pub(crate) name: Option<At<String>>,
    pub(crate) secret_file: Option<Option<At<String>>>,
}

/// `[[director]]`
#[derive(Debug)]
pub(crate) struct Director {
    pub(crate) header: Span,
    pub(crate) name: Option<At<String>>,
    pub(crate) address: Option<Option<At<IpAddr>>>,
    pub(crate) priority: Option<At<Priority>>,
}

/// `[[router]]`
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) what: String,
    pub(crate) header: Span,
    pub(crate) name: Option<At<String>>,
    pub(crate) interface: Option<At<String>>,
    pub(crate) vrid: Option<At<Vrid>>,
    pub(crate) interval: Option<At<Interval>>,
    pub(crate) addresses: Option<Addresses>,
    pub(crate) priority: Option<Vec<PerDirector<Priority>>>,
    pub(crate) track: Option<Vec<Option<Track>>>,
    pub(crate) adverts: Option<At<Way>>,
    pub(crate) peers: Option<Option<At<Vec<PerDirector<Ipv4Addr>>>>>,
    pub(crate) preempt: Option<At<Preempt>>,
    pub(crate) checksum: Option<At<ChecksumPolicy>>,
}

/// `router.addresses`: `None` stands for an item that is unusable.
pub(crate) type Addresses = Vec<Option<At<(Ipv4Addr, u8)>>>;

/// An entry of a table whose keys are directors' names.
#[derive(Debug)]
pub(crate) struct PerDirector<T> {
    pub(crate) director: At<String>,
    pub(crate) value: Option<At<T>>,
}

/// `router.adverts`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Multicast,
    Unicast,
}

/// An item of `router.track`
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) interface: Option<At<String>>,
    pub(crate) weight: Option<At<i32>>,
}

/// `[[service]]`
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) what: String,
    pub(crate) header: Span,
    pub(crate) name: Option<At<String>>,
    pub(crate) listen: Option<At<ServiceKey>>,
    pub(crate) router: Option<Option<At<String>>>,
    pub(crate) scheduler: Option<At<Scheduler>>,
    pub(crate) forward: Option<At<Forward>>,
    pub(crate) quorum: Option<Option<Quorum>>,
    pub(crate) check: Option<Option<Check>>,
    pub(crate) servers: Option<Vec<Server>>,
}

/// `service.quorum`
#[derive(Debug)]
pub(crate) struct Quorum {
    pub(crate) header: Span,
    pub(crate) up_at: Option<At<u32>>,
    pub(crate) down_below: Option<At<u32>>,
    pub(crate) priority: Option<At<i32>>,
}

/// `service.check`
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) ask: Option<At<Ask>>,
    pub(crate) interval: Option<At<Duration>>,
    pub(crate) timeout: Option<At<Duration>>,
    pub(crate) fall: Option<At<u32>>,
    pub(crate) rise: Option<At<u32>>,
}

/// `service.check.http` or `.tcp`
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) question: Question,
    pub(crate) port: Option<u16>,
}

/// An item of `service.server`
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) what: String,
    pub(crate) address: Option<At<IpAddr>>,
    /// The service's if absent.
    pub(crate) port: Option<Option<At<u16>>>,
    pub(crate) weight: Option<At<Weight>>,
}
