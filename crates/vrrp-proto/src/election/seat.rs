//! One virtual router's seat at its link: from where it speaks, what it heard, what it counted.

use core::cmp::Ordering;
use core::net::IpAddr;

pub use crate::router::Peer;
use crate::router::{Link, Member, Output, Protocol};
use crate::{Checksum, ChecksumPolicy, Priority, Role};

mod counters;

pub use counters::Counters;

/// One virtual router at its link. Its settings are the member's; its role is its router's.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    link: Link,
    learned: Checksum,
    peer: Option<Peer>,
    counters: Counters,
}

impl Seat {
    pub(super) fn new(link: Link) -> Self {
        Self { link, learned: Checksum::PseudoHeader, peer: None, counters: Counters::default() }
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

    pub(super) const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// Says whether anything changed.
    pub(super) fn follow(&mut self, link: Link) -> bool {
        core::mem::replace(&mut self.link, link) != link
    }

    /// Begins with the checksum an earlier process heard; what was heard here counts more.
    pub(super) const fn learn(&mut self, form: Checksum) {
        if self.peer.is_none() {
            self.learned = form;
        }
    }

    /// A valid advert came in, in this form if it is one of version 3 over IPv4.
    pub(super) fn hear(&mut self, peer: Peer, form: Option<Checksum>) {
        self.counters.advertisement_rcvd += 1;
        if peer.priority == Priority::RELEASE {
            self.counters.priority_zero_pkts_rcvd += 1;
        }
        self.learned = form.unwrap_or(self.learned);
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
