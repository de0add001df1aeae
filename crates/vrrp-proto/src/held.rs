//! What a router holds while it is Active, and where it speaks: values for whoever makes them true.
//!
//! Nothing here decides anything; [`crate::Election`] does not look at it. It stands in this crate
//! because the file is read into it and the threads on Linux take it.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use clock::Duration;

/// What is held while the router is Active.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Held {
    /// In the order in which they are announced: the advertised addresses and any others.
    pub addresses: Vec<VirtualAddress>,
    /// Routes that exist while it is Active.
    pub routes: Vec<VirtualRoute>,
    /// Policy rules that exist while it is Active.
    pub rules: Vec<VirtualRule>,
    /// Whether packets for the addresses themselves are taken (RFC 9568 6.1, Accept_Mode).
    pub accept: Accept,
    /// How the addresses are announced.
    pub announce: AnnouncePolicy,
}

/// Where one virtual router speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberSetup {
    /// The parent interface, present or not.
    pub interface: String,
    /// The address its adverts come from. `None`: the interface's primary IPv4 address, or its
    /// first link-local IPv6 address. When given and not on the interface, its link counts as down.
    pub source: Option<IpAddr>,
    /// Which MAC address its addresses answer with.
    pub mac: Mac,
}

/// Which MAC address virtual addresses answer with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Mac {
    /// The parent interface's own.
    #[default]
    Interface,
    /// The virtual one of RFC 9568 7.3, on a macvlan device of this name: made and removed by us,
    /// in bridge mode, so that adverts always arrive at the parent; up only while we are Active.
    /// Multicast adverts leave the parent with the virtual MAC as their source.
    Virtual(String),
}

/// Whether packets for virtual addresses are taken by this machine.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Accept {
    /// A director terminates its addresses.
    #[default]
    Yes,
    /// Only neighbour discovery and ARP are answered, unless we own the addresses.
    No,
}

/// When and how fast held addresses are announced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnnouncePolicy {
    /// Copies at once, 1 to 10.
    pub burst: u8,
    /// The time between later copies for neighbours that missed all of them; `None`: never.
    pub refresh: Option<Duration>,
    /// How many may leave in a second, over all addresses of the director; `None`: no cap.
    pub rate: Option<u32>,
}

impl Default for AnnouncePolicy {
    fn default() -> Self {
        Self { burst: 1, refresh: Some(Duration::from_secs(60)), rate: Some(1_000) }
    }
}

/// An address to hold.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct VirtualAddress {
    /// The device it is held on: a parent interface, a virtual MAC's device, or another one.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
    /// 1 to 32 or 128; the longest unless the file says otherwise.
    pub prefix: u8,
    /// An IPv4 label, `INTERFACE:WORD`, at most 15 bytes.
    pub label: Option<String>,
    /// `RT_SCOPE_UNIVERSE` unless the file says otherwise.
    pub scope: Scope,
}

/// How far an address or route is meant to reach (<linux/rtnetlink.h>, rt_scope_t).
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    /// Everywhere.
    #[default]
    Global,
    /// The link.
    Link,
    /// This machine.
    Host,
}

/// A route that follows the role.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct VirtualRoute {
    /// Where to, with its prefix length; 0 for the default route.
    pub to: (IpAddr, u8),
    /// The next hop.
    pub via: Option<IpAddr>,
    /// The device.
    pub interface: Option<String>,
    /// The source address that packets of ours take.
    pub source: Option<IpAddr>,
    /// The table; `None`: main.
    pub table: Option<u32>,
    /// The metric.
    pub metric: Option<u32>,
}

/// A policy rule that follows the role.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct VirtualRule {
    /// Packets from here.
    pub from: Option<(IpAddr, u8)>,
    /// Packets to there.
    pub to: Option<(IpAddr, u8)>,
    /// Packets with this mark.
    pub mark: Option<u32>,
    /// Look here.
    pub table: u32,
    /// Its place among the rules.
    pub priority: Option<u32>,
}
