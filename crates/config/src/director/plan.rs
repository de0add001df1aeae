//! One decision of one director: a router of the file or a group, with its virtual routers and what
//! it holds.

use std::net::IpAddr;
use std::ops::Range;

use clock::Duration;
use coordinator::{Impact, RouterPolicy, Source};
use track::Timing;
use vrrp_proto::held::{Held, Mac, MemberSetup, VirtualAddress};
use vrrp_proto::{Family, LinkId, Priority, RouterId, router};

use super::HOLD;
use crate::quantity::longest_prefix;
use crate::settings::{Address, Adverts, Router, Settings, Track, Version};

/// What decides as one.
#[derive(Clone, Debug)]
pub struct RouterPlan {
    /// Its identity.
    pub id: RouterId,
    /// The name of the group, or of its one router.
    pub name: String,
    /// Protocol settings; each member's `link` is 0 until the wire thread numbers the links.
    pub settings: router::Settings,
    /// Where each member speaks.
    pub members: Vec<MemberSetup>,
    /// What is held while it is Active.
    pub held: Held,
    /// The routers of the file that it stands for, in their order.
    pub parts: Vec<Part>,
}

/// A router of the file in its plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its members: one of each family of its advertised addresses.
    pub members: Range<usize>,
    /// Its addresses among those held.
    pub addresses: Range<usize>,
}

/// What decides as one: a router alone, or those of a group, which agree on what they decide.
pub(super) struct Unit<'a> {
    /// The group's name, or the router's.
    name: &'a str,
    first: &'a Router,
    others: Vec<&'a Router>,
    leader: Option<&'a str>,
}

/// Every unit, in the order of their first routers in the file.
pub(super) fn units(file: &Settings) -> Vec<Unit<'_>> {
    let mut units: Vec<Unit<'_>> = Vec::new();
    for router in &file.routers {
        let group = file.groups.iter().find(|group| group.routers.contains(&router.name));
        let Some(group) = group else {
            let (name, others) = (router.name.as_str(), Vec::new());
            units.push(Unit { name, first: router, others, leader: None });
            continue;
        };
        if units.iter().any(|unit| unit.name == group.name) {
            continue;
        }
        let find = |name: &String| file.routers.iter().find(|router| router.name == *name);
        let mut routers = group.routers.iter().filter_map(find);
        if let Some(first) = routers.next() {
            let (name, leader) = (group.name.as_str(), group.leader.as_deref());
            units.push(Unit { name, first, others: routers.collect(), leader });
        }
    }
    units
}

impl Unit<'_> {
    fn routers(&self) -> impl Iterator<Item = &Router> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// The unit on this director; `None` if the director has no priority for it.
    pub(super) fn plan(
        &self,
        file: &Settings,
        director: &str,
        id: RouterId,
    ) -> Option<(RouterPlan, RouterPolicy)> {
        let first = self.first;
        let base = *first.priority.get(director)?;
        let peer_base = peer_base(first, director);
        let held = Held { accept: first.accept, announce: file.announce, ..Held::default() };
        let mut plan = RouterPlan {
            id,
            name: self.name.to_owned(),
            settings: router::Settings {
                members: Vec::new(),
                deciders: router::Deciders::All,
                priority: base,
                interval: first.interval,
                down_factor: first.down_factor,
                preempt: first.preempt,
                preempt_delay: first.preempt_delay,
                startup_delay: first.startup_delay,
                peer_base,
                rival: peer_base.map_or(Priority::MAX, |base| self.highest(file, base)),
                hold: self.hold(file),
            },
            members: Vec::new(),
            held,
            parts: Vec::new(),
        };
        for router in self.routers() {
            if self.leader == Some(&router.name) {
                plan.settings.deciders = router::Deciders::Leader(plan.members.len());
            }
            plan.add(router, director);
        }
        let track = self.routers().flat_map(|router| &router.track).map(tracked);
        let policy = RouterPolicy { name: plan.name.clone(), base, track: track.collect() };
        Some((plan, policy))
    }

    /// The highest priority a director with this base can have: with every cause that raises it.
    fn highest(&self, file: &Settings, base: Priority) -> Priority {
        if base == Priority::OWNER {
            return base;
        }
        let mut rise = 0_i32;
        for router in self.routers() {
            for track in &router.track {
                match (&track.source, track.impact) {
                    // Whatever the file will say.
                    (Source::File(_), Impact::Weight(_)) => return Priority::MAX,
                    (_, Impact::Weight(weight)) => rise = rise.saturating_add(weight.max(0)),
                    (_, Impact::Fault) => {}
                }
            }
            for quorum in file.services_of(router).filter_map(|service| service.quorum) {
                rise = rise.saturating_add(quorum.priority.max(0));
            }
        }
        Priority::clamped(i32::from(base.get()).saturating_add(rise))
    }

    /// Claims wait for what is asked of servers or the machine; the mover tells of interfaces before
    /// anything is claimed.
    fn hold(&self, file: &Settings) -> Duration {
        let is_told = |track: &Track| matches!(track.source, Source::Interface(_));
        let waits = |router: &Router| {
            file.services_of(router).any(|service| service.check.is_some())
                || !router.track.iter().all(is_told)
        };
        if self.routers().any(waits) { HOLD } else { Duration::ZERO }
    }
}

fn tracked(track: &Track) -> coordinator::Track {
    coordinator::Track {
        source: track.source.clone(),
        impact: track.impact,
        // What concerns one machine alone the other director cannot see.
        hold: Timing::is_shared(&track.source).then(|| track.timing.bound()),
    }
}

impl RouterPlan {
    /// A router of the file: its virtual routers and what it holds.
    fn add(&mut self, router: &Router, director: &str) {
        let (members, addresses) = (self.members.len(), self.held.addresses.len());
        for family in router.families() {
            let (source, adverts) = adverts(router, family, director);
            self.settings.members.push(router::Member {
                link: LinkId(0),
                vrid: router.vrid,
                protocol: protocol(router, family),
                addresses: advertised(router, family),
                adverts,
                strictness: router.strictness,
            });
            self.members.push(MemberSetup {
                interface: router.interface.clone(),
                source,
                mac: router.device(family).map_or(Mac::Interface, Mac::Virtual),
            });
        }
        self.held.addresses.extend(held(router));
        self.held.routes.extend(router.routes.iter().cloned());
        self.held.rules.extend(router.rules.iter().cloned());
        self.parts.push(Part {
            name: router.name.clone(),
            members: members..self.members.len(),
            addresses: addresses..self.held.addresses.len(),
        });
    }
}

fn protocol(router: &Router, family: Family) -> router::Protocol {
    match (family, &router.version) {
        (Family::V4, Version::Two(auth)) => router::Protocol::V2(*auth),
        (Family::V4, Version::Three(checksum)) => router::Protocol::V3Ipv4(*checksum),
        (Family::V6, Version::Two(_) | Version::Three(_)) => router::Protocol::V3Ipv6,
    }
}

/// In the order of the file; in IPv6 a link-local address first (RFC 9568 5.2.9).
fn advertised(router: &Router, family: Family) -> Vec<IpAddr> {
    let listed = router.addresses.iter().map(|one| one.address);
    let of_family = listed.filter(|address| Family::of(*address) == family);
    made_link_local(router).filter(|_| family == Family::V6).into_iter().chain(of_family).collect()
}

/// Our own address if the file says it, and where adverts of this family go.
fn adverts(router: &Router, family: Family, director: &str) -> (Option<IpAddr>, router::Adverts) {
    match &router.adverts {
        Adverts::Multicast => (None, router::Adverts::Multicast),
        Adverts::Unicast { addresses, min_ttl } => {
            let of_family = |list: &[IpAddr]| {
                list.iter().copied().find(|address| Family::of(*address) == family)
            };
            let others = addresses.iter().filter(|(name, _)| *name != director);
            let peers = others.filter_map(|(_, list)| of_family(list)).collect();
            let source = addresses.get(director).and_then(|list| of_family(list));
            (source, router::Adverts::Unicast { peers, min_ttl: *min_ttl })
        }
    }
}

/// Everything held, in the order of the file; the link-local address before the first of IPv6.
fn held(router: &Router) -> Vec<VirtualAddress> {
    let mut all = Vec::new();
    let mut made = made_link_local(router);
    for one in router.addresses.iter().chain(&router.unadvertised) {
        if one.address.is_ipv6()
            && let Some(address) = made.take()
        {
            let prefix = None;
            let (interface, label, scope) = Default::default();
            all.push(held_address(router, &Address { address, prefix, interface, label, scope }));
        }
        all.push(held_address(router, one));
    }
    all
}

fn held_address(router: &Router, one: &Address) -> VirtualAddress {
    // The families of what is not advertised may have no device of their own.
    let device = || {
        let family = Family::of(one.address);
        let families = router.families();
        let family = families.iter().find(|known| **known == family).or_else(|| families.first());
        family.and_then(|family| router.device(*family))
    };
    let interface = one.interface.clone().or_else(device);
    let on_device = router.virtual_mac.is_some() && one.interface.is_none();
    let longest = match one.address {
        // Nothing else gives that device a way to neighbours' link-local addresses.
        IpAddr::V6(address) if address.is_unicast_link_local() && on_device => 64,
        IpAddr::V4(_) | IpAddr::V6(_) => longest_prefix(one.address),
    };
    VirtualAddress {
        interface: interface.unwrap_or_else(|| router.interface.clone()),
        address: one.address,
        prefix: one.prefix.unwrap_or(longest),
        label: one.label.clone(),
        scope: one.scope,
    }
}

/// The link-local address that the file does not name.
fn made_link_local(router: &Router) -> Option<IpAddr> {
    let address = IpAddr::V6(router.link_local()?);
    let named = router.addresses.iter().find(|one| one.address.is_ipv6());
    Some(address).filter(|address| named.is_none_or(|one| one.address != *address))
}

/// The other director's base priority for the router.
fn peer_base(router: &Router, director: &str) -> Option<Priority> {
    let others = router.priority.iter().filter(|(name, _)| *name != director);
    others.map(|(_, priority)| *priority).max()
}
