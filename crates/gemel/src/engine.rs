//! The engine: owns the Coordinator, passes values between the loops, and says what happened.
//!
//! ```text
//!   wire, mover ──facts──►┌────────┐──orders──► wire
//!   table       ──facts──►│ engine │──wants───► table
//!   health      ──facts──►│        │──checks──► health
//!   track       ──facts──►└────────┘
//!                 signals ──►  ▲ └─lines, files─► writer
//!                 control socket (questions)
//! ```
//!
//! No packet and no address waits for it: when it is slow or gone, roles stay as they are.

mod facts;
mod orders;
mod report;
mod select;
mod stop;
pub(crate) mod track;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use ::track::Tracker;
use clock::{Duration, Instant};
use config::Assembly;
use coordinator::{Coordinator, Effect, Event};
use vrrp_proto::RouterId;

use crate::log;
use crate::outgoing::Outgoing;
use crate::time::now;
use crate::writer::Writer;
use report::Collecting;
pub(crate) use select::{Inboxes, Signals, run};
use stop::Stopping;

/// How often the engine tells the wire thread that it lives.
const LEASE: Duration = Duration::from_secs(3);
/// How soon orders that found a mailbox full are tried again.
const RETRY: Duration = Duration::from_millis(10);

/// Who this daemon is, for people.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) pair: String,
    pub(crate) director: String,
    /// Where the list of our services is kept.
    pub(crate) ours_file: PathBuf,
    /// Whether `lo` was up at start: it explains the kernel's refusals.
    pub(crate) lo_is_up: bool,
}

/// The other loops' mailboxes. Without services there is no table and nothing to check; without
/// tracked sources, or with interfaces only, there is no track thread.
#[derive(Debug)]
pub(crate) struct Loops {
    pub(crate) wire: Outgoing<vrrp::Order>,
    pub(crate) table: Option<Outgoing<ipvs::Order>>,
    pub(crate) checks: Option<Outgoing<probe::Order>>,
    pub(crate) sources: Option<Outgoing<watch::Order>>,
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Engine {
    identity: Identity,
    assembly: Assembly,
    coordinator: Coordinator,
    /// What is believed of tracked interfaces.
    interfaces: Tracker,
    loops: Loops,
    writer: Writer,
    started: Instant,
    lease_at: Instant,
    collecting: Option<Collecting>,
    problems: BTreeMap<String, String>,
    stopping: Stopping,
    unwritten_ours: Option<String>,
    /// When each router last left Init; those that are there are missing.
    up_since: BTreeMap<RouterId, Instant>,
}

impl Engine {
    /// An engine between loops that run. `adopted` is what the kernel's table holds.
    pub(crate) fn new(
        identity: Identity,
        assembly: Assembly,
        loops: Loops,
        writer: Writer,
        adopted: ipvs_table::Table,
    ) -> Self {
        let mut engine = Self {
            coordinator: Coordinator::new(assembly.coordinator.clone()),
            interfaces: Tracker::new(now(), &track::apart(&assembly.track).0),
            identity,
            assembly,
            loops,
            writer,
            started: now(),
            lease_at: now(),
            collecting: None,
            problems: BTreeMap::new(),
            stopping: Stopping::No,
            unwritten_ours: None,
            up_since: BTreeMap::new(),
        };
        engine.set_checks();
        engine.hear(now(), Event::Started(adopted));
        engine
    }

    /// When [`Self::tick`] must be called at the latest.
    fn deadline(&self) -> Instant {
        let collecting = self.collecting.as_ref().map(Collecting::until);
        let retry =
            (!self.loops.are_idle() || self.unwritten_ours.is_some()).then(|| now() + RETRY);
        let machines = [self.coordinator.deadline(), self.interfaces.deadline()];
        let deadlines = machines.into_iter().chain([collecting, retry, self.stopping.until()]);
        deadlines.flatten().fold(self.lease_at, Instant::min)
    }

    fn tick(&mut self) {
        let now = now();
        if now >= self.lease_at {
            self.lease_at = now + LEASE;
            self.order(vrrp::Order::Lease);
            self.feed_watchdog();
        }
        if self.collecting.as_ref().is_some_and(|collecting| now >= collecting.until()) {
            self.answer(now);
        }
        if self.coordinator.deadline().is_some_and(|deadline| now >= deadline) {
            self.hear(now, Event::Tick);
        }
        self.tick_interfaces(now);
        self.loops.flush();
        self.keep_ours();
    }

    /// Tells the Coordinator, and does what it says.
    fn hear(&mut self, now: Instant, event: Event) {
        for effect in self.coordinator.handle(now, event) {
            self.cause(effect);
        }
    }

    fn cause(&mut self, effect: Effect) {
        match effect {
            Effect::Priority(router, priority) => {
                self.order(vrrp::Order::Priority(router, priority));
            }
            Effect::Fault(router, fault) => self.order(vrrp::Order::Fault(router, fault)),
            Effect::Ready(router) => self.order(vrrp::Order::Ready(router)),
            Effect::Want { revision, changed } => self.want(revision, changed),
            Effect::Assume(check, verdict) => self.check(probe::Order::Assume(check, verdict)),
            Effect::Notice(notice) => {
                self.writer.line(log::line(&notice, self.identity.lo_is_up));
            }
        }
    }

    fn warn(&self, text: &str) {
        self.writer.line(format!("WARN {text}"));
    }

    fn feed_watchdog(&self) {
        // Without systemd there is nobody to notify, and nothing to do about it.
        drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog]));
    }

    /// The router of the file that holds an address: one of a group's.
    fn router_with(&self, router: RouterId, address: IpAddr) -> &str {
        let Some(plan) = self.assembly.routers.iter().find(|plan| plan.id == router) else {
            return "?";
        };
        let at = plan.held.addresses.iter().position(|held| held.address == address);
        let part = plan.parts.iter().find(|part| at.is_some_and(|at| part.addresses.contains(&at)));
        part.map_or(&plan.name, |part| &part.name)
    }

    fn router_name(&self, router: RouterId) -> &str {
        let plan = self.assembly.routers.iter().find(|plan| plan.id == router);
        plan.map_or("?", |plan| &plan.name)
    }
}
