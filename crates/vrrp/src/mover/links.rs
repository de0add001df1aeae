//! What links can do for the routers on them, and what of that was told already.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use vrrp_proto::router::Link;
use vrrp_proto::{LinkId, MemberId};

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
    /// Routers with a source of their own.
    sources: BTreeMap<MemberId, (String, Ipv4Addr)>,
    /// Every interface somebody wants to know about.
    named: BTreeSet<String>,
    told_links: BTreeMap<LinkId, LinkFact>,
    told_sources: BTreeMap<MemberId, Link>,
    told_up: BTreeMap<String, bool>,
}

impl Links {
    pub(super) fn new(routers: &[RouterSetup], track: &[String]) -> Self {
        let members = routers.iter().flat_map(|r| {
            r.settings.members.iter().zip(&r.members).enumerate().map(|(at, m)| (r.id, at, m))
        });
        let parents = members.clone().map(|(.., (m, setup))| (m.link, setup.interface.clone()));
        let source = |(router, at, (_, setup)): (_, usize, (_, &vrrp_proto::held::MemberSetup))| {
            let IpAddr::V4(source) = setup.source? else { return None };
            Some((MemberId { router, at }, (setup.interface.clone(), source)))
        };
        let names = routers.iter().flat_map(|r| &r.members).map(|m| &m.interface).chain(track);
        Self {
            parents: parents.collect(),
            sources: members.filter_map(source).collect(),
            named: names.cloned().collect(),
            told_links: BTreeMap::new(),
            told_sources: BTreeMap::new(),
            told_up: BTreeMap::new(),
        }
    }
}

impl<K: Kernel> Mover<K> {
    /// Says what changed of the links since it was last said.
    pub(super) fn compare_links(&mut self) {
        let Self { picture, links, news, facts, .. } = self;
        for (&link, name) in &links.parents {
            let (index, v4) = look(picture, name);
            let fact = LinkFact { link, index, v4, v6: Link::Down };
            if links.told_links.insert(link, fact) != Some(fact) {
                news.push(News::Link(fact));
            }
        }
        for (&router, (name, source)) in &links.sources {
            let state = match look(picture, name) {
                (Some(index), Link::Up(_)) if picture.has_host(index, *source) => {
                    Link::Up((*source).into())
                }
                _ => Link::Down,
            };
            if links.told_sources.insert(router, state) != Some(state) {
                news.push(News::Source(router, state));
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

/// The index of an interface and what it can do for adverts from its primary address.
fn look(picture: &Picture, name: &str) -> (Option<u32>, Link) {
    let row = picture.by_name(name);
    let source = row.filter(|row| row.up).and_then(|row| picture.primary(row.index));
    (row.map(|row| row.index), source.map_or(Link::Down, |address| Link::Up(address.into())))
}
