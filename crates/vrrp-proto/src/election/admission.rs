//! Whether a well-formed advert for one of our virtual routers is listened to.

use core::net::IpAddr;

use clock::Interval;

use super::seat::{Counters, Seat};
use crate::ChecksumPolicy;
use crate::router::{Adverts, Auth, Link, Member, Protocol};
use crate::wire::{self, Addresses, Advert, Discard, Format};

/// RFC 9568 7.1, and what unicast adds to it: the checks that need to know the receiving router.
/// That the receiver owns the addresses is no reason to discard (erratum 8298).
pub(super) fn admit(
    interval: Interval,
    member: &Member,
    seat: &Seat,
    advert: &Advert,
) -> Result<(), Discard> {
    match (member.protocol, advert.format) {
        (Protocol::V2(ours), Format::V2(theirs)) => authenticate(ours, theirs)?,
        (Protocol::V3Ipv4(ChecksumPolicy::Only(ours)), Format::V3Ipv4(theirs))
            if ours != theirs =>
        {
            return Err(Discard::Checksum);
        }
        (Protocol::V3Ipv4(_), Format::V3Ipv4(_)) | (Protocol::V3Ipv6, Format::V3Ipv6) => {}
        (Protocol::V2(_) | Protocol::V3Ipv4(_) | Protocol::V3Ipv6, _) => {
            return Err(Discard::Version);
        }
    }
    if seat.link() == Link::Up(advert.from) {
        return Err(Discard::OwnSource);
    }
    // RFC 3768 7.1: with another interval the two would time each other out.
    if matches!(advert.format, Format::V2(_)) && advert.interval != interval {
        return Err(Discard::Interval);
    }
    match &member.adverts {
        Adverts::Multicast if advert.to != wire::multicast(member.protocol.family()) => {
            Err(Discard::DestMode)
        }
        Adverts::Unicast { .. } if !is_unicast(advert.to) => Err(Discard::DestMode),
        Adverts::Unicast { min_ttl, .. } if advert.ttl < *min_ttl => Err(Discard::Ttl),
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

fn authenticate(ours: Auth, theirs: Auth) -> Result<(), Discard> {
    match (ours, theirs) {
        (Auth::None, Auth::None) => Ok(()),
        (Auth::Password(ours), Auth::Password(theirs)) if ours == theirs => Ok(()),
        (Auth::Password(_), Auth::Password(_)) => Err(Discard::AuthFailure),
        (Auth::None, Auth::Password(_)) | (Auth::Password(_), Auth::None) => {
            Err(Discard::AuthMismatch)
        }
    }
}

/// Counts what differs from our settings. Nothing is discarded for it: a change that is rolled out
/// director by director must not make two Actives.
pub(super) fn compare(
    interval: Interval,
    member: &Member,
    advert: &Advert,
    addresses: Addresses<'_>,
    counters: &mut Counters,
) {
    let ours = &member.addresses;
    // In order first: that is what a peer with the same configuration sends.
    let same_list = ours.iter().copied().eq(addresses.iter());
    let other_addresses = !same_list && !same_set(ours, addresses);
    counters.interval_errors += u64::from(advert.interval != interval);
    counters.address_list_errors += u64::from(other_addresses);
}

fn same_set(ours: &[IpAddr], theirs: Addresses<'_>) -> bool {
    let all_known = theirs.iter().all(|address| ours.contains(&address));
    all_known && ours.iter().all(|address| theirs.iter().any(|other| other == *address))
}
