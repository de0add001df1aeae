//! The routers in the status: each of the file, with what its decision and its members report.

use std::collections::BTreeMap;

use clock::Instant;
use config::{Part, RouterPlan};
use coordinator::{Cause, CauseKey};
use vrrp_proto::held::{Accept, Mac, MemberSetup};
use vrrp_proto::router::{Adverts, Deciders, Link, Member, Preempt, Protocol};
use vrrp_proto::{Family, Priority, Vrid, election};

use crate::engine::Engine;
use crate::status;
use crate::time::date;
use crate::words;

impl Engine {
    /// Every router of the file that a report is about, in the order of the file within a group.
    pub(super) fn routers(&self, now: Instant, report: &vrrp::RouterReport) -> Vec<status::Router> {
        let plan = self.assembly.routers.iter().find(|plan| plan.id == report.router);
        let Some((plan, score)) = plan.zip(self.coordinator.score(report.router)) else {
            return Vec::new();
        };
        let causes: Vec<_> = score.causes.iter().map(|(key, one)| cause(now, key, one)).collect();
        let up = self.up_since.get(&plan.id).map(|since| date(now, *since));
        let one = |part: &Part| {
            let mut router = decision(now, plan, report);
            let members = members(now, plan, part, report);
            router.name = part.name.clone();
            router.group = (part.name != plan.name).then(|| plan.name.clone());
            router.base = score.base.get();
            router.causes = causes.clone();
            router.up_datetime = up.clone();
            router.interface =
                members.first().map_or_else(String::new, |one| one.interface.clone());
            router.vrid = members.first().map_or(0, |one| one.vrid);
            let peers = members.iter().filter_map(|member| member.peer.clone());
            router.peer = peers.min_by(|one, two| one.heard_s_ago.total_cmp(&two.heard_s_ago));
            router.addresses = addresses(plan, part);
            router.members = members;
            router
        };
        plan.parts.iter().map(one).collect()
    }

    /// The name of the router of the file that a member is of.
    pub(in crate::engine) fn part_of(
        &self,
        member: vrrp_proto::MemberId,
    ) -> Option<(&Part, &RouterPlan)> {
        let plan = self.assembly.routers.iter().find(|plan| plan.id == member.router)?;
        Some((plan.parts.iter().find(|part| part.members.contains(&member.at))?, plan))
    }
}

/// What all routers of a group have in common; the rest is empty.
fn decision(now: Instant, plan: &RouterPlan, report: &vrrp::RouterReport) -> status::Router {
    let settings = &plan.settings;
    let shared = election::Counters::default().named().map(|(name, _)| name);
    let sockets = report.shared.iter().filter(|(name, _)| !shared.contains(name));
    status::Router {
        name: String::new(),
        group: None,
        interface: String::new(),
        vrid: 0,
        role: report.role.to_string(),
        since_s: now.since(report.since).as_secs_f64(),
        since: date(now, report.since),
        up_datetime: None,
        reason: words::reason(report.reason).to_owned(),
        last_event: report.last_event.name().to_owned(),
        new_active_reason: report.new_active_reason.name().to_owned(),
        is_owner: settings.priority == Priority::OWNER,
        priority: report.priority.get(),
        base: 0,
        causes: Vec::new(),
        preempt: settings.preempt == Preempt::Yes,
        preempt_delay_s: settings.preempt_delay.as_secs_f64(),
        startup_delay_s: settings.startup_delay.as_secs_f64(),
        accept: plan.held.accept == Accept::Yes,
        peer: None,
        interval_ms: settings.interval.duration().as_millis() as u64,
        down_factor: settings.down_factor.get(),
        skew_us: report.skew.as_micros() as u64,
        active_down_ms: report.down_interval.as_secs_f64() * 1e3,
        addresses: Vec::new(),
        members: Vec::new(),
        socket_counters: sockets.map(|(name, count)| ((*name).to_owned(), *count)).collect(),
    }
}

fn members(
    now: Instant,
    plan: &RouterPlan,
    part: &Part,
    report: &vrrp::RouterReport,
) -> Vec<status::Member> {
    let all = plan.settings.members.iter().zip(&plan.members).zip(&report.members).enumerate();
    let own = all.filter(|(at, _)| part.members.contains(at));
    own.map(|(at, ((member, setup), report))| {
        let is_leader = plan.settings.deciders == Deciders::Leader(at);
        status::Member { is_leader, ..self::member(now, member, setup, report) }
    })
    .collect()
}

fn member(
    now: Instant,
    member: &Member,
    setup: &MemberSetup,
    report: &vrrp::MemberReport,
) -> status::Member {
    let family = member.protocol.family();
    let (adverts, peers) = match &member.adverts {
        Adverts::Multicast => ("multicast", &[] as &[_]),
        Adverts::Unicast { peers, .. } => ("unicast", peers.as_slice()),
    };
    let peer = report.peer.map(|peer| status::Peer {
        address: peer.address.to_string(),
        priority: peer.priority.get(),
        interval_ms: peer.interval.duration().as_millis() as u64,
        heard_s_ago: now.since(peer.at).as_secs_f64(),
    });
    status::Member {
        family: family.to_string(),
        version: match member.protocol {
            Protocol::V2(_) => 2,
            Protocol::V3Ipv4(_) | Protocol::V3Ipv6 => 3,
        },
        vrid: member.vrid.get(),
        interface: setup.interface.clone(),
        link: words::link(report.link).to_owned(),
        source: match report.link {
            Link::Up(address) => Some(address.to_string()),
            Link::Unaddressed | Link::Down => None,
        },
        virtual_mac: match &setup.mac {
            Mac::Virtual(device) => Some(status::VirtualMac {
                device: device.clone(),
                address: virtual_mac(family, member.vrid),
            }),
            Mac::Interface => None,
        },
        link_local: match family {
            Family::V6 => member.addresses.first().map(ToString::to_string),
            Family::V4 => None,
        },
        adverts: adverts.to_owned(),
        peers: peers.iter().map(ToString::to_string).collect(),
        is_leader: false,
        checksum: match member.protocol {
            Protocol::V3Ipv4(_) => Some(words::checksum(report.checksum).to_owned()),
            Protocol::V2(_) | Protocol::V3Ipv6 => None,
        },
        last_adv_source: peer.as_ref().map(|peer| peer.address.clone()),
        peer,
        counters: counters(&report.counters.named()),
    }
}

/// RFC 9568 7.3
fn virtual_mac(family: Family, vrid: Vrid) -> String {
    let family = match family {
        Family::V4 => 1,
        Family::V6 => 2,
    };
    words::mac([0, 0, 0x5e, 0, family, vrid.get()])
}

fn addresses(plan: &RouterPlan, part: &Part) -> Vec<status::Address> {
    let members = plan.settings.members.get(part.members.clone()).unwrap_or_default();
    let advertised: std::collections::BTreeSet<_> =
        members.iter().flat_map(|member| &member.addresses).collect();
    let held = plan.held.addresses.get(part.addresses.clone()).unwrap_or_default();
    let one = |held: &vrrp_proto::held::VirtualAddress| status::Address {
        address: format!("{}/{}", held.address, held.prefix),
        interface: held.interface.clone(),
        advertised: advertised.contains(&held.address),
    };
    held.iter().map(one).collect()
}

/// Counters by their names, those of zero too.
pub(super) fn counters(named: &[(&'static str, u64)]) -> BTreeMap<String, u64> {
    named.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn cause(now: Instant, key: &CauseKey, cause: &Cause) -> status::Cause {
    status::Cause {
        name: words::cause(key),
        value: cause.value,
        counts: cause.counts,
        since_s: now.since(cause.since).as_secs_f64(),
        held_for_s: cause.held_until.map(|until| until.since(now).as_secs_f64()),
    }
}

#[cfg(test)]
mod tests;
