//! One director: a machine with its kernel, and the daemon's process on it, if one runs.

use std::collections::{BTreeMap, VecDeque};

use clock::{Duration, Instant};
use coordinator::{Coordinator, Reading};
use health::Schedule;
use ipvs_table::{Reconciler, ServiceKey};
use vrrp_proto::router::Holding;
use vrrp_proto::{Election, Priority, Role};

use crate::kernel::Kernel;
use crate::message::{Loop, Message};
use crate::setup::{Fact, RouterPlan, Setup, Side, WIRES, router_id};

/// A machine.
#[derive(Debug)]
pub(crate) struct Host {
    /// Whether it has power.
    pub(crate) powered: bool,
    /// Whether it does nothing at all until a moment: suspended, or its hypervisor has stopped it.
    pub(crate) paused_until: Option<Instant>,
    /// How far its clock is behind the world's: the time for which its hypervisor stopped it.
    pub(crate) behind: Duration,
    /// Whether its link to each wire has carrier.
    pub(crate) links: [bool; WIRES],
    /// What its sources of facts say.
    pub(crate) facts: BTreeMap<Fact, Reading>,
    /// Whether the virtual addresses of each member of each router are on their interface.
    pub(crate) held: Vec<Vec<bool>>,
    /// Its kernel's table.
    pub(crate) kernel: Kernel,
    /// The state file: when a claim of each router that stands was last advertised, by its clock.
    pub(crate) state_file: Vec<Option<Instant>>,
    /// The file of the services that are ours.
    pub(crate) ours: Vec<ServiceKey>,
    /// Whether its configuration names one address more.
    pub(crate) extra: bool,
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
    /// Whether the routers take part: from then on the state file is this process's.
    pub(crate) entered: bool,
    /// What is known of each router.
    pub(crate) routers: Vec<Standing>,
    /// Whether it has been told to release, and has not ended yet.
    pub(crate) releasing: bool,
    /// Whether an end in order is under way.
    pub(crate) exiting: bool,
    loops: [LoopState; 5],
}

/// What the world knows of one router of a process.
#[derive(Debug)]
pub(crate) struct Standing {
    /// What the mover was last told to make of the addresses.
    pub(crate) holding: Option<Holding>,
    /// The last priority the wire loop was told.
    pub(crate) told: Priority,
    /// Since when the wire loop has been told of a fault.
    pub(crate) fault: Option<Instant>,
    /// From when the hold of a first claim cannot matter any more.
    pub(crate) claims_from: Instant,
    /// Before this it may stay out, having been told to.
    pub(crate) starts_at: Instant,
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
        let good = |fact: Fact| match fact {
            Fact::Number => (fact, Reading::Number(0)),
            Fact::Interface | Fact::Gateway | Fact::Process => (fact, Reading::Good),
        };
        Self {
            powered: true,
            paused_until: None,
            behind: Duration::ZERO,
            links: [true; WIRES],
            facts: Fact::ALL.map(good).into(),
            held: setup.routers.iter().map(|plan| vec![false; plan.members.len()]).collect(),
            kernel: Kernel::booted(),
            state_file: vec![None; setup.routers.len()],
            ours: Vec::new(),
            extra: false,
            reach: vec![true; setup.servers()],
            life: 0,
            process: None,
            restart: None,
        }
    }

    /// What its clock says.
    pub(crate) fn clock(&self, now: Instant) -> Instant {
        now - self.behind
    }

    /// Whether it does anything at all.
    pub(crate) fn is_awake(&self) -> bool {
        self.powered && self.paused_until.is_none()
    }

    /// Whether it answers ARP or neighbour solicitations for the addresses of a member.
    pub(crate) fn answers_for(&self, plan: &RouterPlan, at: usize, member: usize) -> bool {
        self.is_awake() && self.links[plan.members[member].wire] && self.held[at][member]
    }

    /// Whether it answers for all that decide.
    pub(crate) fn answers(&self, plan: &RouterPlan, at: usize) -> bool {
        (0..plan.members.len())
            .filter(|member| plan.decides(*member))
            .all(|member| self.answers_for(plan, at, member))
    }

    /// Whether anything of a router's addresses is there.
    pub(crate) fn holds_any(&self, at: usize) -> bool {
        self.held[at].contains(&true)
    }

    /// Whether the links that decide for a router have carrier.
    pub(crate) fn has_path(&self, plan: &RouterPlan) -> bool {
        plan.deciding().all(|member| self.links[member.wire])
    }

    /// A router's role; `None` without a process or before the router entered.
    pub(crate) fn role(&self, at: usize) -> Option<Role> {
        self.process.as_ref()?.role(at)
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
        let standing = |plan: &RouterPlan| Standing {
            holding: None,
            told: plan.bases[side],
            fault: None,
            claims_from: now + setup.hold + plan.startup_delay,
            starts_at: now + plan.startup_delay,
        };
        Self {
            election: Election::default(),
            coordinator: Coordinator::new(setup.coordinator(side)),
            schedule: Schedule::default(),
            reconciler: Reconciler::new(ours, setup.verify),
            entered: false,
            routers: setup.routers.iter().map(standing).collect(),
            releasing: false,
            exiting: false,
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

    /// Whether it has been told to end.
    pub(crate) fn ends(&self) -> bool {
        self.releasing || self.exiting
    }

    /// A router's role.
    pub(crate) fn role(&self, at: usize) -> Option<Role> {
        self.election.router(router_id(at)).map(|router| router.role())
    }

    /// When a loop's machine wants to be told of the time, by its host's clock.
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
