//! What a virtual router is told to be.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use clock::{Duration, Interval};

use crate::{ChecksumPolicy, LinkId, Priority, Vrid};

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
