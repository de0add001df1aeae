//! What can happen to a virtual router.

use core::net::Ipv4Addr;

use clock::{Instant, Interval};

use crate::{Checksum, Priority};

/// What can happen to a router.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A valid advertisement for this virtual router came in from somebody else.
    Advert(Heard),
    /// An earlier process of this boot heard the peers use this checksum: the one to begin with.
    /// Without effect once an advert was heard.
    Learned(Checksum),
    /// The link can carry adverts from this address of ours, or cannot.
    Link(Link),
    /// Stop taking part but leave everything as it is, for a successor process (design.md 6, Keep).
    Keep,
    /// The effective priority changed: health, tracking or an operator. Kept within 1 and 254;
    /// without effect on a router that owns the addresses.
    Priority(Priority),
    /// The first round of checks is done and the table stands: claims need wait no longer.
    Ready,
    /// Leave the election and say so (design.md 6, Release).
    Shutdown,
    /// Enter the election as Backup, or as Active when we own the addresses.
    Startup,
    /// Enter it as Active again if an earlier process of this boot sent its last advert then and
    /// that is recent enough (design.md 6, Resume); as Startup otherwise. Before it, hand over the
    /// adverts that waited in the socket: one that beats ours forbids it.
    Resume(Instant),
    /// Time has passed.
    Tick,
}

/// The parts of an advertisement the election needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heard {
    /// Who sent it.
    pub from: Ipv4Addr,
    /// The sender's priority; 0 says that it leaves.
    pub priority: Priority,
    /// How often the sender advertises.
    pub interval: Interval,
    /// Which sum it carried.
    pub checksum: Checksum,
}

/// What the link can do for this router.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Link {
    /// Absent, down, without carrier, or without an address of ours.
    Down,
    /// Usable; adverts go out from this address.
    Up(Ipv4Addr),
}
