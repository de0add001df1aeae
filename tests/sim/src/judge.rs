//! What must be true after every step (design.md 9), each rule with a name.
//!
//! Bounds are computed here from the configuration, not asked from the machines: a machine with a
//! wrong bound must not be measured with it. `after_step` looks at levels that may not last too
//! long; the events of elections are judged in `elections`, episodes in `episodes`, tables and
//! priorities in `tables`.

use clock::{Duration, Instant};
use vrrp_proto::{Priority, Role};

use crate::host::Host;
use crate::message::{HOP, Loop};
use crate::plan::Wire;
use crate::setup::{Setup, Side};
use crate::world::{PLAN, TABLE_BACKOFF, WIRE};

mod elections;
mod episodes;
mod tables;

use episodes::Season;

/// What the judge may look at.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) now: Instant,
    pub(crate) setup: &'a Setup,
    pub(crate) hosts: &'a [Host; 2],
    pub(crate) servers: &'a [bool],
    pub(crate) wire: &'a Wire,
}

/// What the judge remembers.
#[derive(Debug)]
pub(crate) struct Judge {
    /// The first rule that was broken, and how.
    pub(crate) broken: Option<(&'static str, String)>,
    /// Since when the wire carries everything.
    wire_whole: Option<Instant>,
    /// Since when adverts come no later than a whole wire carries them.
    on_time: Option<Instant>,
    /// Since when both answer, or none.
    both: Option<Instant>,
    none: Option<Instant>,
    sides: [Memory; 2],
    season: Season,
}

/// What it remembers of one director.
#[derive(Debug)]
struct Memory {
    /// Since when wire loop and mover run on a usable link.
    steady: Option<Instant>,
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
    /// It heard a better one while it was Active: until then its addresses must be gone.
    must_stop: Option<Instant>,
    /// It leaves, and a fit Backup hears it: until then somebody must answer without a gap.
    hands_over: Option<Instant>,
    /// Since when it has been a Backup that heard nothing.
    silent_since: Option<Instant>,
    /// When its effective priority last changed.
    told: Instant,
    /// When an earlier process sent its last advert, as it read at its start.
    sent: Option<Instant>,
    /// Why it became Active, and when, while it is.
    active_by: Option<(vrrp_proto::router::Reason, Instant)>,
}

/// The sum of what may come on top of a bound while all is well: hops, timers, the mover.
const SLOP: Duration = Duration::from_millis(15);

impl Judge {
    pub(crate) fn new(setup: &Setup) -> Self {
        let memory = || Memory {
            steady: None,
            table_steady: None,
            netlink_bad: None,
            meddled: Instant::ZERO,
            table_wrong: None,
            answers: vec![(true, Instant::ZERO); setup.servers()],
            must_stop: None,
            hands_over: None,
            silent_since: None,
            told: Instant::ZERO,
            sent: None,
            active_by: None,
        };
        Self {
            broken: None,
            wire_whole: None,
            on_time: None,
            both: None,
            none: None,
            sides: [memory(), memory()],
            season: Season::default(),
        }
    }

    /// Notes that a rule is broken; the first one counts.
    pub(crate) fn broke(&mut self, rule: &'static str, what: String) {
        self.broken.get_or_insert((rule, what));
    }

    /// Somebody meddles with a table.
    pub(crate) fn meddled(&mut self, side: Side, now: Instant) {
        self.sides[side].meddled = now;
    }

    /// Looks at everything that may not last too long.
    pub(crate) fn after_step(&mut self, view: &View<'_>, tables: bool) {
        self.remember(view);
        self.one_answerer(view);
        self.somebody_answers(view);
        for side in 0..2 {
            self.stops_in_time(view, side);
            self.no_hole(view, side);
            self.tables(view, side, tables);
        }
    }

    fn remember(&mut self, view: &View<'_>) {
        let now = view.now;
        let links = view.hosts.iter().all(|host| host.link);
        keep(&mut self.wire_whole, now, view.wire.is_whole() && links);
        keep(&mut self.on_time, now, view.wire.delay.is_zero());
        let answering = view.hosts.iter().filter(|host| host.answers()).count();
        keep(&mut self.both, now, answering == 2);
        keep(&mut self.none, now, answering == 0);
        for (memory, host) in self.sides.iter_mut().zip(view.hosts) {
            let runs = |which: &[Loop]| host.process.as_ref().is_some_and(|p| p.run(now, which));
            let healthy = host.kernel.netlink == crate::plan::Netlink::Healthy;
            if !healthy {
                memory.netlink_bad = Some(now);
            }
            keep(&mut memory.steady, now, host.link && runs(&[Loop::Wire, Loop::Mover]));
            let table = healthy && runs(&[Loop::Engine, Loop::Table, Loop::Health]);
            keep(&mut memory.table_steady, now, table);
            for (server, known) in memory.answers.iter_mut().enumerate() {
                let answers = view.servers[server] && host.reach[server];
                if known.0 != answers {
                    *known = (answers, now);
                }
            }
        }
    }

    /// At most one director answers for the address once the wire has been whole, and both
    /// directors have been running, for X = 2 intervals + Skew_Time + the greatest delay + one plan.
    ///
    /// Exempt is exactly one case: a process that died without letting go, until the next one has
    /// begun. There is no guardian yet that would take its addresses away.
    fn one_answerer(&mut self, view: &View<'_>) {
        let [Some(both), Some(whole), Some(one), Some(two)] =
            [self.both, self.wire_whole, self.sides[0].steady, self.sides[1].steady]
        else {
            return;
        };
        let since = both.max(whole).max(one).max(two);
        if view.now > since + settling(view) {
            let since = since.as_nanos() as f64 / 1e9;
            self.broke("one-answerer", format!("both answer, on a whole wire since {since:.3} s"));
        }
    }

    /// None answers no longer than Active_Down_Interval + X while a fit director lives: one that
    /// runs, has a link, is not leaving, and whose hold of a first claim is over. A peer whose mover
    /// stands still is believed by everybody until it runs again.
    fn somebody_answers(&mut self, view: &View<'_>) {
        let (Some(none), Some(on_time)) = (self.none, self.on_time) else { return };
        for side in 0..2 {
            let (host, other) = (&view.hosts[side], &view.hosts[1 - side]);
            let Some(process) = host.process.as_ref().filter(|p| !p.releasing && !p.exiting) else {
                continue;
            };
            let Some(steady) = self.sides[side].steady else { continue };
            let believed = other.process.is_some() && other.link;
            let peer = match self.sides[1 - side].steady {
                None if believed => continue,
                Some(since) if believed => since,
                Some(_) | None => Instant::ZERO,
            };
            let since = none.max(on_time).max(steady).max(process.claims_from).max(peer);
            let down = view.setup.interval.duration() * 3 + skew(view.setup, process.told);
            if view.now > since + down + settling(view) {
                let since = since.as_nanos() as f64 / 1e9;
                let what = format!("none answers since {since:.3} s though lb{side} could");
                return self.broke("somebody-answers", what);
            }
        }
    }

    /// A release in calm leaves no gap longer than the successor's mover needs (design.md 6).
    fn no_hole(&mut self, view: &View<'_>, side: Side) {
        let whole = self.wire_whole.is_some() && self.sides.iter().all(|s| s.steady.is_some());
        let memory = &mut self.sides[side];
        memory.hands_over = memory.hands_over.filter(|until| whole && view.now < *until);
        let hole = self.none.is_some_and(|none| view.now > none + SLOP);
        if memory.hands_over.is_some() && hole {
            self.broke("release-leaves-no-hole", format!("lb{side} let go too early"));
        }
    }

    /// An Active that heard a better one answers no more after its interval + 100 ms, one that
    /// leaves no more as soon as it heard its successor.
    fn stops_in_time(&mut self, view: &View<'_>, side: Side) {
        let memory = &mut self.sides[side];
        let again = view.hosts[side].role() == Some(Role::Active);
        if !view.hosts[side].addresses || memory.steady.is_none() {
            memory.must_stop = None;
        }
        if memory.must_stop.is_some_and(|until| view.now > until) {
            let what = if again { "is still Active" } else { "still answers" };
            self.broke("one-answerer", format!("lb{side} heard a better one and {what}"));
        }
    }
}

/// Keeps the moment since which something has been true.
fn keep(since: &mut Option<Instant>, now: Instant, holds: bool) {
    *since = holds.then(|| since.unwrap_or(now));
}

/// X of design.md 9, with the slowest Skew_Time there is now.
fn settling(view: &View<'_>) -> Duration {
    let told = |host: &Host| host.process.as_ref().map_or(Priority::MIN, |p| p.told);
    let slowest = told(&view.hosts[0]).min(told(&view.hosts[1]));
    view.setup.interval.duration() * 2 + skew(view.setup, slowest) + WIRE + PLAN + HOP + SLOP
}

/// Skew_Time (RFC 9568 6.1), computed apart from the machine that is judged.
fn skew(setup: &Setup, priority: Priority) -> Duration {
    setup.interval.duration() * (256 - u32::from(priority.get())) / 256
}
