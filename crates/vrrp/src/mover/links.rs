//! What links can do for the routers on them, and what of that was told already.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use vrrp_proto::held::Mac;
use vrrp_proto::router::Link;
use vrrp_proto::{Family, LinkId, MemberId};

use super::devices::{DeviceId, Devices};
use super::kernel::Kernel;
use super::picture::Picture;
use super::{Mover, News};
use crate::{Fact, RouterSetup};

/// What one parent interface can do now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LinkFact {
    /// The parent interface.
    pub link: LinkId,
    /// Its index; another one means that sockets must be opened anew. `None`: absent.
    pub index: Option<u32>,
    /// Whether IPv4 adverts can leave, and from which address.
    pub v4: Link,
    /// Whether IPv6 adverts can leave, and from which address.
    pub v6: Link,
}

/// The interfaces named in the configuration.
#[derive(Debug)]
pub(super) struct Links {
    parents: BTreeMap<LinkId, String>,
    /// Members that do not simply follow their link.
    sources: BTreeMap<MemberId, Source>,
    /// Every interface somebody wants to know about.
    named: BTreeSet<String>,
    told_links: BTreeMap<LinkId, LinkFact>,
    told_sources: BTreeMap<MemberId, Link>,
    told_devices: BTreeMap<MemberId, Option<u32>>,
    told_up: BTreeMap<String, bool>,
}

/// A member with a source of its own, or a virtual MAC.
#[derive(Debug)]
struct Source {
    link: LinkId,
    interface: String,
    family: Family,
    /// `None`: the primary address of its interface.
    address: Option<IpAddr>,
    /// Without it the member takes no part: its peer must find the same MAC here.
    device: Option<DeviceId>,
}

impl Links {
    pub(super) fn new(routers: &[RouterSetup], track: &[String], devices: &Devices) -> Self {
        let mut parents = BTreeMap::new();
        let mut sources = BTreeMap::new();
        let mut named: BTreeSet<String> = track.iter().cloned().collect();
        for router in routers {
            let members = router.settings.members.iter().zip(&router.members);
            for (at, (member, setup)) in members.enumerate() {
                parents.insert(member.link, setup.interface.clone());
                named.insert(setup.interface.clone());
                let device = match &setup.mac {
                    Mac::Virtual(name) => devices.id(name),
                    Mac::Interface => None,
                };
                if setup.source.is_some() || device.is_some() {
                    let source = Source {
                        link: member.link,
                        interface: setup.interface.clone(),
                        family: member.protocol.family(),
                        address: setup.source,
                        device,
                    };
                    sources.insert(MemberId { router: router.id, at }, source);
                }
            }
        }
        Self {
            parents,
            sources,
            named,
            told_links: BTreeMap::new(),
            told_sources: BTreeMap::new(),
            told_devices: BTreeMap::new(),
            told_up: BTreeMap::new(),
        }
    }
}

impl<K: Kernel> Mover<K> {
    /// Says what changed of the links since it was last said.
    pub(super) fn compare_links(&mut self) {
        if !std::mem::take(&mut self.links_changed) {
            return;
        }
        let Self { picture, devices, links, news, facts, .. } = self;
        for (&link, name) in &links.parents {
            let index = picture.by_name(name).map(|row| row.index);
            let v4 = look(picture, name, Family::V4);
            let fact = LinkFact { link, index, v4, v6: look(picture, name, Family::V6) };
            if links.told_links.insert(link, fact) != Some(fact) {
                news.push(News::Link(fact));
                for (member, _) in links.sources.iter().filter(|(_, one)| one.link == link) {
                    links.told_sources.remove(member);
                }
            }
        }
        for (&member, source) in &links.sources {
            if let Some(device) = source.device {
                let index = devices.index(device, picture);
                if links.told_devices.insert(member, index) != Some(index) {
                    news.push(News::Device(member, index));
                }
            }
            let state = source.state(picture, devices);
            if links.told_sources.insert(member, state) != Some(state) {
                news.push(News::Source(member, state));
            }
        }
        for name in &links.named {
            let up = picture.by_name(name).is_some_and(|link| link.up);
            if links.told_up.insert(name.clone(), up) != Some(up) {
                facts.push(Fact::Interface { name: name.clone(), up });
            }
        }
    }
}

impl Source {
    fn state(&self, picture: &Picture, devices: &Devices) -> Link {
        if self.device.is_some_and(|device| !devices.is_prepared(device, picture)) {
            return Link::Down;
        }
        let Some(address) = self.address else {
            return look(picture, &self.interface, self.family);
        };
        let row = picture.by_name(&self.interface).filter(|row| row.up);
        if row.is_some_and(|row| picture.has_host(row.index, address)) {
            Link::Up(address)
        } else {
            Link::Down
        }
    }
}

/// What an interface can do for adverts from its primary address.
fn look(picture: &Picture, name: &str, family: Family) -> Link {
    let row = picture.by_name(name).filter(|row| row.up);
    row.and_then(|row| picture.source(row.index, family)).map_or(Link::Down, Link::Up)
}
