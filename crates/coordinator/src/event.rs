//! What the coordinator hears and what it says.
//!
//! Values only: the engine loop turns what other loops report into an [`Event`] and carries each
//! [`Effect`] to the loop it names.

use std::collections::BTreeMap;

use health::{CheckId, Internal, Outcome, Verdict};
use ipvs_table::{Refusal, ServerKey, Service, ServiceKey, Table};
use vrrp_proto::router::{Fault, Reason};
use vrrp_proto::{Priority, Role, RouterId};

use crate::{CauseKey, Reading, Source};

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// The daemon starts: what the kernel's table holds of our services (adopted).
    Started(Table),
    /// A check's verdict is new or changed.
    Verdict {
        /// Which check.
        check: CheckId,
        /// What it concludes.
        verdict: Verdict,
        /// The outcome that decided.
        why: Outcome,
    },
    /// A check fails for a reason of our own.
    Impaired(CheckId, Internal),
    /// A router's role changed.
    Role(RouterId, Role, Reason),
    /// A source of facts about this machine says this now.
    Tracked(Source, Reading),
    /// Everything wanted up to this revision is in the kernel, but for what is refused.
    Applied(u64),
    /// The kernel refused an entry.
    Refused(Refusal),
    /// A refused entry is there now.
    Cured(ServiceKey, Option<ServerKey>),
    /// The kernel's table differed from ours and is being repaired.
    Drift(ServiceKey, Option<ServerKey>),
    /// Time has passed.
    Tick,
}

/// What should be done about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// To the election: this router's effective priority (a level).
    Priority(RouterId, Priority),
    /// To the election: whether a fault keeps this router out of it (a level).
    Fault(RouterId, Fault),
    /// To the election: the first round of checks is done, every tracked source was heard and the
    /// table stands; said once a router.
    Ready(RouterId),
    /// To the table: what is wanted changed (a level per service; all of it at start).
    Want {
        /// Counts up with each message.
        revision: u64,
        /// The changed services; `None` removes one.
        changed: BTreeMap<ServiceKey, Option<Service>>,
    },
    /// To the checks: this server takes traffic already; judge it from Up.
    Assume(CheckId, Verdict),
    /// For people.
    Notice(Notice),
}

/// A fact for people; one place turns it into a log line.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A real server of a service changed.
    Server {
        /// Name of the service.
        service: String,
        /// Which server.
        server: ServerKey,
        /// What it is now.
        verdict: Verdict,
        /// Why.
        why: Outcome,
    },
    /// A pool lost or regained its quorum.
    Quorum {
        /// Name of the service.
        service: String,
        /// Live servers.
        live: u32,
        /// Whether it is lost now.
        lost: bool,
    },
    /// A router's priority changed, and the causes that count.
    Priority {
        /// Name of the router.
        router: String,
        /// Before.
        from: Priority,
        /// Now.
        to: Priority,
        /// What counts now.
        causes: Vec<(CauseKey, i32)>,
    },
    /// A router's role changed.
    Role {
        /// Name of the router.
        router: String,
        /// What it is now.
        role: Role,
        /// Why.
        reason: Reason,
    },
    /// Servers nobody has judged take traffic, because we are Active and waited long enough.
    UnknownServersEnter {
        /// Name of the service.
        service: String,
        /// How many.
        count: u32,
    },
    /// A check cannot be made for a reason of our own; the server's state is kept.
    Impaired {
        /// Name of the service.
        service: String,
        /// Which server.
        server: ServerKey,
        /// Why.
        why: Internal,
    },
    /// The kernel refused an entry of the table.
    Refused(Refusal),
    /// A refused entry is in the table now.
    Cured(ServiceKey, Option<ServerKey>),
    /// Somebody else changed the table; it is being repaired.
    Drift(ServiceKey, Option<ServerKey>),
}
