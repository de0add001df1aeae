//! rtnetlink's messages as our rows and notices. Values in, values out.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "rtnetlink says far more than we ask, and more with every kernel"
)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::Nla;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType,
    LinkMessage, LinkProtoInfoBridge, MacVlanMode,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteType,
};
use netlink_packet_route::rule::{RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use vrrp_proto::Family;

use super::requests::OUR_MARK;
use crate::mover::kernel::{Notice, Origin, Path};
use crate::mover::rows::{AddressRow, LinkKind, LinkRow, RouteRow, RuleRow, Standing};

/// `IFLA_BRPORT_STATE`, and `BR_STATE_FORWARDING` of <linux/if_bridge.h>.
const PORT_STATE: u16 = 1;
const FORWARDING: u8 = 3;

/// A message of the monitor as a notice, if it is one for us.
pub(super) fn notice(message: RouteNetlinkMessage, origin: Origin) -> Option<Notice> {
    match message {
        RouteNetlinkMessage::NewLink(link) if is_bridge_port(&link) => port(&link),
        RouteNetlinkMessage::NewLink(link) => link_row(link).map(Notice::Link),
        RouteNetlinkMessage::DelLink(link) if is_bridge_port(&link) => None,
        RouteNetlinkMessage::DelLink(link) => {
            link_row(link).map(|link| Notice::LinkGone(link.index))
        }
        RouteNetlinkMessage::NewAddress(address) => {
            address_row(address).map(|row| Notice::Address(row, origin))
        }
        RouteNetlinkMessage::DelAddress(address) => {
            address_row(address).map(|row| Notice::AddressGone(row, origin))
        }
        message @ (RouteNetlinkMessage::DelRoute(_) | RouteNetlinkMessage::DelRule(_)) => {
            path(message).map(|path| Notice::PathGone(path, origin))
        }
        _ => None,
    }
}

/// The row of a dump of links.
pub(super) fn dumped_link(message: RouteNetlinkMessage) -> Option<LinkRow> {
    match message {
        RouteNetlinkMessage::NewLink(link) => link_row(link),
        _ => None,
    }
}

/// The row of a dump of addresses.
pub(super) fn dumped_address(message: RouteNetlinkMessage) -> Option<AddressRow> {
    match message {
        RouteNetlinkMessage::NewAddress(address) => address_row(address),
        _ => None,
    }
}

/// A route or rule with our mark, from a dump or a notice.
pub(super) fn path(message: RouteNetlinkMessage) -> Option<Path> {
    match message {
        RouteNetlinkMessage::NewRoute(route) | RouteNetlinkMessage::DelRoute(route) => {
            route_row(&route).map(Path::Route)
        }
        RouteNetlinkMessage::NewRule(rule) | RouteNetlinkMessage::DelRule(rule) => {
            rule_row(&rule).map(Path::Rule)
        }
        _ => None,
    }
}

/// What a bridge says of a port goes by another family, and is no link that comes or goes.
fn is_bridge_port(message: &LinkMessage) -> bool {
    message.header.interface_family == AddressFamily::Bridge
}

fn port(message: &LinkMessage) -> Option<Notice> {
    let (mut bridge, mut state) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::Controller(index) => bridge = Some(*index),
            LinkAttribute::ProtoInfoBridge(facts) => {
                let told = facts.iter().find_map(|fact| match fact {
                    LinkProtoInfoBridge::Other(nla)
                        if nla.kind() == PORT_STATE && nla.value_len() == 1 =>
                    {
                        let mut value = [0];
                        nla.emit_value(&mut value);
                        Some(value[0])
                    }
                    _ => None,
                });
                state = told.or(state);
            }
            _ => {}
        }
    }
    let forwards = state? == FORWARDING;
    Some(Notice::Port { index: message.header.index, bridge: bridge?, forwards })
}

/// A link.
fn link_row(message: LinkMessage) -> Option<LinkRow> {
    let header = message.header;
    if header.interface_family != AddressFamily::Unspec {
        return None;
    }
    let ethernet = header.link_layer_type == LinkLayerType::Ether;
    let mut row = LinkRow {
        index: header.index,
        up: header.flags.contains(LinkFlags::Up | LinkFlags::Running),
        enabled: header.flags.contains(LinkFlags::Up),
        ..LinkRow::default()
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(given) => row.name = given,
            LinkAttribute::Address(bytes) if ethernet => row.mac = bytes.try_into().ok(),
            LinkAttribute::Controller(index) => row.master = Some(index),
            LinkAttribute::Link(index) => row.lower = Some(index),
            LinkAttribute::LinkInfo(infos) => row.kind = kind(&infos),
            _ => {}
        }
    }
    (!row.name.is_empty()).then_some(row)
}

fn kind(infos: &[LinkInfo]) -> LinkKind {
    if !infos.contains(&LinkInfo::Kind(InfoKind::MacVlan)) {
        return LinkKind::Other;
    }
    let bridged = infos.iter().any(|info| match info {
        LinkInfo::Data(InfoData::MacVlan(facts)) => {
            facts.contains(&InfoMacVlan::Mode(MacVlanMode::Bridge))
        }
        _ => false,
    });
    if bridged { LinkKind::BridgeMacvlan } else { LinkKind::OtherMacvlan }
}

/// An address. IPv4 has its own in IFA_LOCAL (IFA_ADDRESS may be the other end's), IPv6 in
/// IFA_ADDRESS unless there is another end.
fn address_row(message: AddressMessage) -> Option<AddressRow> {
    let header = message.header;
    let (mut local, mut address) = (None, None);
    let mut flags = AddressFlags::from_bits_retain(header.flags.bits().into());
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(given) => local = Some(*given),
            AddressAttribute::Address(given) => address = Some(*given),
            AddressAttribute::Flags(given) => flags = *given,
            _ => {}
        }
    }
    let address = local.or(address)?;
    let standing = if flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed) {
        Standing::Unusable
    } else if address.is_ipv4() && flags.contains(AddressFlags::Secondary) {
        Standing::Secondary
    } else {
        Standing::Primary
    };
    Some(AddressRow { index: header.index, address, prefix: header.prefix_len, standing })
}

fn route_row(message: &RouteMessage) -> Option<RouteRow> {
    let header = &message.header;
    if header.protocol != RouteProtocol::Other(OUR_MARK) || header.kind != RouteType::Unicast {
        return None;
    }
    let everywhere: IpAddr = match header.address_family {
        AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
        AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let mut row = RouteRow {
        to: (everywhere, header.destination_prefix_length),
        via: None,
        index: None,
        source: None,
        table: header.table.into(),
        metric: None,
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => row.to.0 = ip(to).unwrap_or(everywhere),
            RouteAttribute::Gateway(via) => row.via = ip(via),
            RouteAttribute::Oif(index) => row.index = Some(*index),
            RouteAttribute::PrefSource(source) => row.source = ip(source),
            RouteAttribute::Table(table) => row.table = *table,
            RouteAttribute::Priority(metric) => row.metric = Some(*metric),
            _ => {}
        }
    }
    Some(row)
}

fn rule_row(message: &RuleMessage) -> Option<RuleRow> {
    let header = &message.header;
    let family = match header.family {
        AddressFamily::Inet => Family::V4,
        AddressFamily::Inet6 => Family::V6,
        _ => return None,
    };
    let table = header.table.into();
    let mut row = RuleRow { family, from: None, to: None, mark: None, table, priority: None };
    let mut ours = false;
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Source(from) => row.from = Some((*from, header.src_len)),
            RuleAttribute::Destination(to) => row.to = Some((*to, header.dst_len)),
            RuleAttribute::FwMark(mark) => row.mark = Some(*mark),
            RuleAttribute::Table(table) => row.table = *table,
            RuleAttribute::Priority(priority) => row.priority = Some(*priority),
            RuleAttribute::Protocol(protocol) => {
                ours = *protocol == RouteProtocol::Other(OUR_MARK);
            }
            _ => {}
        }
    }
    ours.then_some(row)
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}
