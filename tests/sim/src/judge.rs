//! What must be true after every step (design.md 9), each rule with a name.
//!
//! Bounds are computed here from the configuration, not asked from the machines: a machine with a
//! wrong bound must not be measured with it. Everything about addresses is judged for each router
//! (a virtual router, or a group that moves together) by itself.
//!
//! What may not last too long is in `levels`, the events of elections in `elections`, episodes in
//! `episodes`, tables and priorities in `tables`.

use clock::{Duration, Instant};
use vrrp_proto::{Priority, Role};

use crate::foreign::ForeignRouter;
use crate::host::Host;
use crate::message::{HOP, Loop};
use crate::plan::{Netlink, Wire};
use crate::setup::{RouterPlan, Setup, Side, WIRES};
use crate::world::{PLAN, TABLE_BACKOFF, WIRE};

mod elections;
mod episodes;
mod levels;
mod tables;

use episodes::Season;

/// What the judge may look at.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) now: Instant,
    pub(crate) setup: &'a Setup,
    pub(crate) hosts: &'a [Host; 2],
    pub(crate) servers: &'a [bool],
    pub(crate) wires: &'a [Wire; WIRES],
    pub(crate) foreign: Option<&'a ForeignRouter>,
}

/// What the judge remembers.
#[derive(Debug)]
pub(crate) struct Judge {
    /// The first rule that was broken, and how.
    pub(crate) broken: Option<(&'static str, String)>,
    /// Since when each wire carries everything between the directors.
    whole: [Option<Instant>; WIRES],
    /// Since when each wire carries nothing late.
    on_time: [Option<Instant>; WIRES],
    routers: Vec<Election>,
    machines: [Machine; 2],
    season: Season,
}

/// What it remembers of one router.
#[derive(Debug, Default)]
struct Election {
    /// Since when a wire that decides carries everything.
    connected: Option<Instant>,
    /// Since when adverts that decide come no later than a whole wire carries them.
    on_time: Option<Instant>,
    /// Since when several answer for a member.
    both: Option<Instant>,
    /// Since when none answers.
    none: Option<Instant>,
    /// Whether a router that is not ours takes part.
    foreign: bool,
    sides: [Memory; 2],
}

/// What it remembers of one router on one director.
#[derive(Debug, Default)]
struct Memory {
    /// Since when wire loop and mover run on usable links.
    steady: Option<Instant>,
    /// Since when it could hold the addresses.
    fit: Option<Instant>,
    /// When others last had to believe it, though it could not move the addresses.
    stuck: Instant,
    /// Since when it must be out, by a fault or a link that decides.
    out: Option<Instant>,
    /// Since when its members differ in what is held.
    torn: Option<Instant>,
    /// It heard a better one while it was Active: until then its addresses must be gone.
    must_stop: Option<Instant>,
    /// It leaves, and a fit Backup hears it: until then somebody must answer without a gap.
    hands_over: Option<Instant>,
    /// Since when it has been a Backup that heard nothing.
    silent_since: Option<Instant>,
    /// When its effective priority last changed.
    told: Instant,
    /// When an earlier process sent its last advert by its clock, as it read at its start.
    sent: Option<Instant>,
    /// Since when it has been Backup, while it is.
    backup_since: Option<Instant>,
    /// Why it became Active, and when, while it is.
    active_by: Option<(vrrp_proto::router::Reason, Instant)>,
}

/// What it remembers of one director.
#[derive(Debug)]
struct Machine {
    /// When it last ran again after a pause.
    paused: Instant,
    /// Since when engine, table and health loops run over a healthy netlink.
    table_steady: Option<Instant>,
    /// When its netlink was last unhealthy.
    netlink_bad: Option<Instant>,
    /// When somebody last meddled with its table.
    meddled: Instant,
    /// Since when its kernel's table differs from what it wants.
    table_wrong: Option<Instant>,
    /// Since when each server answers it, or does not.
    answers: Vec<(bool, Instant)>,
}

/// The sum of what may come on top of a bound while all is well: hops, timers, the mover.
const SLOP: Duration = Duration::from_millis(15);

impl Judge {
    pub(crate) fn new(setup: &Setup) -> Self {
        let machine = || Machine {
            paused: Instant::ZERO,
            table_steady: None,
            netlink_bad: None,
            meddled: Instant::ZERO,
            table_wrong: None,
            answers: vec![(true, Instant::ZERO); setup.servers()],
        };
        Self {
            broken: None,
            whole: [None; WIRES],
            on_time: [None; WIRES],
            routers: setup.routers.iter().map(|_| Election::default()).collect(),
            machines: [machine(), machine()],
            season: Season::default(),
        }
    }

    /// Notes that a rule is broken; the first one counts.
    pub(crate) fn broke(&mut self, rule: &'static str, what: String) {
        self.broken.get_or_insert((rule, what));
    }

    /// Somebody meddles with a table.
    pub(crate) fn meddled(&mut self, side: Side, now: Instant) {
        self.machines[side].meddled = now;
    }

    /// A machine does nothing until then.
    pub(crate) fn paused(&mut self, until: Instant, side: Side) {
        self.machines[side].paused = until;
    }

    /// Looks at everything that may not last too long.
    pub(crate) fn after_step(&mut self, view: &View<'_>, tables: bool) {
        self.remember_wires(view);
        for at in 0..view.setup.routers.len() {
            self.remember(view, at);
            self.levels(view, at);
        }
        for side in 0..2 {
            self.remember_machine(view, side);
            self.tables(view, side, tables);
        }
    }

    fn remember_wires(&mut self, view: &View<'_>) {
        for (at, wire) in view.wires.iter().enumerate() {
            let links = view.hosts.iter().all(|host| host.links[at]);
            keep(&mut self.whole[at], view.now, wire.is_whole() && links);
            keep(&mut self.on_time[at], view.now, wire.delay.is_zero());
        }
    }

    fn remember(&mut self, view: &View<'_>, at: usize) {
        let (now, plan) = (view.now, &view.setup.routers[at]);
        let foreign = view.foreign.filter(|foreign| foreign.stranger.router == at);
        let connected = plan.deciding().any(|member| self.whole[member.wire].is_some());
        let on_time = plan.deciding().all(|member| self.on_time[member.wire].is_some());
        let answer = |member| view.hosts.iter().filter(|h| h.answers_for(plan, at, member)).count();
        let stranger = usize::from(foreign.is_some_and(ForeignRouter::answers));
        let both = (0..plan.members.len()).any(|member| answer(member) + stranger > 1);
        let none = stranger == 0 && view.hosts.iter().all(|host| !host.answers(plan, at));
        let router = &mut self.routers[at];
        router.foreign = foreign.is_some();
        keep(&mut router.connected, now, connected);
        keep(&mut router.on_time, now, on_time);
        keep(&mut router.both, now, both);
        keep(&mut router.none, now, none);
        for (memory, host) in router.sides.iter_mut().zip(view.hosts) {
            memory.remember(now, host, plan, at);
        }
    }

    fn remember_machine(&mut self, view: &View<'_>, side: Side) {
        let (now, host, machine) = (view.now, &view.hosts[side], &mut self.machines[side]);
        let healthy = host.kernel.netlink == Netlink::Healthy;
        if !healthy {
            machine.netlink_bad = Some(now);
        }
        let loops = [Loop::Engine, Loop::Table, Loop::Health];
        let runs = host.process.as_ref().is_some_and(|process| process.run(now, &loops));
        keep(&mut machine.table_steady, now, healthy && runs);
        for (server, known) in machine.answers.iter_mut().enumerate() {
            let answers = view.servers[server] && host.reach[server];
            if known.0 != answers {
                *known = (answers, now);
            }
        }
    }
}

impl Memory {
    fn remember(&mut self, now: Instant, host: &Host, plan: &RouterPlan, at: usize) {
        let path = host.has_path(plan);
        let process = host.process.as_ref().filter(|_| host.is_awake());
        let wire = process.is_some_and(|process| process.runs(now, Loop::Wire));
        let mover = process.is_some_and(|process| process.runs(now, Loop::Mover));
        let fault = process.is_some_and(|process| process.routers[at].fault.is_some());
        let ends = process.is_none_or(|process| process.ends());
        keep(&mut self.steady, now, path && wire && mover);
        keep(&mut self.fit, now, path && wire && mover && !fault && !ends);
        keep(&mut self.out, now, wire && mover && (fault || !path));
        let held = &host.held[at];
        if host.process.is_none() {
            (self.active_by, self.silent_since) = (None, None);
        }
        keep(&mut self.torn, now, mover && held.contains(&true) && held.contains(&false));
        if path && wire && !mover {
            self.stuck = now;
        }
    }
}

/// Keeps the moment since which something has been true.
fn keep(since: &mut Option<Instant>, now: Instant, holds: bool) {
    *since = holds.then(|| since.unwrap_or(now));
}

/// X of design.md 9, with the slowest Skew_Time there is now.
fn settling(view: &View<'_>, at: usize) -> Duration {
    let plan = &view.setup.routers[at];
    let told = |host: &Host| host.process.as_ref().map_or(Priority::MIN, |p| p.routers[at].told);
    let slowest = told(&view.hosts[0]).min(told(&view.hosts[1]));
    plan.interval.duration() * 2 + plan.skew(slowest) + WIRE + PLAN + HOP + SLOP
}

fn seconds(moment: Instant) -> f64 {
    moment.as_nanos() as f64 / 1e9
}
