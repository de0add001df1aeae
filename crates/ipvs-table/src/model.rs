//! Services, real servers and their table, as values. A value that exists can be sent.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

/// The virtual-server table of one network namespace, or the part of it that is wanted.
pub type Table = BTreeMap<ServiceKey, Service>;

/// Which traffic a virtual server takes; its identity in the kernel.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ServiceKey {
    /// Traffic to one address and port.
    Listen {
        /// Transport protocol.
        protocol: Protocol,
        /// The virtual address.
        address: IpAddr,
        /// The virtual port; 0 is every port.
        port: u16,
    },
    /// Traffic that carries a firewall mark.
    Mark {
        /// IPv4 or IPv6: one mark may have a service in each.
        family: Family,
        /// The mark, not 0.
        mark: u32,
    },
}

/// Transport protocol of a virtual server, by its IP protocol number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Protocol {
    /// 6
    Tcp,
    /// 17
    Udp,
    /// 132
    Sctp,
    /// Another number, seen only in services that are not ours.
    Other(u8),
}

/// Address family.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Family {
    /// AF_INET
    V4,
    /// AF_INET6
    V6,
}

/// One virtual server: how it schedules, and its real servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Service {
    /// How it picks a real server.
    pub scheduler: Scheduler,
    /// `IP_VS_SVC_F_*` apart from HASHED, which is the kernel's own.
    pub flags: u32,
    /// Persistence timeout in seconds; 0 without persistence.
    pub timeout_s: u32,
    /// Prefix length clients are grouped by: 1 to 32 or 128; the whole address by default.
    pub prefix: u8,
    /// Its real servers.
    pub servers: BTreeMap<ServerKey, Server>,
}

impl Service {
    /// `IP_VS_SVC_F_HASHED`: set by the kernel in each service it holds.
    pub const HASHED: u32 = 0x2;

    /// The same service without its servers.
    #[must_use]
    pub fn settings(&self) -> Self {
        Self { scheduler: self.scheduler.clone(), servers: BTreeMap::new(), ..*self }
    }

    /// Whether the two differ in nothing but their servers.
    pub fn same_settings(&self, other: &Self) -> bool {
        self.scheduler == other.scheduler
            && self.flags & !Self::HASHED == other.flags & !Self::HASHED
            && self.timeout_s == other.timeout_s
            && self.prefix == other.prefix
    }

    /// Becomes `other` in all but the servers.
    pub fn take_settings(&mut self, other: Self) {
        *self = Self { servers: core::mem::take(&mut self.servers), ..other };
    }
}

/// A scheduler's name, 1 to 15 bytes (`IP_VS_SCHEDNAME_MAXLEN`).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scheduler(String);

impl Scheduler {
    /// `None` if empty, longer than 15 bytes, or with a NUL.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=15).contains(&name.len()) && !name.contains('\0');
        fits.then(|| Self(name.into()))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which real server of a service; its identity in the kernel.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServerKey {
    /// Its address.
    pub address: IpAddr,
    /// Its port; 0 keeps the packet's.
    pub port: u16,
}

/// How a real server takes traffic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Server {
    /// How packets reach it.
    pub forward: Forward,
    /// Its share.
    pub weight: Weight,
    /// Upper connection threshold; 0 is none.
    pub upper: u32,
    /// Lower connection threshold; 0 is three quarters of the upper.
    pub lower: u32,
}

/// How packets reach a real server (`IP_VS_CONN_F_*`).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Forward {
    /// Rewritten to it; answers come back through the director (MASQ, 0).
    Nat,
    /// Handled on this machine (LOCALNODE, 1); seen only in services that are not ours.
    Local,
    /// In an IPIP tunnel (TUNNEL, 2).
    Tunnel,
    /// To its MAC address on the same link (DROUTE, 3).
    Direct,
    /// Past the table (BYPASS, 4); seen only in services that are not ours.
    Bypass,
}

/// Share of new connections, 0 to 65535; 0 takes none and keeps those it has.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Weight(pub u16);

impl Protocol {
    /// The IP protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
            Self::Other(number) => number,
        }
    }
}

impl ServiceKey {
    /// IPv4 or IPv6.
    pub const fn family(&self) -> Family {
        match *self {
            Self::Listen { address, .. } => Family::of(address),
            Self::Mark { family, .. } => family,
        }
    }
}

impl Family {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bits of an address: 32 or 128.
    pub const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Listen { protocol, address: IpAddr::V4(address), port } => {
                write!(f, "{protocol}://{address}:{port}")
            }
            Self::Listen { protocol, address: IpAddr::V6(address), port } => {
                write!(f, "{protocol}://[{address}]:{port}")
            }
            Self::Mark { family: Family::V4, mark } => write!(f, "mark {mark}"),
            Self::Mark { family: Family::V6, mark } => write!(f, "mark {mark} (IPv6)"),
        }
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::net::SocketAddr::new(self.address, self.port).fmt(f)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Sctp => f.write_str("sctp"),
            Self::Other(number) => write!(f, "ip{number}"),
        }
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nat => "nat",
            Self::Local => "local",
            Self::Tunnel => "tunnel",
            Self::Direct => "direct",
            Self::Bypass => "bypass",
        })
    }
}
