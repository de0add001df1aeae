//! What can happen to a virtual router.

use core::cmp::Ordering;
use core::net::IpAddr;

use clock::{Instant, Interval};

use crate::Priority;

/// What can happen to a router.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A valid advertisement for this virtual router came in from somebody else.
    Advert(Heard),
    /// A fault that no weight expresses: leave the election as at Shutdown, and enter it again by
    /// itself once it is over.
    Fault(Fault),
    /// Stop taking part but leave everything as it is, for a successor process (design.md 6, Keep).
    Keep,
    /// The address that our adverts come from changed: peers compare it.
    Moved,
    /// The links of the deciding members can carry adverts, or one of them cannot.
    Path(Path),
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
    pub from: IpAddr,
    /// How that address compares with ours on the link where it was heard. Equal: our own packet
    /// come back, or a duplicate address.
    pub tie: Ordering,
    /// The sender's priority; 0 says that it leaves.
    pub priority: Priority,
    /// How often the sender advertises.
    pub interval: Interval,
}

/// Whether adverts can travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Path {
    /// Every deciding member can send and hear.
    Open,
    /// One cannot.
    Closed,
}

/// Whether a fault keeps the router out of the election.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// No.
    Clear,
    /// Yes.
    Present,
}

/// What the link can do for one virtual router.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Link {
    /// Absent, down, without carrier, or without an address of ours.
    Down,
    /// Usable; adverts go out from this address.
    Up(IpAddr),
}
