//! What the mover asks of the kernel, at the level of request and reply (law 6).
//! `rtnetlink.rs` is the real one; `tests/fakes` has one that records, fails and lags.

use std::net::Ipv4Addr;

use nix::errno::Errno;

use super::picture::{AddressRow, LinkRow};

/// Kernel state of addresses, as far as VRRP moves it. No call waits for anything but the kernel.
pub trait Kernel {
    /// Makes these requests in one send and returns one answer each, in their order.
    fn request(&mut self, requests: &[Request]) -> Vec<Answer>;

    /// Every link and IPv4 address.
    ///
    /// # Errors
    /// What the kernel said; the picture is as unknown as before.
    fn dump(&mut self) -> Result<(Vec<LinkRow>, Vec<AddressRow>), Errno>;

    /// What changed since the last call, in order, own changes included. Does not wait.
    fn notices(&mut self) -> Vec<Notice>;

    /// Broadcasts a gratuitous ARP for `address` from interface `index`, whose MAC address is `mac`.
    ///
    /// # Errors
    /// The interface is down or gone, or its queue is full.
    fn announce(&mut self, index: u32, mac: [u8; 6], address: Ipv4Addr) -> Result<(), Errno>;

    /// `net.ipv4.conf.INTERFACE.arp_ignore`.
    ///
    /// # Errors
    /// The interface is gone, or the setting cannot be read.
    fn arp_ignore(&mut self, interface: &str) -> Result<u8, Errno>;

    /// Sets `net.ipv4.conf.INTERFACE.arp_ignore`.
    ///
    /// # Errors
    /// The interface is gone, or the setting is read-only.
    fn set_arp_ignore(&mut self, interface: &str, value: u8) -> Result<(), Errno>;
}

/// One change asked of the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request {
    /// RTM_NEWADDR, failing if it is there already.
    AddAddress {
        /// On the interface of this index.
        index: u32,
        /// This address,
        address: Ipv4Addr,
        /// with this prefix length.
        prefix: u8,
    },
    /// RTM_DELADDR.
    DeleteAddress {
        /// On the interface of this index.
        index: u32,
        /// This address,
        address: Ipv4Addr,
        /// with this prefix length.
        prefix: u8,
    },
    /// RTM_NEWROUTE `local ADDRESS/32 dev lo table local`: packets for it are still ours.
    AddRoute(Ipv4Addr),
    /// RTM_DELROUTE of the same.
    DeleteRoute(Ipv4Addr),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The request's sequence number, which notices of its effects carry.
    pub sequence: u32,
    /// The kernel's word. ENOBUFS: the answer was lost, so the effect is unknown.
    pub result: Result<(), Errno>,
}

/// One change of the kernel's state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A link appeared or changed.
    Link(LinkRow),
    /// The link of this index vanished.
    LinkGone(u32),
    /// An address appeared or changed.
    Address(AddressRow, Origin),
    /// An address vanished.
    AddressGone(AddressRow, Origin),
    /// Notices were lost: only a dump tells.
    Overrun,
}

/// Whose request changed an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Ours, of this sequence number.
    Own(u32),
    /// Somebody else's.
    Foreign,
}
