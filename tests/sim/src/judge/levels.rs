//! What may not last too long: several that answer, none that does, a group that is torn.

use super::*;

impl Judge {
    pub(super) fn levels(&mut self, view: &View<'_>, at: usize) {
        self.one_answerer(view, at);
        self.somebody_answers(view, at);
        for side in 0..2 {
            self.stops_in_time(view, side, at);
            self.stays_out(view, side, at);
            self.moves_together(view, side, at);
            self.no_hole(view, side, at);
        }
    }

    /// At most one director answers for an address once a wire has been whole, and both directors
    /// have been running, for X = 2 intervals + Skew_Time + the greatest delay + one plan.
    ///
    /// Exempt is exactly one case: a process that died without letting go, until the next one has
    /// begun. There is no guardian yet that would take its addresses away.
    fn one_answerer(&mut self, view: &View<'_>, at: usize) {
        let router = &self.routers[at];
        let [Some(both), Some(whole), Some(one), Some(two)] =
            [router.both, router.connected, router.sides[0].steady, router.sides[1].steady]
        else {
            return;
        };
        let since = both.max(whole).max(one).max(two);
        if view.now > since + settling(view, at) {
            let since = seconds(since);
            let what = format!("several answer for {at}, on a whole wire since {since:.3} s");
            self.broke("one-answerer", what);
        }
    }

    /// None answers no longer than Active_Down_Interval + X while a fit director lives: one that
    /// runs, has its links, no fault, is not leaving, and whose hold of a first claim is over. A
    /// peer that speaks while its mover stands still is believed by everybody.
    fn somebody_answers(&mut self, view: &View<'_>, at: usize) {
        let plan = &view.setup.routers[at];
        for side in 0..2 {
            let router = &self.routers[at];
            let (Some(none), Some(on_time)) = (router.none, router.on_time) else { return };
            let (ours, theirs) = (&router.sides[side], &router.sides[1 - side]);
            let Some(process) = &view.hosts[side].process else { continue };
            let Some(fit) = ours.fit else { continue };
            let standing = &process.routers[at];
            let ready = standing.claims_from.max(standing.starts_at);
            let since = none.max(on_time).max(fit).max(ready).max(theirs.stuck);
            let since = since.max(ours.told).max(theirs.steady.unwrap_or(Instant::ZERO));
            if view.now > since + plan.down(standing.told) + settling(view, at) {
                let since = seconds(since);
                let what =
                    format!("none answers for {at} since {since:.3} s though lb{side} could");
                return self.broke("somebody-answers", what);
            }
        }
    }

    /// A release in calm leaves no gap longer than the successor's mover needs (design.md 6).
    fn no_hole(&mut self, view: &View<'_>, side: Side, at: usize) {
        let router = &mut self.routers[at];
        // A successor that must leave in turn owes nothing.
        let successor = router.sides[1 - side].fit.is_some();
        let wire = router.connected.is_some() && router.on_time.is_some();
        let calm = wire && successor && router.sides.iter().all(|s| s.steady.is_some());
        let memory = &mut router.sides[side];
        memory.hands_over =
            memory.hands_over.filter(|until| calm && !router.foreign && view.now < *until);
        let hole = router.none.is_some_and(|none| view.now > none + SLOP);
        if memory.hands_over.is_some() && hole {
            self.broke("release-leaves-no-hole", format!("lb{side} let go of {at} too early"));
        }
    }

    /// An Active that heard a better one answers no more after its interval + 100 ms, one that
    /// leaves no more as soon as it heard its successor.
    fn stops_in_time(&mut self, view: &View<'_>, side: Side, at: usize) {
        let memory = &mut self.routers[at].sides[side];
        if !view.hosts[side].holds_any(at) || memory.steady.is_none() {
            memory.must_stop = None;
        }
        if memory.must_stop.is_some_and(|until| view.now > until) {
            let again = view.hosts[side].role(at) == Some(Role::Active);
            let what = if again { "is still Active" } else { "still answers" };
            self.broke("one-answerer", format!("lb{side} heard a better one for {at} and {what}"));
        }
    }

    /// With a fault, or without a link that decides, a director leaves: nothing of a router is held
    /// there after twice the Skew_Time of the slowest successor.
    fn stays_out(&mut self, view: &View<'_>, side: Side, at: usize) {
        let bound = view.setup.routers[at].interval.duration() * 2 + PLAN + HOP * 2 + SLOP;
        let memory = &self.routers[at].sides[side];
        let host = &view.hosts[side];
        let in_it = matches!(host.role(at), Some(Role::Active | Role::Backup));
        let entered = host.process.as_ref().is_some_and(|process| process.entered);
        let late = |bound| memory.out.is_some_and(|out| view.now > out + bound);
        if entered && late(HOP * 2 + SLOP) && in_it || late(bound) && host.holds_any(at) {
            let role = host.role(at);
            self.broke("fault-is-out", format!("lb{side} is {role:?} of {at}, and must be out"));
        }
    }

    /// What moves together is held together, but for one plan.
    fn moves_together(&mut self, view: &View<'_>, side: Side, at: usize) {
        let memory = &self.routers[at].sides[side];
        if memory.torn.is_some_and(|torn| view.now > torn + PLAN + SLOP) {
            let held = &view.hosts[side].held[at];
            self.broke("group-moves-together", format!("lb{side} holds {held:?} of {at}"));
        }
    }
}
