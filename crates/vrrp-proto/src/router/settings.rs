//! What a router is told to be: one decision, and the virtual routers that follow it.

use alloc::vec::Vec;
use core::net::IpAddr;

use clock::{Duration, Interval};

use crate::{ChecksumPolicy, DownFactor, Family, LinkId, Priority, Vrid};

/// What this router is told to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The virtual routers that move together: at least one. They share everything else here.
    pub members: Vec<Member>,
    /// Whose adverts and links count.
    pub deciders: Deciders,
    /// Its priority with no cause at work; `Event::Priority` brings the effective one.
    pub priority: Priority,
    /// How often it advertises while Active. Whole seconds if a member speaks version 2.
    pub interval: Interval,
    /// How many intervals of silence end in a takeover.
    pub down_factor: DownFactor,
    /// Whether it takes over from an Active router of lower priority.
    pub preempt: Preempt,
    /// How long a live Active of lower priority is left alone, from its first advert on
    /// (RFC 8347, preempt/hold-time).
    pub preempt_delay: Duration,
    /// How long it stays in Init after `Event::Startup`.
    pub startup_delay: Duration,
    /// The base priority of the other director, if the configuration tells: an advert that lacks
    /// more of it than we lack of ours shows a health cause there alone, which `Preempt::No` does
    /// not protect (design.md 5).
    pub peer_base: Option<Priority>,
    /// The highest priority another director can claim these addresses with: its Skew_Time bounds
    /// how late a restarted Active may resume (design.md 6).
    pub rival: Priority,
    /// How long after Startup a claim waits for `Event::Ready` unless a live peer falls silent.
    pub hold: Duration,
}

/// Whose adverts and links decide for all members.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Deciders {
    /// Any: an advert on one counts for all, takeover when all are silent, one broken link stops
    /// all.
    #[default]
    All,
    /// The leader, by its place among the members.
    Leader(usize),
}

/// One virtual router in the sense of RFC 9568.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The interface it advertises on.
    pub link: LinkId,
    /// Its number on that link, in its family.
    pub vrid: Vrid,
    /// Which VRRP it speaks.
    pub protocol: Protocol,
    /// The virtual addresses, as advertised; at least one, at most 255 in IPv4 and 90 in IPv6, all
    /// of the protocol's family.
    pub addresses: Vec<IpAddr>,
    /// How adverts travel.
    pub adverts: Adverts,
    /// What is done about adverts that break a rule without harm.
    pub strictness: Strictness,
}

/// Which VRRP a virtual router speaks. It hears no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// Version 2 over IPv4 (RFC 3768, and RFC 2338 for passwords).
    V2(Auth),
    /// Version 3 over IPv4; which checksums it accepts and sends.
    V3Ipv4(ChecksumPolicy),
    /// Version 3 over IPv6.
    V3Ipv6,
}

impl Protocol {
    /// The family it is spoken over.
    pub const fn family(self) -> Family {
        match self {
            Self::V2(_) | Self::V3Ipv4(_) => Family::V4,
            Self::V3Ipv6 => Family::V6,
        }
    }
}

/// How version 2 authenticates (RFC 2338 5.3.6). In the clear: it guards against mistakes only.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Auth {
    /// Not at all.
    None,
    /// A simple text password, padded with zeroes.
    Password([u8; 8]),
}

impl core::fmt::Debug for Auth {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password(_) => "Password(..)",
        })
    }
}

/// What is done about adverts that break a rule without harm: another interval or address list, an
/// IPv6 list that does not begin with a link-local address.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strictness {
    /// Counted and kept: a change that is rolled out director by director must not make two Actives.
    #[default]
    Lenient,
    /// Counted and discarded where RFC 9568 7.1 allows it.
    Strict,
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
    /// To 224.0.0.18 or ff02::12, from anybody on the link.
    Multicast,
    /// To each of these peers, and only from them.
    Unicast {
        /// Their addresses, of the protocol's family.
        peers: Vec<IpAddr>,
        /// The lowest TTL or hop limit accepted: 255 unless a router stands between (RFC 5082).
        min_ttl: u8,
    },
}
