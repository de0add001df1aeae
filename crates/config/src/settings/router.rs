//! `[[router]]` as it is after the file was found good.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use clock::{Duration, Interval};
use coordinator::{Impact, Source};
use track::Timing;
use vrrp_proto::held::{Accept, Scope, VirtualRoute, VirtualRule};
use vrrp_proto::router::{Auth, Preempt, Strictness};
use vrrp_proto::{ChecksumPolicy, DownFactor, Family, Priority, Vrid};

/// `[[router]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Router {
    /// Its name.
    pub name: String,
    /// The parent interface.
    pub interface: String,
    /// Its number on that link.
    pub vrid: Vrid,
    /// 3 by default.
    pub version: Version,
    /// 1 s by default.
    pub interval: Interval,
    /// At least one, of one or both families, the most important first.
    pub addresses: Vec<Address>,
    /// Held, but not in adverts.
    pub unadvertised: Vec<Address>,
    /// Base priority per director, from here or from the directors.
    pub priority: BTreeMap<String, Priority>,
    /// Tracked facts about each director.
    pub track: Vec<Track>,
    /// Multicast by default.
    pub adverts: Adverts,
    /// Yes by default.
    pub preempt: Preempt,
    /// Zero by default.
    pub preempt_delay: Duration,
    /// Zero by default.
    pub startup_delay: Duration,
    /// 3 by default.
    pub down_factor: DownFactor,
    /// Lenient by default.
    pub strictness: Strictness,
    /// Yes by default.
    pub accept: Accept,
    /// None by default: the addresses answer with the interface's own MAC address.
    pub virtual_mac: Option<VirtualMac>,
    /// Routes that follow the role.
    pub routes: Vec<VirtualRoute>,
    /// Policy rules that follow the role.
    pub rules: Vec<VirtualRule>,
}

impl Router {
    /// The families of its advertised addresses: one virtual router each, IPv4 first.
    pub fn families(&self) -> Vec<Family> {
        let has =
            |family: &Family| self.addresses.iter().any(|one| Family::of(one.address) == *family);
        [Family::V4, Family::V6].into_iter().filter(has).collect()
    }

    /// The link-local address that its IPv6 adverts begin with; `None` without IPv6. The file's
    /// first IPv6 address if that is one, else made from the VRID: the same on both directors.
    pub fn link_local(&self) -> Option<Ipv6Addr> {
        let first = self.addresses.iter().find_map(|one| match one.address {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        })?;
        Some(if first.is_unicast_link_local() { first } else { derived(self.vrid) })
    }

    /// The device that answers with the virtual MAC of this family, if the router has one.
    ///
    /// A name of the file is used as it is, with `-6` for the IPv6 half of a router with both
    /// families. Made up, it is `gm4-51-eth0`: family, VRID and interface, the interface shortened
    /// to a number if the whole would be longer than Linux allows.
    pub fn device(&self, family: Family) -> Option<String> {
        let mac = self.virtual_mac.as_ref()?;
        Some(device(mac, &self.families(), &self.interface, self.vrid, family))
    }
}

/// [`Router::device`] of a router that is not checked yet.
pub(crate) fn device(
    mac: &VirtualMac,
    families: &[Family],
    interface: &str,
    vrid: Vrid,
    family: Family,
) -> String {
    match mac {
        VirtualMac::Named(name) if families.len() == 2 && family == Family::V6 => {
            format!("{name}-6")
        }
        VirtualMac::Named(name) => name.clone(),
        VirtualMac::MadeUp => made_up(interface, vrid, family),
    }
}

/// The interface identifier is that of the virtual MAC address with IPv6's 02 (RFC 9568 7.3).
const fn derived(vrid: Vrid) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x0200 | vrid.get() as u16)
}

fn made_up(interface: &str, vrid: Vrid, family: Family) -> String {
    let family = match family {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    let name = format!("gm{family}-{vrid}-{interface}");
    if name.len() <= LONGEST_DEVICE {
        return name;
    }
    // FNV-1a, 28 bits of it: two interfaces with one VRID rarely meet, and `cross` would tell.
    let hash = interface
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("gm{family}-{vrid}-{:07x}", hash >> 4)
}

/// IFNAMSIZ without its zero (<linux/if.h>).
pub(crate) const LONGEST_DEVICE: usize = 15;

/// `router.version`, with what only that version has
#[derive(Clone, Debug, PartialEq)]
pub enum Version {
    /// VRRPv2: IPv4 only.
    Two(Auth),
    /// VRRPv3, with its checksum over IPv4.
    Three(ChecksumPolicy),
}

/// An item of `router.addresses` or `router.unadvertised`
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// 32 or 128 by default.
    pub prefix: Option<u8>,
    /// Where it is held; by default on the router's interface, or its virtual MAC's device.
    pub interface: Option<String>,
    /// IPv4 only.
    pub label: Option<String>,
    /// Global by default.
    pub scope: Scope,
}

/// `router.virtual_mac`
#[derive(Clone, Debug, PartialEq)]
pub enum VirtualMac {
    /// On a device whose name is made up.
    MadeUp,
    /// On a device of this name.
    Named(String),
}

/// `router.track`
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Where the fact comes from.
    pub source: Source,
    /// What it does.
    pub impact: Impact,
    /// When it is looked at.
    pub timing: Timing,
}

/// `router.adverts` and `router.peers`
#[derive(Clone, Debug, PartialEq)]
pub enum Adverts {
    /// To 224.0.0.18 or ff02::12.
    Multicast,
    /// To the others' addresses.
    Unicast {
        /// Each director's addresses on that interface, one of each family, by name.
        addresses: BTreeMap<String, Vec<IpAddr>>,
        /// The lowest TTL or hop limit accepted; 255 by default.
        min_ttl: u8,
    },
}
