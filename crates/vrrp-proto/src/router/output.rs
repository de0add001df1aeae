//! What a virtual router asks of its caller.

use core::fmt;
use core::ops::Deref;

use crate::{Priority, Role};

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
    /// The Active router fell silent, or none was ever heard.
    PeerSilent,
    /// The Active router said priority 0.
    PeerReleased,
    /// The Active router has a lower priority than ours.
    PeerLower,
    /// Another Active has a higher priority, or an equal one and the higher address.
    PeerHigher,
    /// Another took over while this process was stopped.
    Replaced,
    /// The link went down.
    LinkDown,
    /// The link came up.
    LinkUp,
    /// The link lost the address that adverts come from.
    AddressGone,
    /// It has one again.
    AddressBack,
    /// A fault keeps us out.
    Fault,
    /// No fault does any more.
    FaultCleared,
    /// Waits for the start-up delay.
    StartupDelay,
    /// Ordered to leave.
    Shutdown,
    /// Another router answers now; our leaving is complete.
    Succeeded,
    /// Nobody took over within the bound of leaving.
    NoSuccessor,
    /// Ordered to stop without letting go.
    Keep,
}

/// A few outputs in order, without an allocation. Reads as a slice.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Outputs {
    list: [Output; Self::CAPACITY],
    used: usize,
}

impl Outputs {
    /// Nothing to do.
    pub(super) const NONE: Self = Self { list: [Output::Announce; Self::CAPACITY], used: 0 };

    pub(crate) const CAPACITY: usize = 3;

    /// More than there is room for does not compile.
    pub(super) fn of<const N: usize>(outputs: [Output; N]) -> Self {
        const { assert!(N <= Self::CAPACITY) };
        let mut all = Self { used: N, ..Self::NONE };
        for (slot, output) in all.list.iter_mut().zip(outputs) {
            *slot = output;
        }
        all
    }
}

impl Deref for Outputs {
    type Target = [Output];

    fn deref(&self) -> &[Output] {
        self.list.get(..self.used).unwrap_or(&self.list)
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
