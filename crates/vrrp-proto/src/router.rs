//! CONTRACT (bodies to be written): one virtual router on one director.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use clock::{Duration, Instant, Interval};

use crate::{Checksum, ChecksumPolicy, LinkId, Priority, Role, Vrid};

/// What this router is told to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The interface it advertises on.
    pub link: LinkId,
    /// Its number on that link.
    pub vrid: Vrid,
    /// Its priority with no cause at work; `Event::Priority` brings the effective one.
    pub priority: Priority,
    /// How often it advertises while Active.
    pub interval: Interval,
    /// The virtual addresses, as advertised; at least one, at most 255.
    pub addresses: Vec<Ipv4Addr>,
    /// Whether it takes over from an Active router of lower priority.
    pub preempt: Preempt,
    /// How adverts travel.
    pub adverts: Adverts,
    /// Which checksums it accepts and sends.
    pub checksum: ChecksumPolicy,
    /// The base priority of the other director, if the configuration tells: an advert below it
    /// shows a health cause at work there, which `Preempt::No` does not protect (design.md 5).
    pub peer_base: Option<Priority>,
    /// The highest priority another director can claim these addresses with: its Skew_Time bounds
    /// how late a restarted Active may resume (design.md 6).
    pub rival: Priority,
    /// How long after Startup a claim waits for `Event::Ready` unless a live peer falls silent.
    pub hold: Duration,
}

/// Whether a better Backup takes over from a live Active.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Preempt {
    /// As soon as its Active_Down_Timer, which lower adverts do not reset, ends.
    #[default]
    Yes,
    /// Only when a named health cause put the Active below it.
    No,
}

/// How adverts travel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Adverts {
    /// To 224.0.0.18, from anybody on the link.
    Multicast,
    /// To each of these peers, and only from them.
    Unicast(Vec<Ipv4Addr>),
}

/// What can happen to a router.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A valid advertisement for this virtual router came in from somebody else.
    Advert(Heard),
    /// The link can carry adverts from this address of ours, or cannot.
    Link(Link),
    /// Stop taking part but leave everything as it is, for a successor process (design.md 6, Keep).
    Keep,
    /// The effective priority changed: health, tracking or an operator.
    Priority(Priority),
    /// The first round of checks is done and the table stands: claims need wait no longer.
    Ready,
    /// Leave the election and say so (design.md 6, Release).
    Shutdown,
    /// Enter the election as Backup, or as Active when we own the addresses.
    Startup,
    /// Enter it as Active again if an earlier process of this boot sent its last advert then and
    /// that is recent enough (design.md 6, Resume); as Startup otherwise.
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

/// What the caller must do, in order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// Send an advertisement of this priority, now (an edge).
    Advertise(Priority),
    /// Hold the addresses, or do not (a level). Said whenever it changes and once at startup.
    Want(Holding),
    /// Announce the held addresses once more: another Active was heard (an edge).
    Announce,
    /// The role changed.
    Became(Role, Reason),
}

/// What a router wants of its addresses.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Holding {
    /// Not ours to answer for: mute at once, then remove.
    Absent,
    /// Ours: present, announced, repaired when they vanish.
    Held,
}

/// Why a role changed (the events of RFC 8347's last-event, and ours).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Entered the election.
    Startup,
    /// An earlier process of this boot was Active a moment ago.
    Resumed,
    /// We own the addresses.
    Owner,
    /// The Active router fell silent.
    PeerSilent,
    /// The Active router said priority 0.
    PeerReleased,
    /// The Active router has a lower priority than ours.
    PeerLower,
    /// Another Active has a higher priority, or an equal one and the higher address.
    PeerHigher,
    /// The link went down, or lost our address.
    LinkDown,
    /// The link came up.
    LinkUp,
    /// Ordered to leave.
    Shutdown,
    /// Another router answers now; our leaving is complete.
    Succeeded,
    /// Nobody took over within the bound of leaving.
    NoSuccessor,
    /// Ordered to stop without letting go.
    Keep,
}

/// One virtual router on one director.
#[derive(Debug)]
pub struct Router {
    settings: Settings,
    role: Role,
}

impl Router {
    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its role.
    pub fn role(&self) -> Role {
        self.role
    }
}
