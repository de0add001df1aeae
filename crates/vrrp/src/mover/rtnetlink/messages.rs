//! Our words to rtnetlink's messages and back. Bytes in, values out; no socket here.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "rtnetlink says far more than we ask, and more with every kernel"
)]

use std::net::{IpAddr, Ipv4Addr};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressProtocol, AddressScope,
};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkLayerType, LinkMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;

use crate::mover::kernel::{Notice, Origin, Request};
use crate::mover::picture::{AddressRow, LinkRow};

/// Marks addresses and routes as ours for people who look (`ip -d addr`): a hint, never a proof.
/// VRRP's IP protocol number; neither `rt_addrprotos` nor `rt_protos` gives it to anybody.
const OUR_MARK: u8 = 112;
/// `RT_TABLE_LOCAL`.
const LOCAL_TABLE: u8 = 255;
/// `lo` has this index in every network namespace.
const LOOPBACK: u32 = 1;
/// The length of a netlink header, which starts with the length of its message.
const HEADER: usize = 16;

/// One message from the kernel.
pub(super) enum Message {
    /// The answer to one request, or the refusal of a dump.
    Answer { sequence: u32, result: Result<(), Errno> },
    /// The end of a dump.
    Done { sequence: u32 },
    /// A row of a dump, or a notice.
    Inner { sequence: u32, port: u32, message: RouteNetlinkMessage },
}

/// The messages in the first `length` bytes of `buffer`. One that cannot be read is left out: the
/// kernel may say things that this program is too old for.
pub(super) fn messages(buffer: &[u8], length: usize) -> impl Iterator<Item = Message> {
    let mut rest = buffer.get(..length).unwrap_or_default();
    std::iter::from_fn(move || {
        let bytes = rest.first_chunk::<4>()?;
        let length = (u32::from_ne_bytes(*bytes) as usize).max(HEADER);
        let message = rest.get(..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
    .filter_map(|bytes| read(NetlinkMessage::deserialize(bytes).ok()?))
}

fn read(message: NetlinkMessage<RouteNetlinkMessage>) -> Option<Message> {
    let (header, payload) = message.into_parts();
    let NetlinkHeader { sequence_number: sequence, port_number: port, .. } = header;
    match payload {
        NetlinkPayload::Error(error) => {
            let result = match error.raw_code() {
                0 => Ok(()),
                code => Err(Errno::from_raw(code.saturating_neg())),
            };
            Some(Message::Answer { sequence, result })
        }
        NetlinkPayload::Done(_) => Some(Message::Done { sequence }),
        NetlinkPayload::InnerMessage(message) => Some(Message::Inner { sequence, port, message }),
        _ => None,
    }
}

/// Appends one request to `bytes`.
pub(super) fn write(bytes: &mut Vec<u8>, message: RouteNetlinkMessage, sequence: u32, flags: u16) {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let start = bytes.len();
    bytes.resize(start + message.buffer_len().next_multiple_of(4), 0);
    message.serialize(&mut bytes[start..]);
}

/// A request as a message with its flags.
pub(super) fn of(request: &Request) -> (RouteNetlinkMessage, u16) {
    match *request {
        Request::AddAddress { index, address, prefix } => (
            RouteNetlinkMessage::NewAddress(address_message(index, address, prefix)),
            NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
        ),
        Request::DeleteAddress { index, address, prefix } => {
            (RouteNetlinkMessage::DelAddress(address_message(index, address, prefix)), NLM_F_ACK)
        }
        // Neither EXCL nor APPEND: it goes before the route that the address itself brought.
        Request::AddRoute(address) => {
            (RouteNetlinkMessage::NewRoute(local_route(address)), NLM_F_ACK | NLM_F_CREATE)
        }
        Request::DeleteRoute(address) => {
            (RouteNetlinkMessage::DelRoute(local_route(address)), NLM_F_ACK)
        }
    }
}

/// The questions for all links and all IPv4 addresses.
pub(super) fn dumps() -> (RouteNetlinkMessage, RouteNetlinkMessage) {
    let mut addresses = AddressMessage::default();
    addresses.header.family = AddressFamily::Inet;
    let links = LinkMessage::default();
    (RouteNetlinkMessage::GetLink(links), RouteNetlinkMessage::GetAddress(addresses))
}

/// No label and global scope, like an address given by hand. The prefix means what it says: below
/// 32 the kernel adds the subnet's route, as it does for any address.
fn address_message(index: u32, address: Ipv4Addr, prefix: u8) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = prefix;
    message.header.scope = AddressScope::Universe;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Local(address.into()),
        AddressAttribute::Address(address.into()),
        AddressAttribute::Protocol(AddressProtocol::Other(OUR_MARK)),
    ];
    message
}

fn local_route(address: Ipv4Addr) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = AddressFamily::Inet;
    message.header.destination_prefix_length = 32;
    message.header.table = LOCAL_TABLE;
    message.header.protocol = RouteProtocol::Other(OUR_MARK);
    message.header.scope = RouteScope::Host;
    message.header.kind = RouteType::Local;
    message.attributes = vec![
        RouteAttribute::Destination(RouteAddress::Inet(address)),
        RouteAttribute::Oif(LOOPBACK),
    ];
    message
}

/// A message of the monitor as a notice, if it is about a link or an IPv4 address.
pub(super) fn notice(message: RouteNetlinkMessage, origin: Origin) -> Option<Notice> {
    match message {
        RouteNetlinkMessage::NewLink(link) => link_row(link).map(Notice::Link),
        RouteNetlinkMessage::DelLink(link) => {
            link_row(link).map(|link| Notice::LinkGone(link.index))
        }
        RouteNetlinkMessage::NewAddress(address) => {
            address_row(address).map(|row| Notice::Address(row, origin))
        }
        RouteNetlinkMessage::DelAddress(address) => {
            address_row(address).map(|row| Notice::AddressGone(row, origin))
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

/// A link. `None` for what bridges say of their ports, which are not links that come or go.
fn link_row(message: LinkMessage) -> Option<LinkRow> {
    let header = message.header;
    if header.interface_family != AddressFamily::Unspec {
        return None;
    }
    let ethernet = header.link_layer_type == LinkLayerType::Ether;
    let (mut name, mut mac) = (None, None);
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(given) => name = Some(given),
            LinkAttribute::Address(bytes) if ethernet => mac = bytes.try_into().ok(),
            _ => {}
        }
    }
    let up = header.flags.contains(LinkFlags::Up | LinkFlags::Running);
    Some(LinkRow { index: header.index, name: name?, up, mac })
}

/// An IPv4 address.
fn address_row(message: AddressMessage) -> Option<AddressRow> {
    let header = message.header;
    let local = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(IpAddr::V4(address)) => Some(*address),
        _ => None,
    });
    Some(AddressRow {
        index: header.index,
        address: local?,
        prefix: header.prefix_len,
        secondary: header.flags.contains(AddressHeaderFlags::Secondary),
    })
}
