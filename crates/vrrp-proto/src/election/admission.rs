//! Whether a well-formed advert for one of our virtual routers is listened to.

use crate::router::{Adverts, Link};
use crate::wire::{self, Addresses, Advert, Discard};
use crate::{ChecksumPolicy, Router};

/// RFC 9568 7.1, and what unicast adds to it: the checks that need to know the receiving router.
/// That the receiver owns the addresses is no reason to discard (erratum 8298).
pub(super) fn admit(router: &Router, advert: &Advert) -> Result<(), Discard> {
    let settings = router.settings();
    let refused = match settings.checksum {
        ChecksumPolicy::Auto => false,
        ChecksumPolicy::Only(form) => form != advert.checksum,
    };
    if refused {
        return Err(Discard::Checksum);
    }
    if router.link() == Link::Up(advert.from) {
        return Err(Discard::OwnSource);
    }
    match &settings.adverts {
        Adverts::Multicast if advert.to != wire::MULTICAST => Err(Discard::DestMode),
        Adverts::Unicast(_) if advert.to.is_multicast() || advert.to.is_broadcast() => {
            Err(Discard::DestMode)
        }
        Adverts::Unicast(peers) if !peers.contains(&advert.from) => Err(Discard::UnknownPeer),
        Adverts::Multicast | Adverts::Unicast(_) => Ok(()),
    }
}

/// Counts what differs from our settings. Nothing is discarded for it: a change that is rolled out
/// director by director must not make two Actives.
pub(super) fn compare(router: &mut Router, advert: &Advert, addresses: Addresses<'_>) {
    let settings = router.settings();
    let other_interval = advert.interval != settings.interval;
    let ours = settings.addresses.iter();
    // In order first: that is what a peer with the same configuration sends.
    let same_list = ours.clone().copied().eq(addresses.iter());
    let other_addresses = !same_list && !same_set(ours.as_slice(), addresses);
    let counters = router.counters_mut();
    counters.interval_errors += u64::from(other_interval);
    counters.address_list_errors += u64::from(other_addresses);
}

fn same_set(ours: &[core::net::Ipv4Addr], theirs: Addresses<'_>) -> bool {
    let all_known = theirs.iter().all(|address| ours.contains(&address));
    all_known && ours.iter().all(|address| theirs.iter().any(|other| other == *address))
}
