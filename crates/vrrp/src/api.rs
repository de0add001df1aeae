//! What goes in and out of the two threads. Values only; who makes them is [`crate::start`].

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::thread::JoinHandle;

use clock::Instant;
use mailbox::{Outbox, Refused};
use vrrp_proto::router::{Holding, Reason, Settings};
use vrrp_proto::{Priority, Role, RouterId};

/// Everything the two threads need.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Every virtual router.
    pub routers: Vec<RouterSetup>,
    /// Interface and address of what an earlier process held and the file no longer names: removed
    /// before anything else.
    pub leftovers: Vec<(String, VirtualAddress)>,
    /// Interfaces whose state is reported besides the routers' own.
    pub track: Vec<String>,
    /// Where the state file lives: a folder on tmpfs, one per director (`/run/gemel`).
    pub run_dir: PathBuf,
}

/// One virtual router and what it holds.
#[derive(Clone, Debug)]
pub struct RouterSetup {
    /// Its identity.
    pub id: RouterId,
    /// Its name in the file.
    pub name: String,
    /// The parent interface, present or not.
    pub interface: String,
    /// Its protocol settings; `link` is filled in by [`crate::start`].
    pub settings: Settings,
    /// The address its adverts come from. `None`: the interface's primary IPv4 address. When given
    /// and not on the interface, the router's link counts as down.
    pub source: Option<Ipv4Addr>,
    /// The addresses with their prefix lengths, in the order they are announced.
    pub addresses: Vec<VirtualAddress>,
}

/// An address to hold.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct VirtualAddress {
    /// The address.
    pub address: Ipv4Addr,
    /// 1 to 32; 32 unless the file says otherwise.
    pub prefix: u8,
}

/// Orders to the wire thread. Levels: the latest counts.
#[derive(Clone, Debug)]
pub enum Order {
    /// The effective priority of a router.
    Priority(RouterId, Priority),
    /// The router's claims need wait no longer.
    Ready(RouterId),
    /// Leave every election, let go of every address as design.md 6 (Release) says, then end.
    Release,
    /// Leave everything as it is for a successor process (design.md 6, Keep), then end.
    Keep,
    /// The engine lives; renewed once a second.
    Lease,
    /// Report every router by [`Fact::Report`].
    Report,
}

/// Facts from the two threads.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A router's role changed.
    Role {
        /// Whose.
        router: RouterId,
        /// What it is now.
        role: Role,
        /// Why.
        reason: Reason,
        /// When.
        at: Instant,
    },
    /// An interface that a router uses or that is tracked came up, or went down or away. Said of
    /// each at start.
    Interface {
        /// Its name in the configuration.
        name: String,
        /// Whether it is there, up and running.
        up: bool,
    },
    /// All addresses of a router are as wanted.
    Settled {
        /// Whose.
        router: RouterId,
        /// What was wanted.
        holding: Holding,
        /// When the last of them was.
        at: Instant,
    },
    /// An address vanished by somebody else's hand and was put back.
    Repaired {
        /// Whose.
        router: RouterId,
        /// Which.
        address: Ipv4Addr,
    },
    /// An address that an earlier process held and the file no longer names was removed at start.
    LeftoverRemoved {
        /// Where it was.
        interface: String,
        /// Which.
        address: VirtualAddress,
    },
    /// The kernel refused an address; tried again with back-off. Told once until it succeeds.
    AddressRefused {
        /// Whose.
        router: RouterId,
        /// Which.
        address: Ipv4Addr,
        /// The kernel's word, positive.
        errno: i32,
    },
    /// The answer to [`Order::Report`].
    Report(Vec<RouterReport>),
    /// Something for the log that is not about one router: no real-time permission, a lost monitor ...
    Warning(String),
    /// Both threads have ended in order; after [`Order::Release`] no address of ours is left.
    Ended,
}

/// One router as the wire thread knows it.
#[derive(Clone, Debug)]
pub struct RouterReport {
    /// Its identity.
    pub router: RouterId,
    /// Its role, and since when.
    pub role: Role,
    /// Since when it has this role.
    pub since: Instant,
    /// Why.
    pub reason: Reason,
    /// Its effective priority.
    pub priority: Priority,
    /// Who last sent a valid advert, with which priority, when.
    pub peer: Option<(Ipv4Addr, Priority, Instant)>,
    /// Counters by their RFC 8347 names, those that are not zero. Those that concern no single
    /// router (checksum, TTL, version, VRID, header errors) and those of its interface's sockets
    /// are the same on every router concerned.
    pub counters: Vec<(&'static str, u64)>,
    /// How late the worst wakeup for a deadline of this process was, in nanoseconds.
    pub worst_lateness_ns: u64,
}

/// The two running threads. They run until they are ordered to end, whether this value lives or not.
#[derive(Debug)]
pub struct Vrrp {
    pub(crate) orders: Outbox<Order>,
    pub(crate) wire: JoinHandle<()>,
}

/// Why they cannot start. Nothing was changed; says the object and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl Vrrp {
    /// Passes an order to the wire thread without waiting.
    ///
    /// # Errors
    /// Gives it back when the thread is far behind or gone.
    pub fn order(&self, order: Order) -> Result<(), Refused<Order>> {
        self.orders.post(order)
    }

    /// Another way in for orders, for a loop that keeps what does not fit yet.
    pub fn orders(&self) -> Outbox<Order> {
        self.orders.clone()
    }

    /// Waits for both threads to end, which they do after [`Order::Release`] and [`Order::Keep`].
    pub fn join(self) {
        if let Err(panic) = self.wire.join() {
            std::panic::resume_unwind(panic);
        }
    }
}
