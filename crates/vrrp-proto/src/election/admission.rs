//! Whether a datagram for one of our virtual routers is listened to.
//!
//! The order is that of RFC 9568 7.1, cheapest first; what fails is discarded and counted once, and
//! says nothing else. Two rules are broken without harm: another interval (version 3) and another
//! address list are counted on the seat and kept, unless the settings are strict where an RFC
//! wants a discard. That the receiver owns the addresses is no reason to discard (erratum 8298).
//!
//! One thing is out of that order, see [`travelled`]: whom it concerns is asked before the checksum.

use core::net::IpAddr;

use clock::{Instant, Interval};

use super::seat::{Difference, Seat};
use crate::Priority;
use crate::router::{Adverts, Link, Member, Protocol, Strictness};
use crate::wire::{self, Addresses, Advert, Discard, Envelope};

mod list;

/// What can be told of a datagram before its virtual router is looked up: a multicast one has a TTL
/// of 255 (RFC 9568 5.1.1.3), whoever it is for.
///
/// The look-up comes next, and the checks of the message after it. A foreign virtual router's
/// datagram so costs a look-up and no sum, however many share the segment; one whose number was
/// damaged on the way counts as foreign. Nothing is believed of either.
pub(super) fn travelled(envelope: &Envelope<'_>) -> Result<(), Discard> {
    if envelope.to.is_multicast() && envelope.ttl != wire::TTL { Err(Discard::Ttl) } else { Ok(()) }
}

/// Reads a datagram for this virtual router, and counts on its seat what is broken without harm.
pub(super) fn admit<'a>(
    now: Instant,
    interval: Interval,
    member: &Member,
    seat: &mut Seat,
    envelope: &Envelope<'a>,
) -> Result<Advert, Discard> {
    if envelope.ttl < min_ttl(member) {
        return Err(Discard::Ttl);
    }
    let (advert, addresses) = envelope.read(member.protocol)?;
    let same_interval = advert.interval == interval;
    // RFC 3768 7.1: with another interval the two would time each other out.
    if !same_interval && matches!(member.protocol, Protocol::V2(_)) {
        return Err(Discard::Interval);
    }
    if member.strictness == Strictness::Strict && !strictly_right(member, &advert, addresses) {
        return Err(Discard::AddressList);
    }
    from_a_peer(member, seat.link(), &advert)?;
    if !same_interval {
        seat.differs(now, Difference::Interval);
    }
    if !begins_right(addresses) || !list::same(&member.addresses, addresses) {
        seat.differs(now, Difference::Addresses);
    }
    Ok(advert)
}

/// What its datagrams need: unicast may come through as many routers as the settings say.
const fn min_ttl(member: &Member) -> u8 {
    match member.adverts {
        Adverts::Multicast => wire::TTL,
        Adverts::Unicast { min_ttl, .. } => min_ttl,
    }
}

/// Where an RFC wants a discard that costs more than it protects: over IPv6 the first address is
/// link-local (RFC 9568 5.2.9, erratum 8300); in version 2 the addresses are ours, or the sender
/// owns them (RFC 3768 7.1). In version 3 another list is a reason to tell and no more.
fn strictly_right(member: &Member, advert: &Advert, addresses: Addresses<'_>) -> bool {
    match member.protocol {
        Protocol::V2(_) => {
            advert.priority == Priority::OWNER || list::same(&member.addresses, addresses)
        }
        Protocol::V3Ipv4(_) => true,
        Protocol::V3Ipv6 => begins_right(addresses),
    }
}

/// RFC 9568 5.2.9: over IPv6 the virtual router's link-local address comes first.
fn begins_right(addresses: Addresses<'_>) -> bool {
    match addresses.get(0) {
        Some(IpAddr::V6(first)) => first.is_unicast_link_local(),
        Some(IpAddr::V4(_)) | None => true,
    }
}

/// Not ourselves, and sent as the settings say, by somebody they name.
fn from_a_peer(member: &Member, link: Link, advert: &Advert) -> Result<(), Discard> {
    if link == Link::Up(advert.from) {
        return Err(Discard::OwnSource);
    }
    match &member.adverts {
        Adverts::Multicast if advert.to != wire::multicast(member.protocol.family()) => {
            Err(Discard::DestMode)
        }
        Adverts::Unicast { .. } if !is_unicast(advert.to) => Err(Discard::DestMode),
        Adverts::Unicast { peers, .. } if !peers.contains(&advert.from) => {
            Err(Discard::UnknownPeer)
        }
        Adverts::Multicast | Adverts::Unicast { .. } => Ok(()),
    }
}

fn is_unicast(to: IpAddr) -> bool {
    match to {
        IpAddr::V4(to) => !to.is_multicast() && !to.is_broadcast(),
        IpAddr::V6(to) => !to.is_multicast(),
    }
}

#[cfg(test)]
mod tests;
