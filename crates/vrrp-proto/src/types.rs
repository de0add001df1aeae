//! The protocol's quantities and names. A value that exists is valid.

use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroU8;

use clock::{Duration, Interval};

/// Virtual Router Identifier, 1 to 255 (RFC 9568 5.2.3).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// `None` for 0.
    pub const fn new(value: u8) -> Option<Self> {
        match NonZeroU8::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// 1 to 255.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much a router wants to be Active (RFC 9568 5.2.4). Larger wins.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Priority(u8);

impl Priority {
    /// "I am leaving": only ever sent, never configured.
    pub const RELEASE: Self = Self(0);
    /// The lowest a router in the election can have.
    pub const MIN: Self = Self(1);
    /// The highest a router that does not own the addresses can have.
    pub const MAX: Self = Self(254);
    /// The router that owns the addresses.
    pub const OWNER: Self = Self(255);

    /// A configurable priority, 1 to 254.
    pub const fn new(value: u8) -> Option<Self> {
        match value {
            1..=254 => Some(Self(value)),
            _ => None,
        }
    }

    /// Whatever a packet says, 0 to 255.
    pub const fn from_wire(value: u8) -> Self {
        Self(value)
    }

    /// `base` plus the sum of causes, kept within 1 and 254.
    pub const fn clamped(sum: i32) -> Self {
        match sum {
            ..=1 => Self::MIN,
            2..=253 => Self(sum as u8),
            254.. => Self::MAX,
        }
    }

    /// 0 to 255.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Skew_Time: how long a Backup of this priority hesitates (RFC 9568 6.1), without rounding.
    pub const fn skew(self, interval: Interval) -> Duration {
        // centiseconds * 10 ms / 256 = 39062.5 ns: exact in half-nanoseconds.
        let half_nanos = (256 - self.0 as u64) * interval.centis() as u64 * 78_125;
        Duration::from_nanos(half_nanos / 2)
    }

    /// Active_Down_Interval: how long silence lasts before a Backup of this priority takes over
    /// (RFC 9568 6.1).
    pub fn down(self, interval: Interval, factor: DownFactor) -> Duration {
        interval.duration() * u32::from(factor.get()) + self.skew(interval)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many intervals of silence a Backup waits, besides its Skew_Time: 3 in RFC 9568 6.1. Both
/// directors must use the same.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DownFactor(NonZeroU8);

impl DownFactor {
    /// The protocol's.
    pub const DEFAULT: Self = Self(NonZeroU8::MIN.saturating_add(2));

    /// `None` outside 1 to 100.
    pub const fn new(value: u8) -> Option<Self> {
        match NonZeroU8::new(value) {
            Some(factor) if value <= 100 => Some(Self(factor)),
            Some(_) | None => None,
        }
    }

    /// 1 to 100.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

/// Which Internet protocol: each has virtual routers of its own (RFC 9568 1.1).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The address's.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Who decides as one: a router of the file, or a group of them. Given by whoever assembles the
/// daemon; stable over reloads.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RouterId(pub u32);

/// One virtual router in the sense of RFC 9568: a VRID on an interface in a family. Those of one
/// [`RouterId`] move together.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MemberId {
    /// With whom it moves.
    pub router: RouterId,
    /// Its place in `router::Settings::members`.
    pub at: usize,
}

/// One parent interface named in the configuration, present or not. Not an ifindex: the interface
/// may vanish and come back with another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub u32);

/// A router's place in the election.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Takes no part: not started, stopped, or its link is unusable.
    Init,
    /// Waits for the Active router to fall silent.
    Backup,
    /// Holds the addresses.
    Active,
    /// Has said priority 0 and holds the addresses until somebody else answers or time is up.
    Leaving,
}

impl Role {
    /// Whether a router in this role answers for its addresses.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Active | Self::Leaving)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "Init",
            Self::Backup => "Backup",
            Self::Active => "Active",
            Self::Leaving => "Leaving",
        })
    }
}

/// Which sum an IPv4 VRRPv3 packet carries: RFC 9568 5.2.8, or RFC 5798 as Linux peers read it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Checksum {
    /// Over the VRRP message alone.
    Rfc9568,
    /// Over an IPv4 pseudo-header and the message; keepalived and FRR by default.
    PseudoHeader,
}

/// What is accepted and what is sent.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ChecksumPolicy {
    /// Accept either; send what the peer was last heard to use, the pseudo-header until then.
    #[default]
    Auto,
    /// Accept and send only this one.
    Only(Checksum),
}

#[cfg(test)]
mod tests;
