//! Our words as rtnetlink's messages. Values out; no socket here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressProtocol, AddressScope, CacheInfo,
};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};
use netlink_packet_route::route::{
    RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use vrrp_proto::Family;
use vrrp_proto::held::Scope;

use crate::mover::kernel::{Path, Request};
use crate::mover::rows::{Manner, RouteRow, RuleRow, Word};

/// Marks addresses, routes and rules as ours for people who look (`ip -d addr`), and keeps our
/// requests from touching routes and rules of others. VRRP's IP protocol number; neither
/// `rt_addrprotos` nor `rt_protos` gives it to anybody.
pub(super) const OUR_MARK: u8 = 112;
/// `RT_TABLE_LOCAL`.
const LOCAL_TABLE: u8 = 255;
/// `lo` has this index in every network namespace.
const LOOPBACK: u32 = 1;
/// A lifetime without end (INFINITY_LIFE_TIME).
const FOR_EVER: u32 = u32::MAX;
const NEW: u16 = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

/// A request as a message with its flags.
pub(super) fn of(request: &Request) -> (RouteNetlinkMessage, u16) {
    match *request {
        Request::AddAddress { index, address, prefix, manner } => {
            let message = address_message(index, address, prefix, Some(manner));
            (RouteNetlinkMessage::NewAddress(message), NEW)
        }
        Request::DeleteAddress { index, address, prefix } => {
            let message = address_message(index, address, prefix, None);
            (RouteNetlinkMessage::DelAddress(message), NLM_F_ACK)
        }
        // Neither EXCL nor APPEND: it goes before the route that the address itself brought.
        Request::AddLocal(address) => {
            (RouteNetlinkMessage::NewRoute(local_route(address)), NLM_F_ACK | NLM_F_CREATE)
        }
        Request::DeleteLocal(address) => {
            (RouteNetlinkMessage::DelRoute(local_route(address)), NLM_F_ACK)
        }
        Request::AddPath(Path::Route(row)) => (RouteNetlinkMessage::NewRoute(route(row)), NEW),
        Request::DeletePath(Path::Route(row)) => {
            (RouteNetlinkMessage::DelRoute(route(row)), NLM_F_ACK)
        }
        Request::AddPath(Path::Rule(row)) => (RouteNetlinkMessage::NewRule(rule(row)), NEW),
        Request::DeletePath(Path::Rule(row)) => {
            (RouteNetlinkMessage::DelRule(rule(row)), NLM_F_ACK)
        }
        Request::CreateMacvlan { name, parent, mac } => {
            (RouteNetlinkMessage::NewLink(macvlan(name, parent, mac)), NEW)
        }
        Request::DeleteLink(index) => {
            let mut link = LinkMessage::default();
            link.header.index = index;
            (RouteNetlinkMessage::DelLink(link), NLM_F_ACK)
        }
        Request::LinkUp(index) => (switch(index, LinkFlags::Up), NLM_F_ACK),
        Request::LinkDown(index) => (switch(index, LinkFlags::empty()), NLM_F_ACK),
    }
}

/// The questions for all links and all addresses.
pub(super) fn dumps() -> (RouteNetlinkMessage, RouteNetlinkMessage) {
    let addresses = AddressMessage::default();
    let links = LinkMessage::default();
    (RouteNetlinkMessage::GetLink(links), RouteNetlinkMessage::GetAddress(addresses))
}

/// The questions for all routes with our mark, and for all rules.
pub(super) fn path_dumps(family: Family) -> (RouteNetlinkMessage, RouteNetlinkMessage) {
    let mut routes = RouteMessage::default();
    routes.header.address_family = family_of(family);
    routes.header.protocol = RouteProtocol::Other(OUR_MARK);
    let mut rules = RuleMessage::default();
    rules.header.family = family_of(family);
    (RouteNetlinkMessage::GetRoute(routes), RouteNetlinkMessage::GetRule(rules))
}

/// An address with the mark; to be added in a `manner`. The prefix means what it says: below the
/// longest the kernel adds the subnet's route, as it does for any address, unless told not to.
fn address_message(
    index: u32,
    address: IpAddr,
    prefix: u8,
    manner: Option<Manner>,
) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family_of(Family::of(address));
    message.header.prefix_len = prefix;
    message.header.index = index;
    message.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
    let Some(manner) = manner else { return message };
    message.header.scope = scope_of(manner.scope);
    message.attributes.push(AddressAttribute::Protocol(AddressProtocol::Other(OUR_MARK)));
    if let Some(label) = manner.label.filter(|_| address.is_ipv4()) {
        message.attributes.push(AddressAttribute::Label(label.as_str().to_owned()));
    }
    let mut flags = AddressFlags::empty();
    flags.set(AddressFlags::Noprefixroute, !manner.prefix_route);
    if address.is_ipv6() {
        // The predecessor may still have it: duplicate address detection would find that.
        flags |= AddressFlags::Nodad;
        if prefix == 128 {
            // Preferred for no time: never a source unless somebody binds to it.
            let mut lifetimes = CacheInfo::default();
            lifetimes.ifa_valid = FOR_EVER;
            message.attributes.push(AddressAttribute::CacheInfo(lifetimes));
        }
    }
    if !flags.is_empty() {
        message.attributes.push(AddressAttribute::Flags(flags));
    }
    message
}

fn local_route(address: IpAddr) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family_of(Family::of(address));
    message.header.destination_prefix_length = longest(address);
    message.header.table = LOCAL_TABLE;
    message.header.protocol = RouteProtocol::Other(OUR_MARK);
    message.header.scope = if address.is_ipv4() { RouteScope::Host } else { RouteScope::Universe };
    message.header.kind = RouteType::Local;
    message.attributes =
        vec![RouteAttribute::Destination(address.into()), RouteAttribute::Oif(LOOPBACK)];
    message
}

fn route(row: RouteRow) -> RouteMessage {
    let RouteRow { to: (to, prefix), via, index, source, table, metric } = row;
    let mut message = RouteMessage::default();
    message.header.address_family = family_of(Family::of(to));
    message.header.destination_prefix_length = prefix;
    message.header.protocol = RouteProtocol::Other(OUR_MARK);
    message.header.kind = RouteType::Unicast;
    // IPv4: a route without next hop reaches its own link only.
    let direct = via.is_none() && to.is_ipv4();
    message.header.scope = if direct { RouteScope::Link } else { RouteScope::Universe };
    let attributes = [
        (prefix > 0).then(|| RouteAttribute::Destination(to.into())),
        via.map(|via| RouteAttribute::Gateway(via.into())),
        index.map(RouteAttribute::Oif),
        source.map(|source| RouteAttribute::PrefSource(source.into())),
        Some(RouteAttribute::Table(table)),
        metric.map(RouteAttribute::Priority),
    ];
    message.attributes = attributes.into_iter().flatten().collect();
    message
}

fn rule(row: RuleRow) -> RuleMessage {
    let RuleRow { family, from, to, mark, table, priority } = row;
    let mut message = RuleMessage::default();
    message.header.family = family_of(family);
    message.header.src_len = from.map_or(0, |(_, prefix)| prefix);
    message.header.dst_len = to.map_or(0, |(_, prefix)| prefix);
    message.header.action = RuleAction::ToTable;
    let attributes = [
        from.map(|(from, _)| RuleAttribute::Source(from)),
        to.map(|(to, _)| RuleAttribute::Destination(to)),
        mark.map(RuleAttribute::FwMark),
        Some(RuleAttribute::Table(table)),
        priority.map(RuleAttribute::Priority),
        Some(RuleAttribute::Protocol(RouteProtocol::Other(OUR_MARK))),
    ];
    message.attributes = attributes.into_iter().flatten().collect();
    message
}

fn macvlan(name: Word, parent: u32, mac: [u8; 6]) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes = vec![
        LinkAttribute::IfName(name.as_str().to_owned()),
        LinkAttribute::Address(mac.to_vec()),
        LinkAttribute::Link(parent),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::MacVlan),
            LinkInfo::Data(InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Bridge)])),
        ]),
    ];
    message
}

/// Sets or clears IFF_UP and nothing else.
fn switch(index: u32, flags: LinkFlags) -> RouteNetlinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = flags;
    message.header.change_mask = LinkFlags::Up;
    RouteNetlinkMessage::SetLink(message)
}

fn family_of(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}

fn scope_of(scope: Scope) -> AddressScope {
    match scope {
        Scope::Global => AddressScope::Universe,
        Scope::Link => AddressScope::Link,
        Scope::Host => AddressScope::Host,
    }
}

const fn longest(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => Ipv4Addr::BITS as u8,
        IpAddr::V6(_) => Ipv6Addr::BITS as u8,
    }
}
