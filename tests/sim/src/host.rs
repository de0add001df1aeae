//! One director: a machine with its kernel, and the daemon's process on it, if one runs.

use std::collections::VecDeque;

use clock::{Duration, Instant};
use coordinator::Coordinator;
use health::Schedule;
use ipvs_table::{Reconciler, ServiceKey};
use vrrp_proto::router::Holding;
use vrrp_proto::{Election, Priority, Role};

use crate::kernel::Kernel;
use crate::message::{Loop, Message};
use crate::setup::{ROUTER, Setup, Side};

/// A machine.
#[derive(Debug)]
pub(crate) struct Host {
    /// Whether it has power.
    pub(crate) powered: bool,
    /// Whether the router's link has carrier.
    pub(crate) link: bool,
    /// Whether the tracked link has carrier.
    pub(crate) tracked: bool,
    /// Whether the virtual address is on the interface: then it answers ARP, link permitting.
    pub(crate) addresses: bool,
    /// Its kernel's table.
    pub(crate) kernel: Kernel,
    /// The state file: when a claim that stands was last advertised.
    pub(crate) state_file: Option<Instant>,
    /// The file of the services that are ours.
    pub(crate) ours: Vec<ServiceKey>,
    /// Which real servers it can reach.
    pub(crate) reach: Vec<bool>,
    /// Counts processes; messages of earlier ones are void.
    pub(crate) life: u32,
    /// The daemon.
    pub(crate) process: Option<Process>,
    /// The service manager starts a new process this long after the end of this one.
    pub(crate) restart: Option<Duration>,
}

/// The daemon.
#[derive(Debug)]
pub(crate) struct Process {
    /// Owned by the wire loop.
    pub(crate) election: Election,
    /// Owned by the engine.
    pub(crate) coordinator: Coordinator,
    /// Owned by the health loop.
    pub(crate) schedule: Schedule,
    /// Owned by the table loop.
    pub(crate) reconciler: Reconciler,
    /// Whether the router takes part: from then on the state file is this process's.
    pub(crate) entered: bool,
    /// What the mover was last told to make of the addresses.
    pub(crate) holding: Option<Holding>,
    /// The last priority the wire loop was told.
    pub(crate) told: Priority,
    /// Whether it has been told to release, and has not ended yet.
    pub(crate) releasing: bool,
    /// Whether an end in order is under way.
    pub(crate) exiting: bool,
    /// From when the hold of a first claim cannot matter any more.
    pub(crate) claims_from: Instant,
    loops: [LoopState; 5],
}

/// What the world knows of one loop.
#[derive(Debug)]
pub(crate) struct LoopState {
    /// It does not run before this.
    pub(crate) frozen_until: Instant,
    /// Whether it has begun.
    pub(crate) begun: bool,
    /// What waits for it while it does not run.
    pub(crate) inbox: VecDeque<Message>,
    /// The earliest timer set.
    pub(crate) alarm: Option<Instant>,
    /// When the latest message from each loop arrives: hops keep their order.
    pub(crate) latest: [Instant; 5],
}

impl Host {
    /// A machine that has just booted.
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            powered: true,
            link: true,
            tracked: true,
            addresses: false,
            kernel: Kernel::booted(),
            state_file: None,
            ours: Vec::new(),
            reach: vec![true; setup.servers()],
            life: 0,
            process: None,
            restart: None,
        }
    }

    /// Whether it answers ARP for the virtual address.
    pub(crate) fn answers(&self) -> bool {
        self.powered && self.link && self.addresses
    }

    /// Its router's role; `None` without a process or before the router entered.
    pub(crate) fn role(&self) -> Option<Role> {
        self.process.as_ref()?.role()
    }
}

impl Process {
    /// A process that opens its sockets now.
    pub(crate) fn new(now: Instant, setup: &Setup, side: Side, ours: Vec<ServiceKey>) -> Self {
        let loop_state = || LoopState {
            frozen_until: now,
            begun: false,
            inbox: VecDeque::new(),
            alarm: None,
            latest: [now; 5],
        };
        Self {
            election: Election::default(),
            coordinator: Coordinator::new(setup.coordinator(side)),
            schedule: Schedule::default(),
            reconciler: Reconciler::new(ours, setup.verify),
            entered: false,
            holding: None,
            told: setup.bases[side],
            releasing: false,
            exiting: false,
            claims_from: now + setup.hold,
            loops: [loop_state(), loop_state(), loop_state(), loop_state(), loop_state()],
        }
    }

    /// One loop.
    pub(crate) fn at(&mut self, which: Loop) -> &mut LoopState {
        &mut self.loops[which as usize]
    }

    /// Whether a loop runs.
    pub(crate) fn runs(&self, now: Instant, which: Loop) -> bool {
        self.loops[which as usize].runs(now)
    }

    /// Whether all of these run.
    pub(crate) fn run(&self, now: Instant, which: &[Loop]) -> bool {
        which.iter().all(|which| self.runs(now, *which))
    }

    /// The router's role.
    pub(crate) fn role(&self) -> Option<Role> {
        self.election.router(ROUTER).map(|router| router.role())
    }

    /// When a loop's machine wants to be told of the time.
    pub(crate) fn deadline(&self, which: Loop) -> Option<Instant> {
        match which {
            Loop::Wire => self.election.deadline(),
            Loop::Mover => None,
            Loop::Engine => self.coordinator.deadline(),
            Loop::Table => self.reconciler.deadline(),
            Loop::Health => self.schedule.deadline(),
        }
    }
}

impl LoopState {
    /// Whether it runs.
    pub(crate) fn runs(&self, now: Instant) -> bool {
        self.begun && self.frozen_until <= now
    }
}
