//! What the virtual router of a [`super::Rig`] is like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::peers::{Adverts, Side, VRID};
use crate::witness::decode::Mac;

/// One virtual router on two directors.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who runs on lb1 and on lb2.
    pub products: [Product; 2],
    /// Of VRRP: 2 or 3.
    pub version: u8,
    /// What each holds, without the link-local address that belongs to IPv6.
    pub addresses: [Vec<IpAddr>; 2],
    /// How adverts travel.
    pub adverts: Adverts,
    /// What the addresses stand on, where the product has a choice.
    pub device: Device,
    /// Of each.
    pub priorities: [u8; 2],
    /// Whether a higher priority takes over.
    pub preempt: bool,
    /// Of version 2.
    pub password: Option<&'static str>,
    /// The advertisement interval.
    pub interval: Duration,
    /// Where.
    pub interface: &'static str,
    /// More of gemel's `[[router]]`.
    pub more: String,
    /// gemel's file, if not made from the above.
    pub file: Option<String>,
}

/// Who runs on a director.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Product {
    /// The daemon under test.
    Gemel,
    /// keepalived, from the distribution.
    Keepalived,
    /// FRR's vrrpd, from the distribution.
    Frr,
}

/// What a virtual address stands on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Device {
    /// The interface, with its MAC.
    Interface,
    /// A macvlan with the virtual MAC.
    Virtual,
}

/// An address family: one virtual router in the RFC's sense each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// IPv4.
    Four,
    /// IPv6.
    Six,
}

impl Plan {
    /// gemel and gemel, version 3, 150 and 100, these addresses, multicast, 100 ms.
    pub fn new(addresses: &[IpAddr]) -> Self {
        Self {
            products: [Product::Gemel; 2],
            version: 3,
            addresses: [addresses.to_vec(), addresses.to_vec()],
            adverts: Adverts::Multicast,
            device: Device::Interface,
            priorities: [150, 100],
            preempt: true,
            password: None,
            interval: Duration::from_millis(100),
            interface: "eth0",
            more: String::new(),
            file: None,
        }
    }

    /// Who runs on this side.
    pub fn product(&self, side: Side) -> Product {
        self.products[side as usize]
    }

    /// This side's priority.
    pub fn priority(&self, side: Side) -> u8 {
        self.priorities[side as usize]
    }

    /// What this side's addresses stand on: FRR knows no other way.
    pub fn device(&self, side: Side) -> Device {
        if self.product(side) == Product::Frr { Device::Virtual } else { self.device }
    }

    /// The addresses that both have.
    pub fn vips(&self) -> Vec<IpAddr> {
        let [first, second] = &self.addresses;
        first.iter().filter(|vip| second.contains(vip)).copied().collect()
    }

    /// All that this side holds, and so advertises, in order, family by family.
    pub fn held(&self, side: Side) -> Vec<IpAddr> {
        [Family::Four, Family::Six].into_iter().flat_map(|family| self.list(side, family)).collect()
    }

    /// What this side advertises in this family.
    pub fn list(&self, side: Side, family: Family) -> Vec<IpAddr> {
        let named = self.addresses[side as usize].iter().filter(|vip| family.has(**vip)).copied();
        let mut list: Vec<IpAddr> = named.collect();
        if family == Family::Six && !list.is_empty() {
            list.insert(0, LINK_LOCAL.into());
        }
        list
    }

    /// The families there are.
    pub fn families(&self) -> Vec<Family> {
        let vips = self.vips();
        let all = [Family::Four, Family::Six].into_iter();
        all.filter(|family| vips.iter().any(|vip| family.has(*vip))).collect()
    }

    /// Skew_Time of this side.
    pub fn skew_time(&self, side: Side) -> Duration {
        self.interval * u32::from(256 - u16::from(self.priority(side))) / 256
    }

    /// Active_Down_Interval of this side.
    pub fn down_interval(&self, side: Side) -> Duration {
        self.interval * 3 + self.skew_time(side)
    }

    /// How long anything may take that takes some intervals.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(5) + self.interval * 8
    }
}

impl Family {
    /// The family of this address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::Four } else { Self::Six }
    }

    /// Whether the address is of this family.
    pub fn has(self, address: IpAddr) -> bool {
        Self::of(address) == self
    }

    /// RFC 9568 7.3.
    pub fn virtual_mac(self) -> Mac {
        match self {
            Self::Four => Mac([0, 0, 0x5e, 0, 1, VRID]),
            Self::Six => Mac([0, 0, 0x5e, 0, 2, VRID]),
        }
    }

    /// Where multicast adverts go.
    pub fn group(self) -> IpAddr {
        match self {
            Self::Four => Ipv4Addr::new(224, 0, 0, 18).into(),
            Self::Six => Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12).into(),
        }
    }

    /// The address that this side's adverts come from.
    pub fn own(self, side: Side) -> IpAddr {
        let number = super::own_number(side);
        match self {
            Self::Four => Ipv4Addr::new(192, 0, 2, number).into(),
            // Written as its digits, so 11 is 0x11.
            Self::Six => {
                Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x10 + u16::from(number % 10)).into()
            }
        }
    }
}

/// The virtual address of IPv4.
pub const VIP4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 80));

/// The virtual address of IPv6.
pub const VIP6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x80));

/// What the virtual router of IPv6 advertises first, as gemel derives it from the virtual MAC.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5e00, 0x200 | VRID as u16);
