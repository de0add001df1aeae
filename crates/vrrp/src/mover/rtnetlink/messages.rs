//! rtnetlink's messages to bytes and back; `requests.rs` and `rows.rs` say what they mean.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "rtnetlink says far more than we ask, and more with every kernel"
)]

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;

/// The length of a netlink header, which starts with the length of its message.
const HEADER: usize = 16;
/// <linux/netlink.h>
const NLMSG_ERROR: u16 = 2;

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
    .filter_map(|bytes| match answer(bytes) {
        Some(answer) => Some(answer),
        None => read(NetlinkMessage::deserialize(bytes).ok()?),
    })
}

/// An NLMSG_ERROR, which answers every request: read by hand, there are thousands when thousands of
/// addresses move.
fn answer(bytes: &[u8]) -> Option<Message> {
    let word = |at: usize| bytes.get(at..at + 4)?.first_chunk::<4>().copied();
    if bytes.get(4..6)? != NLMSG_ERROR.to_ne_bytes() {
        return None;
    }
    let sequence = u32::from_ne_bytes(word(8)?);
    let result = match i32::from_ne_bytes(word(HEADER)?) {
        0 => Ok(()),
        code => Err(Errno::from_raw(code.saturating_neg())),
    };
    Some(Message::Answer { sequence, result })
}

fn read(message: NetlinkMessage<RouteNetlinkMessage>) -> Option<Message> {
    let (header, payload) = message.into_parts();
    let NetlinkHeader { sequence_number: sequence, port_number: port, .. } = header;
    match payload {
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
