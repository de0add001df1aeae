//! The file as written: every value with its place, nothing yet compared with anything.
//!
//! `None` means unusable, and the problem is recorded; a key that may be absent is an `Option`
//! inside. Defaults are filled in and stand at the header of their table. The keys themselves are
//! described in the crate's documentation.

use std::net::IpAddr;

use clock::{Duration, Interval};
use coordinator::{Impact, Source};
use health::Question;
use ipvs_table::{Forward, Scheduler, ServiceKey, Weight};
use track::{Command, Timing};
use vrrp_proto::held::{Accept, AnnouncePolicy, Scope, VirtualRoute, VirtualRule};
use vrrp_proto::router::{Preempt, Strictness};
use vrrp_proto::{ChecksumPolicy, DownFactor, Family, Priority, Vrid};

use crate::finding::{At, Span};
use crate::settings::VirtualMac;

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) pair: Option<Pair>,
    pub(crate) directors: Vec<Director>,
    /// The default if absent.
    pub(crate) announce: Option<AnnouncePolicy>,
    pub(crate) routers: Vec<Router>,
    pub(crate) groups: Vec<Group>,
    pub(crate) scripts: Vec<Script>,
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
    pub(crate) version: Option<At<Version>>,
    pub(crate) password: Option<Option<At<[u8; 8]>>>,
    pub(crate) checksum: Option<Option<At<ChecksumPolicy>>>,
    pub(crate) interval: Option<At<Interval>>,
    pub(crate) addresses: Option<Addresses>,
    pub(crate) unadvertised: Option<Addresses>,
    pub(crate) priority: Option<Vec<PerDirector<Priority>>>,
    pub(crate) track: Option<Vec<Option<Track>>>,
    pub(crate) adverts: Option<At<Way>>,
    pub(crate) peers: Option<Option<Peers>>,
    pub(crate) min_ttl: Option<Option<At<u8>>>,
    pub(crate) preempt: Option<At<Preempt>>,
    pub(crate) preempt_delay: Option<At<Duration>>,
    pub(crate) startup_delay: Option<At<Duration>>,
    pub(crate) down_factor: Option<At<DownFactor>>,
    pub(crate) strictness: Option<At<Strictness>>,
    pub(crate) accept: Option<At<Accept>>,
    pub(crate) virtual_mac: Option<Option<At<VirtualMac>>>,
    pub(crate) routes: Option<Vec<Option<At<VirtualRoute>>>>,
    pub(crate) rules: Option<Vec<Option<At<VirtualRule>>>>,
}

impl Router {
    /// Every usable address it holds, advertised or not.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Address> {
        let lists = [&self.addresses, &self.unadvertised];
        lists.into_iter().flatten().flatten().flatten()
    }

    /// Whether each address of the list is usable, so that one can say what is not there.
    pub(crate) fn addresses_are_known(&self) -> bool {
        self.addresses.as_ref().is_some_and(|list| list.iter().all(Option::is_some))
    }

    /// Its first advertised address of this family.
    pub(crate) fn first_of(&self, family: Family) -> Option<&Address> {
        let addresses = || self.addresses.iter().flatten().flatten();
        addresses().find(|one| Family::of(one.address.value) == family)
    }
}

/// `router.addresses`: `None` stands for an item that is unusable.
pub(crate) type Addresses = Vec<Option<Address>>;

/// An item of `router.addresses` or `router.unadvertised`
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) address: At<IpAddr>,
    pub(crate) prefix: Option<u8>,
    pub(crate) interface: Option<At<String>>,
    pub(crate) label: Option<At<String>>,
    pub(crate) scope: Option<At<Scope>>,
}

/// `router.version`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Version {
    Two,
    Three,
}

/// An entry of a table whose keys are directors' names.
#[derive(Debug)]
pub(crate) struct PerDirector<T> {
    pub(crate) director: At<String>,
    pub(crate) value: Option<At<T>>,
}

/// `router.peers`: of each director one address of each family.
pub(crate) type Peers = At<Vec<PerDirector<Vec<At<IpAddr>>>>>;

/// `router.adverts`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Multicast,
    Unicast,
}

/// An item of `router.track`
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) what: String,
    pub(crate) source: Option<At<Source>>,
    pub(crate) impact: Option<At<Impact>>,
    pub(crate) timing: Option<At<Timing>>,
}

/// `[[group]]`
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) what: String,
    pub(crate) header: Span,
    pub(crate) name: Option<At<String>>,
    pub(crate) routers: Option<Vec<Option<At<String>>>>,
    pub(crate) leader: Option<Option<At<String>>>,
}

/// `[[script]]`
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) name: Option<At<String>>,
    pub(crate) command: Option<At<Command>>,
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
