//! What passes between the loops of one director, and what the world puts off until later.

use std::net::IpAddr;

use clock::{Duration, Instant};
use coordinator::Reading;
use health::{CheckId, Outcome};
use vrrp_proto::router::{Fault, Holding};
use vrrp_proto::wire::Datagram;
use vrrp_proto::{Priority, wire};

use crate::plan::Action;
use crate::setup::{Fact, Side};

/// The five loops of design.md 2.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Loop {
    /// Owns the election and the sockets.
    Wire,
    /// Owns addresses and the link monitor.
    Mover,
    /// Owns the coordinator and hears signals.
    Engine,
    /// Owns the reconciler and talks to the kernel's table.
    Table,
    /// Owns the schedule and asks the servers.
    Health,
}

impl Loop {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Wire, Self::Mover, Self::Engine, Self::Table, Self::Health];
}

/// What one loop hears.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// To the wire loop: bytes in its socket of a wire.
    Datagram(usize, Packet),
    /// To the wire loop: the link to a wire came up or went down.
    Link(usize, bool),
    /// To the wire loop: an order from the engine.
    Order(Order),
    /// To the mover: what to make of a router's addresses.
    Want(usize, Holding),
    /// To the mover: the kernel has done what was last wanted of a router's member.
    Moved(usize, usize),
    /// To the mover: the kernel tells of the link to a wire.
    Monitor(usize, bool),
    /// To the mover: a source of facts says something.
    Learn(Fact, Reading),
    /// To the engine: for the coordinator.
    Coordinator(coordinator::Event),
    /// To the engine: a signal came in.
    Signal(Signal),
    /// To the table loop: for the reconciler.
    Reconciler(ipvs_table::Event),
    /// To the table loop: the kernel has taken in what was asked, and answers.
    Kernel(Box<ipvs_table::Output>),
    /// To the health loop: for the schedule.
    Schedule(health::Event),
    /// To the health loop: a question reaches its server.
    Asked {
        /// Which check.
        check: CheckId,
        /// Its round.
        round: u64,
        /// What comes of it.
        outcome: Outcome,
    },
}

/// Engine to wire.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// A router's effective priority.
    Priority(usize, Priority),
    /// Whether a fault keeps a router out.
    Fault(usize, Fault),
    /// A router's first round is done.
    Ready(usize),
    /// SIGTERM: let go.
    Release,
    /// SIGUSR2: stop without letting go.
    Keep,
}

/// What is on a wire: an advert, as bytes.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// Its source.
    pub(crate) from: IpAddr,
    /// Over IPv4 with its header, over IPv6 the message alone.
    pub(crate) bytes: Box<[u8]>,
    /// Whether the wire flipped a bit.
    pub(crate) damaged: bool,
}

impl Packet {
    /// As the socket gives it.
    pub(crate) fn datagram(&self) -> Datagram<'_> {
        match self.from {
            IpAddr::V4(_) => Datagram::V4(&self.bytes),
            IpAddr::V6(from) => {
                let (to, message) = (wire::MULTICAST_V6, &self.bytes);
                Datagram::V6 { from, to, hops: 255, message }
            }
        }
    }

    /// The number and the priority it says, read apart from the parser that is judged.
    pub(crate) fn says(&self) -> (u8, u8) {
        let message = if self.from.is_ipv4() { &self.bytes[20..] } else { &self.bytes[..] };
        (message[1], message[2])
    }
}

/// What the service manager sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// SIGTERM
    Term,
    /// SIGUSR2
    Usr2,
    /// A reload that changes nothing: every level is sent again.
    Reload,
}

/// What will happen.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A datagram reaches a director's interface on a wire.
    Arrive(Side, usize, Packet),
    /// A datagram reaches the foreign router.
    Foreign(Packet),
    /// The foreign router's timer goes off.
    ForeignTimer,
    /// A message reaches a loop of a process, if that process still lives.
    Message(Side, u32, Loop, Message),
    /// A loop's timer goes off.
    Wake(Side, u32, Loop),
    /// A loop runs again.
    Thaw(Side, u32, Loop),
    /// The service manager starts a process.
    Spawn(Side),
    /// A machine that was paused runs again; its clock stood still for this long.
    Resume(Side, Duration),
    /// A process that has ended in order is gone.
    Exit(Side, u32),
    /// Fate.
    Action(Action),
    /// An episode of faults begins.
    Episode,
    /// A one-sided loss ends now: what moved is where it belongs.
    Turn,
    /// From now on nothing may change until the next episode.
    Quiet,
    /// The run is over.
    End,
}

/// An item and its moment; the earliest comes first out of a max-heap, then the first put in.
#[derive(Debug)]
pub(crate) struct Entry {
    /// When.
    pub(crate) at: Instant,
    /// The order among equals.
    pub(crate) number: u64,
    /// What.
    pub(crate) item: Item,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Entry {}

/// The greatest time one hop between loops takes while nothing is frozen.
pub(crate) const HOP: Duration = Duration::from_millis(5);
