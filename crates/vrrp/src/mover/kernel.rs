//! What the mover asks of the kernel, at the level of request and reply (law 6).
//! `rtnetlink.rs` is the real one; `tests/fakes` has one that records, fails and lags.

use std::net::IpAddr;

use nix::errno::Errno;
use vrrp_proto::Family;

use super::rows::{AddressRow, LinkRow, Manner, RouteRow, RuleRow, Word};

/// Kernel state of addresses and what goes with them. No call waits for anything but the kernel.
pub trait Kernel {
    /// Makes these requests in one send and returns one answer each, in their order.
    fn request(&mut self, requests: &[Request]) -> Vec<Answer>;

    /// Every link and address.
    ///
    /// # Errors
    /// What the kernel said; the picture is as unknown as before.
    fn dump(&mut self) -> Result<(Vec<LinkRow>, Vec<AddressRow>), Errno>;

    /// Every route and rule with our mark, but for the local routes of muted addresses.
    ///
    /// # Errors
    /// What the kernel said.
    fn dump_paths(&mut self) -> Result<Vec<Path>, Errno>;

    /// What changed since the last call, in order, own changes included. Does not wait.
    fn notices(&mut self) -> Vec<Notice>;

    /// From now on notices tell of routes and rules too.
    ///
    /// # Errors
    /// The kernel's word: they are only seen in dumps.
    fn watch_paths(&mut self) -> Result<(), Errno>;

    /// Sends these announcements in their order, as many as go; how many went.
    ///
    /// # Errors
    /// None went. The first one's interface is down or gone, or its queue is full.
    fn announce(&mut self, announcements: &[Announcement]) -> Result<usize, Errno>;

    /// A setting of an interface under `/proc/sys/net`.
    ///
    /// # Errors
    /// The interface is gone, or the setting cannot be read.
    fn setting(&mut self, setting: &Setting<'_>) -> Result<u8, Errno>;

    /// Changes one.
    ///
    /// # Errors
    /// The interface is gone, or the setting is read-only.
    fn set(&mut self, setting: &Setting<'_>, value: u8) -> Result<(), Errno>;

    /// Begins, changes or (`None`) ends to listen on the interface of this index for what others
    /// say of addresses that look like these.
    ///
    /// # Errors
    /// The interface is gone, or sockets are.
    fn listen(&mut self, index: u32, alike: Option<Alike>) -> Result<(), Errno>;

    /// Some of what was heard since the last call; empty when nothing waits. Does not wait.
    fn claims(&mut self) -> Vec<Claim>;
}

/// One change asked of the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request {
    /// RTM_NEWADDR, failing if it is there already.
    AddAddress {
        /// On the interface of this index.
        index: u32,
        /// This address,
        address: IpAddr,
        /// with this prefix length,
        prefix: u8,
        /// in this manner.
        manner: Manner,
    },
    /// RTM_DELADDR.
    DeleteAddress {
        /// On the interface of this index.
        index: u32,
        /// This address,
        address: IpAddr,
        /// with this prefix length.
        prefix: u8,
    },
    /// RTM_NEWROUTE `local ADDRESS dev lo table local`: packets for it are still ours.
    AddLocal(IpAddr),
    /// RTM_DELROUTE of the same.
    DeleteLocal(IpAddr),
    /// RTM_NEWROUTE or RTM_NEWRULE with our mark, failing if it is there already.
    AddPath(Path),
    /// RTM_DELROUTE or RTM_DELRULE of one with our mark.
    DeletePath(Path),
    /// RTM_NEWLINK: a macvlan in bridge mode, down.
    CreateMacvlan {
        /// Its name.
        name: Word,
        /// The index of its parent.
        parent: u32,
        /// Its MAC address.
        mac: [u8; 6],
    },
    /// RTM_DELLINK.
    DeleteLink(u32),
    /// RTM_NEWLINK with IFF_UP set.
    LinkUp(u32),
    /// RTM_NEWLINK with IFF_UP cleared.
    LinkDown(u32),
}

/// A route or a rule.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Path {
    /// A route.
    Route(RouteRow),
    /// A policy rule.
    Rule(RuleRow),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The request's sequence number, which notices of its effects carry.
    pub sequence: u32,
    /// The kernel's word. ENOBUFS: the answer was lost, so the effect is unknown.
    pub result: Result<(), Errno>,
}

/// One gratuitous ARP or unsolicited neighbour advertisement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Announcement {
    /// From the interface of this index,
    pub index: u32,
    /// whose MAC address this is:
    pub mac: [u8; 6],
    /// this address is there.
    pub address: IpAddr,
}

/// A setting of an interface: `/proc/sys/net/ipv4/conf/INTERFACE/NAME`, or the same of ipv6.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setting<'a> {
    /// Whose settings.
    pub family: Family,
    /// The interface's name, or `all`.
    pub interface: &'a str,
    /// The setting's name.
    pub name: &'a str,
}

/// Addresses that agree in some of their last 32 bits: cheap to look for in the kernel. What
/// looks alike need not be one of ours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Alike {
    /// The bits of IPv4 addresses that agree, and their value; `None`: none is looked for.
    pub v4: Option<(u32, u32)>,
    /// The same of the last 32 bits of IPv6 addresses.
    pub v6: Option<(u32, u32)>,
}

/// Somebody says that an address is theirs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The index of the interface where it was heard.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Who.
    pub mac: [u8; 6],
}

/// One change of the kernel's state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A link appeared or changed.
    Link(LinkRow),
    /// The link of this index vanished.
    LinkGone(u32),
    /// A port of a bridge forwards, or no longer does (IFLA_BRPORT_STATE).
    Port {
        /// The port's index.
        index: u32,
        /// The bridge's.
        bridge: u32,
        /// Whether it forwards.
        forwards: bool,
    },
    /// An address appeared or changed.
    Address(AddressRow, Origin),
    /// An address vanished.
    AddressGone(AddressRow, Origin),
    /// A route or rule with our mark vanished.
    PathGone(Path, Origin),
    /// Notices were lost: only a dump tells.
    Overrun,
}

/// Whose request changed something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Ours, of this sequence number.
    Own(u32),
    /// Somebody else's.
    Foreign,
}
