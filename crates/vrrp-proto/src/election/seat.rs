//! One virtual router's seat at its link: from where it speaks, what it heard, what it counted.

use core::cmp::Ordering;
use core::net::IpAddr;

use clock::Instant;

pub use crate::router::Peer;
use crate::router::{Link, Member, Output, Protocol};
use crate::wire::Discard;
use crate::{Checksum, ChecksumPolicy, Priority, Role};

mod counters;
mod noted;

pub use counters::Counters;
pub(super) use noted::Difference;
use noted::Noted;

/// One virtual router at its link. Its settings are the member's; its role is its router's.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    link: Link,
    learned: Checksum,
    /// Whose checksum was learned.
    teacher: Option<IpAddr>,
    peer: Option<Peer>,
    /// The last one that did not say that it leaves, unless it did since.
    live: Option<Peer>,
    counters: Counters,
    noted: Noted,
}

/// What an advert means to our router.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// Its sender holds the addresses, or is to hold them.
    Obeyed,
    /// We hold them, or are about to.
    Lesser,
}

impl Seat {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            learned: Checksum::PseudoHeader,
            teacher: None,
            peer: None,
            live: None,
            counters: Counters::default(),
            noted: Noted::default(),
        }
    }

    /// What its link can do for it.
    pub const fn link(&self) -> Link {
        self.link
    }

    /// The last valid advert heard on it.
    pub const fn peer(&self) -> Option<Peer> {
        self.peer
    }

    /// What it counted since it was made.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The last datagram for it that was discarded: why, when, and who sent it. `None`: none was.
    pub const fn last_discard(&self) -> Option<(Discard, Instant, Option<IpAddr>)> {
        self.noted.discard
    }

    /// When an advert was last kept although its interval is not ours.
    pub const fn last_other_interval(&self) -> Option<Instant> {
        self.noted.interval
    }

    /// When an advert was last kept although its addresses are not ours.
    pub const fn last_other_addresses(&self) -> Option<Instant> {
        self.noted.addresses
    }

    /// The checksum it sends in version 3 over IPv4, for `Event::Learned` of a later process.
    pub const fn checksum(&self, member: &Member) -> Checksum {
        match member.protocol {
            Protocol::V3Ipv4(ChecksumPolicy::Only(form)) => form,
            Protocol::V3Ipv4(ChecksumPolicy::Auto) | Protocol::V2(_) | Protocol::V3Ipv6 => {
                self.learned
            }
        }
    }

    /// How this address compares with ours: larger wins a tie (RFC 9568 6.4.3).
    pub(super) fn compare(&self, address: IpAddr) -> Ordering {
        match self.link {
            Link::Up(ours) => address.cmp(&ours),
            Link::Down | Link::Unaddressed => Ordering::Greater,
        }
    }

    /// The priority of somebody else than this one who is not overdue with its next advert.
    pub(super) fn other(&self, now: Instant, than: IpAddr) -> Option<Priority> {
        let speaks = |live: &Peer| now.since(live.at) <= live.interval.duration();
        let live = self.live.filter(|live| live.address != than && speaks(live));
        live.map(|live| live.priority)
    }

    pub(super) const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// Says whether anything changed.
    pub(super) fn follow(&mut self, link: Link) -> bool {
        core::mem::replace(&mut self.link, link) != link
    }

    /// Begins with the checksum an earlier process learned; what was learned here counts more.
    pub(super) const fn learn(&mut self, form: Checksum) {
        if self.teacher.is_none() {
            self.learned = form;
        }
    }

    /// A datagram for it was discarded.
    pub(super) const fn discards(&mut self, now: Instant, discard: Discard, from: Option<IpAddr>) {
        self.noted.discard = Some((discard, now, from));
    }

    /// An advert that is kept says something otherwise than we do.
    pub(super) const fn differs(&mut self, now: Instant, difference: Difference) {
        match difference {
            Difference::Interval => {
                self.counters.interval_errors += 1;
                self.noted.interval = Some(now);
            }
            Difference::Addresses => {
                self.counters.address_list_errors += 1;
                self.noted.addresses = Some(now);
            }
        }
    }

    /// A valid advert came in, in this form if it is one of version 3 over IPv4.
    ///
    /// Its checksum is learned from whom we obey, from the first that is heard, and from the one it
    /// was learned from. Not from any other that we do not obey: our peer is silent while we are
    /// Active, and a stray third router would make it deaf to us.
    pub(super) fn hear(&mut self, peer: Peer, form: Option<Checksum>, standing: Standing) {
        self.counters.advertisement_rcvd += 1;
        if peer.priority == Priority::RELEASE {
            self.counters.priority_zero_pkts_rcvd += 1;
        }
        let known = self.teacher.is_none_or(|teacher| teacher == peer.address);
        if let Some(form) = form
            && (known || standing == Standing::Obeyed)
        {
            self.learned = form;
            self.teacher = Some(peer.address);
        }
        if peer.priority != Priority::RELEASE {
            self.live = Some(peer);
        } else if self.live.is_some_and(|live| live.address == peer.address) {
            self.live = None;
        }
        self.peer = Some(peer);
    }

    /// Counts what the router does on this seat as on all of them.
    pub(super) fn follow_output(&mut self, output: Output) {
        match output {
            Output::Advertise(priority) => {
                self.counters.advertisement_sent += 1;
                if priority == Priority::RELEASE {
                    self.counters.priority_zero_pkts_sent += 1;
                }
            }
            Output::Became(Role::Active, _) => self.counters.master_transitions += 1,
            Output::Became(..) | Output::Want(_) | Output::Announce => {}
        }
    }
}
