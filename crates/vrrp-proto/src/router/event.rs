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
    /// Enter the election as Backup, or as Active when we own the addresses; after the start-up
    /// delay.
    Startup,
    /// Enter it as Active again if an earlier process of this boot sent its last advert then and
    /// that is recent enough (design.md 6, Resume); otherwise as Startup, but without its delay.
    /// Before it, hand over the adverts that waited in the socket: one that beats ours forbids it.
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
    /// On how many deciding members before this one, in the order of the settings, the last heard
    /// address does not beat ours, or none was heard: they may decide a tie otherwise.
    pub dissent: u8,
    /// The priority of another router that was heard on this member and is not overdue with its next
    /// advert.
    pub other: Option<Priority>,
    /// The version it was heard in.
    pub version: Version,
    /// The sender's priority; 0 says that it leaves.
    pub priority: Priority,
    /// How often the sender advertises.
    pub interval: Interval,
}

/// A version of VRRP: they differ in whether an Active router answers an advert that loses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// RFC 3768: it does not.
    V2,
    /// RFC 9568: at once.
    V3,
}

/// Whether adverts can travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Path {
    /// Every deciding member can send and hear.
    Open,
    /// One cannot, but another can: the peers can still be told.
    Partial,
    /// None can, and a link is down.
    Closed,
    /// None can, for want of an address only.
    Unaddressed,
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
    /// Absent, down or without carrier.
    Down,
    /// It could carry adverts, but has no address of ours that they could come from.
    Unaddressed,
    /// Usable; adverts go out from this address.
    Up(IpAddr),
}
