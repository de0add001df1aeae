//! What `gemel status` says of a router of the file. Names follow RFC 8347 where it has one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One router of the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Router {
    pub(crate) name: String,
    /// The group it moves with; role, reason, priority, causes and timing are the group's then.
    pub(crate) group: Option<String>,
    pub(crate) interface: String,
    pub(crate) vrid: u8,
    /// Init, Backup, Active or Leaving.
    pub(crate) role: String,
    pub(crate) since_s: f64,
    /// The same as a date and time, in UTC.
    pub(crate) since: String,
    /// When it last left Init, in UTC; absent while it is there.
    pub(crate) up_datetime: Option<String>,
    /// Why it has this role.
    pub(crate) reason: String,
    /// The last event of the protocol that had an effect.
    pub(crate) last_event: String,
    /// Why it last became Active.
    pub(crate) new_active_reason: String,
    /// Whether it owns its addresses: priority 255.
    pub(crate) is_owner: bool,
    /// The effective priority; always base plus the causes that count, within 1 and 254, or 255 of
    /// an owner.
    pub(crate) priority: u8,
    pub(crate) base: u8,
    pub(crate) causes: Vec<Cause>,
    pub(crate) preempt: bool,
    pub(crate) preempt_delay_s: f64,
    pub(crate) startup_delay_s: f64,
    /// Whether packets for the addresses are taken.
    pub(crate) accept: bool,
    /// Whose valid advert was heard last, on any of its members.
    pub(crate) peer: Option<Peer>,
    pub(crate) interval_ms: u64,
    pub(crate) down_factor: u8,
    pub(crate) skew_us: u64,
    pub(crate) active_down_ms: f64,
    /// Everything it holds while Active, the most important first.
    pub(crate) addresses: Vec<Address>,
    /// One virtual router of each family.
    pub(crate) members: Vec<Member>,
    /// Of its interfaces' sockets: not of this router alone.
    pub(crate) socket_counters: BTreeMap<String, u64>,
}

/// An address to hold.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Address {
    /// With its prefix length.
    pub(crate) address: String,
    /// Where it is held.
    pub(crate) interface: String,
    /// Whether adverts name it.
    pub(crate) advertised: bool,
}

/// One virtual router: a VRID on an interface in a family.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Member {
    /// `IPv4` or `IPv6`.
    pub(crate) family: String,
    /// Of VRRP: 2 or 3.
    pub(crate) version: u8,
    pub(crate) vrid: u8,
    /// Where it advertises.
    pub(crate) interface: String,
    /// `up`; `no-address` if it lacks the one that adverts come from; `down`, or absent.
    pub(crate) link: String,
    /// Where its adverts come from, while the link is up.
    pub(crate) source: Option<String>,
    /// The virtual MAC its addresses answer with.
    pub(crate) virtual_mac: Option<VirtualMac>,
    /// The link-local address IPv6 adverts begin with.
    pub(crate) link_local: Option<String>,
    /// `multicast` or `unicast`.
    pub(crate) adverts: String,
    /// Where unicast adverts go.
    pub(crate) peers: Vec<String>,
    /// Whether it alone decides for its group.
    pub(crate) is_leader: bool,
    /// The checksum it sends in version 3 over IPv4.
    pub(crate) checksum: Option<String>,
    /// Who sent the last valid advert.
    pub(crate) last_adv_source: Option<String>,
    /// The same, with what it said.
    pub(crate) peer: Option<Peer>,
    pub(crate) counters: BTreeMap<String, u64>,
}

/// The device of a virtual MAC address.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct VirtualMac {
    pub(crate) device: String,
    pub(crate) address: String,
}

/// One named, additive reason of a priority.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Cause {
    pub(crate) name: String,
    pub(crate) value: i32,
    pub(crate) counts: bool,
    pub(crate) since_s: f64,
    /// When a change that is held takes effect.
    pub(crate) held_for_s: Option<f64>,
}

/// The other director as the wire shows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Peer {
    pub(crate) address: String,
    pub(crate) priority: u8,
    pub(crate) interval_ms: u64,
    pub(crate) heard_s_ago: f64,
}
