//! What goes in and out of the two threads. Values only; who makes them is [`crate::start`].

use std::net::IpAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;

use clock::{Duration, Instant};
use mailbox::{Outbox, Refused};
use vrrp_proto::election::{Peer, SeatCounters};
use vrrp_proto::held::{Held, MemberSetup, VirtualAddress};
use vrrp_proto::router::{Fault, Holding, LastEvent, Link, NewActiveReason, Reason, Settings};
use vrrp_proto::wire::Discard;
use vrrp_proto::{Checksum, Priority, Role, RouterId};

/// Everything the two threads need.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Every virtual router.
    pub routers: Vec<RouterSetup>,
    /// What an earlier process held and the file no longer names: removed before anything else.
    pub leftovers: Vec<VirtualAddress>,
    /// Interfaces whose state is reported besides the routers' own.
    pub track: Vec<String>,
    /// Where the state file lives: a folder on tmpfs, one per director (`/run/gemel`).
    pub run_dir: PathBuf,
}

/// One router of the file, or a group of them, and what it holds.
#[derive(Clone, Debug)]
pub struct RouterSetup {
    /// Its identity.
    pub id: RouterId,
    /// Its name in the file.
    pub name: String,
    /// Its protocol settings; each member's `link` is filled in by [`crate::start`].
    pub settings: Settings,
    /// Where each member of the settings speaks, in their order.
    pub members: Vec<MemberSetup>,
    /// What is held while it is Active.
    pub held: Held,
}

/// Orders to the wire thread. Levels: the latest counts.
#[derive(Clone, Debug)]
pub enum Order {
    /// The effective priority of a router.
    Priority(RouterId, Priority),
    /// The router's claims need wait no longer.
    Ready(RouterId),
    /// Whether a fault keeps the router out of its election.
    Fault(RouterId, Fault),
    /// Leave every election, let go of every address as design.md 6 (Release) says, then end.
    Release,
    /// Leave everything as it is for a successor process (design.md 6, Keep), then end.
    Keep,
    /// The engine lives; renewed every few seconds.
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
        address: IpAddr,
    },
    /// Somebody else answers for an address that we hold; we announce it again. Told at most once a
    /// second and address.
    Conflict {
        /// Whose.
        router: RouterId,
        /// Which.
        address: IpAddr,
        /// Who, by the MAC address in the ARP or neighbour message.
        mac: [u8; 6],
    },
    /// An address that an earlier process held and the file no longer names was removed at start.
    LeftoverRemoved {
        /// Which, and where it was.
        address: VirtualAddress,
    },
    /// The kernel refused an address; tried again with back-off. Told once until it succeeds.
    AddressRefused {
        /// Whose.
        router: RouterId,
        /// Which.
        address: IpAddr,
        /// The kernel's word, positive.
        errno: i32,
    },
    /// Datagrams for a virtual router of ours were thrown away: told at the first, then at most
    /// once a minute for each virtual router and reason.
    Discards {
        /// Whose.
        router: RouterId,
        /// Which of its members, in the order of the setup's.
        member: usize,
        /// Why.
        why: Discard,
        /// Who sent the last of them, as far as its header could be read.
        from: Option<IpAddr>,
        /// How many since this was last told.
        count: u64,
    },
    /// Adverts of a virtual router of ours are kept although they say otherwise than we do: a file
    /// that is rolled out director by director, or two that differ. Told once an hour while it lasts.
    Differs {
        /// Whose.
        router: RouterId,
        /// Which of its members, in the order of the setup's.
        member: usize,
        /// In what.
        what: Difference,
        /// Who was last heard.
        from: Option<IpAddr>,
    },
    /// The answer to [`Order::Report`].
    Report(Vec<RouterReport>),
    /// Something for the log that is not about one router: no real-time permission, a lost monitor ...
    Warning(String),
    /// Both threads have ended in order; after [`Order::Release`] no address of ours is left.
    Ended,
}

/// What a kept advert says otherwise than we do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Difference {
    /// Its interval.
    Interval,
    /// Its addresses, or that the first of IPv6 is not a link-local one.
    Addresses,
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
    /// Skew_Time.
    pub skew: Duration,
    /// Active_Down_Interval.
    pub down_interval: Duration,
    /// RFC 8347, last-event.
    pub last_event: LastEvent,
    /// RFC 8347, new-master-reason.
    pub new_active_reason: NewActiveReason,
    /// Each virtual router of it.
    pub members: Vec<MemberReport>,
    /// Counters that concern no single virtual router (checksum, TTL, version, VRID, header errors)
    /// and those of its interface's sockets, those that are not zero: the same on every router
    /// concerned.
    pub shared: Vec<(&'static str, u64)>,
    /// How late the worst wakeup for a deadline of this process was, in nanoseconds.
    pub worst_lateness_ns: u64,
}

/// One virtual router as the wire thread knows it, in the order of the setup's members.
#[derive(Clone, Debug)]
pub struct MemberReport {
    /// What its link can do for it.
    pub link: Link,
    /// Who last sent it a valid advert.
    pub peer: Option<Peer>,
    /// The sum it sends.
    pub checksum: Checksum,
    /// What it counted.
    pub counters: SeatCounters,
    /// The last datagram for it that was discarded: why, when, and who sent it.
    pub last_discard: Option<(Discard, Instant, Option<IpAddr>)>,
    /// When an advert was last kept although its interval is not ours.
    pub last_other_interval: Option<Instant>,
    /// When an advert was last kept although its addresses are not ours.
    pub last_other_addresses: Option<Instant>,
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
