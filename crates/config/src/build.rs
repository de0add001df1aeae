//! From raw shapes without problems to [`Settings`]. `None` if something is unusable after all.

use std::collections::BTreeMap;
use std::net::IpAddr;

use clock::Duration;
use health::Timing;
use ipvs_table::ServiceKey;
use vrrp_proto::router::Auth;
use vrrp_proto::{ChecksumPolicy, Priority};

use crate::finding::At;
use crate::raw;
use crate::settings::{
    Address, Adverts, CheckSettings, Director, Group, Router, Server, Service, Settings, Track,
    Version,
};

/// The file as the rest of the daemon takes it.
pub(crate) fn settings(file: raw::File) -> Option<Settings> {
    let pair = file.pair?;
    let directors: Vec<Director> =
        file.directors.into_iter().map(director).collect::<Option<_>>()?;
    let routers = file.routers.into_iter().map(|raw| router(raw, &directors));
    Some(Settings {
        pair: pair.name?.value,
        secret_file: pair.secret_file?.map(|at| at.value),
        announce: file.announce?,
        routers: routers.collect::<Option<_>>()?,
        groups: file.groups.into_iter().map(group).collect::<Option<_>>()?,
        scripts: file.scripts.into_iter().map(script).collect::<Option<_>>()?,
        services: file.services.into_iter().map(service).collect::<Option<_>>()?,
        directors,
    })
}

fn director(raw: raw::Director) -> Option<Director> {
    Some(Director {
        name: raw.name?.value,
        address: raw.address?.map(|at| at.value),
        priority: raw.priority?.value,
    })
}

fn router(raw: raw::Router, directors: &[Director]) -> Option<Router> {
    let mut priority: BTreeMap<String, Priority> =
        directors.iter().map(|director| (director.name.clone(), director.priority)).collect();
    priority.extend(per_director(raw.priority?)?);
    Some(Router {
        name: raw.name?.value,
        interface: raw.interface?.value,
        vrid: raw.vrid?.value,
        version: match raw.version?.value {
            raw::Version::Two => {
                Version::Two(value(raw.password?).map_or(Auth::None, Auth::Password))
            }
            raw::Version::Three => {
                Version::Three(value(raw.checksum?).unwrap_or(ChecksumPolicy::Auto))
            }
        },
        interval: raw.interval?.value,
        addresses: addresses(raw.addresses?)?,
        unadvertised: addresses(raw.unadvertised?)?,
        priority,
        track: raw.track?.into_iter().map(track).collect::<Option<_>>()?,
        adverts: adverts(raw.adverts?.value, raw.peers?, raw.min_ttl?)?,
        preempt: raw.preempt?.value,
        preempt_delay: raw.preempt_delay?.value,
        startup_delay: raw.startup_delay?.value,
        down_factor: raw.down_factor?.value,
        strictness: raw.strictness?.value,
        accept: raw.accept?.value,
        virtual_mac: value(raw.virtual_mac?),
        routes: raw.routes?.into_iter().map(value).collect::<Option<_>>()?,
        rules: raw.rules?.into_iter().map(value).collect::<Option<_>>()?,
    })
}

fn addresses(raw: raw::Addresses) -> Option<Vec<Address>> {
    let address = |raw: raw::Address| Address {
        address: raw.address.value,
        prefix: raw.prefix,
        interface: value(raw.interface),
        label: value(raw.label),
        scope: value(raw.scope).unwrap_or_default(),
    };
    raw.into_iter().map(|raw| raw.map(address)).collect()
}

fn adverts(way: raw::Way, peers: Option<raw::Peers>, min_ttl: Option<At<u8>>) -> Option<Adverts> {
    match way {
        raw::Way::Multicast => Some(Adverts::Multicast),
        raw::Way::Unicast => {
            let bare = |list: Vec<At<IpAddr>>| list.into_iter().map(|at| at.value).collect();
            let addresses = per_director(peers?.value)?;
            let addresses = addresses.into_iter().map(|(name, list)| (name, bare(list)));
            Some(Adverts::Unicast {
                addresses: addresses.collect(),
                min_ttl: value(min_ttl).unwrap_or(u8::MAX),
            })
        }
    }
}

fn value<T>(at: Option<At<T>>) -> Option<T> {
    at.map(|at| at.value)
}

fn per_director<T>(entries: Vec<raw::PerDirector<T>>) -> Option<BTreeMap<String, T>> {
    entries.into_iter().map(|entry| Some((entry.director.value, entry.value?.value))).collect()
}

fn track(raw: Option<raw::Track>) -> Option<Track> {
    let raw = raw?;
    Some(Track { source: raw.source?.value, impact: raw.impact?.value, timing: raw.timing?.value })
}

fn group(raw: raw::Group) -> Option<Group> {
    let routers = raw.routers?.into_iter().map(|at| Some(at?.value));
    Some(Group {
        name: raw.name?.value,
        routers: routers.collect::<Option<_>>()?,
        leader: value(raw.leader?),
    })
}

fn script(raw: raw::Script) -> Option<(String, track::Command)> {
    Some((raw.name?.value, raw.command?.value))
}

fn service(raw: raw::Service) -> Option<Service> {
    let key = raw.listen?.value;
    let ServiceKey::Listen { port, .. } = key else {
        return None;
    };
    let check = match raw.check? {
        Some(raw) => Some(check(raw)?),
        None => None,
    };
    let quorum = match raw.quorum? {
        Some(raw) => Some(quorum(raw, check.as_ref())?),
        None => None,
    };
    Some(Service {
        name: raw.name?.value,
        key,
        router: raw.router?.map(|at| at.value),
        scheduler: raw.scheduler?.value,
        forward: raw.forward?.value,
        quorum,
        check,
        servers: raw.servers?.into_iter().map(|raw| server(raw, port)).collect::<Option<_>>()?,
    })
}

fn check(raw: raw::Check) -> Option<CheckSettings> {
    let ask = raw.ask?.value;
    let timing = Timing {
        interval: raw.interval?.value,
        timeout: raw.timeout?.value,
        fall: raw.fall?.value,
        rise: raw.rise?.value,
    };
    Some(CheckSettings { question: ask.question, port: ask.port, timing })
}

/// The hold is the slowest detection bound: the other director may need as long to see the same.
fn quorum(raw: raw::Quorum, check: Option<&CheckSettings>) -> Option<coordinator::Quorum> {
    let bound = |check: &CheckSettings| check.timing.fall_bound().max(check.timing.rise_bound());
    Some(coordinator::Quorum {
        up_at: raw.up_at?.value,
        down_below: raw.down_below?.value,
        priority: raw.priority?.value,
        hold: check.map_or(Duration::ZERO, bound),
    })
}

fn server(raw: raw::Server, service_port: u16) -> Option<Server> {
    Some(Server {
        address: raw.address?.value,
        port: raw.port?.map_or(service_port, |at| at.value),
        weight: raw.weight?.value,
    })
}
