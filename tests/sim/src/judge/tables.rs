//! What the kernel's tables hold, and what the priorities say about pools.

use coordinator::{CauseKey, Coordinator};

use super::*;
use crate::setup::{foreign, router_id, server_key, service_key};

impl Judge {
    pub(super) fn tables(&mut self, view: &View<'_>, side: Side, look: bool) {
        let host = &view.hosts[side];
        let Some(process) = &host.process else {
            self.machines[side].table_wrong = None;
            return;
        };
        if look {
            let (theirs, _) = foreign();
            let wanted = process.coordinator.wanted();
            let kernel = host.kernel.table.iter().filter(|(key, _)| **key != theirs);
            let right = kernel.eq(wanted.iter());
            keep(&mut self.machines[side].table_wrong, view.now, !right);
            if !host.kernel.foreign_untouched() {
                self.broke("table-converges", format!("lb{side} touched what is not ours"));
            }
        }
        let Some(steady) = self.machines[side].table_steady else { return };
        let machine = &self.machines[side];
        let mut since = steady.max(machine.meddled);
        if let Some(bad) = machine.netlink_bad {
            since = since.max(bad + TABLE_BACKOFF);
        }
        // Each round compares the list of services, and the servers of one of them.
        let rounds = view.setup.verify * (view.setup.pools.len() as u32 + 2);
        if machine.table_wrong.is_some_and(|wrong| view.now > wrong.max(since + rounds) + TABLE) {
            self.broke(
                "table-converges",
                format!("lb{side} wants {:?}", process.coordinator.wanted()),
            );
        }
        self.servers(view, side, since, rounds);
    }

    /// A dead server is out of every table within its bound, a live one in. An unknown server let in
    /// because nothing was known is a declared exception; with checks as often as here it is judged
    /// before that.
    fn servers(&mut self, view: &View<'_>, side: Side, since: Instant, rounds: Duration) {
        let timing = view.setup.timing;
        for (server, (answers, from)) in self.machines[side].answers.clone().into_iter().enumerate()
        {
            let (name, bound) = match answers {
                true => ("live-server-in", timing.rise_bound()),
                false => ("dead-server-out", timing.fall_bound()),
            };
            // After a time in which nothing could be done, repairs come before the verdict counts.
            let late = from.max(since) + bound + TABLE;
            let late = if since > from { late + rounds } else { late };
            if view.now <= late {
                continue;
            }
            for (pool, _) in
                view.setup.pools.iter().enumerate().filter(|(_, p)| p.contains(&server))
            {
                let service = view.hosts[side].kernel.table.get(&service_key(pool));
                let entry = service.and_then(|service| service.servers.get(&server_key(server)));
                if entry.is_some_and(|entry| entry.weight.0 > 0) != answers {
                    let what = format!("server {server} in pool {pool} of lb{side}");
                    self.broke(name, what);
                }
            }
        }
    }

    /// Below `down_below` the cause is there, counting or waiting to; from `up_at` on it counts only
    /// while a return is held.
    pub(super) fn quorum_counts(
        &mut self,
        side: Side,
        pool: usize,
        coordinator: &Coordinator,
        setup: &Setup,
    ) {
        let key = service_key(pool);
        let beliefs = setup.pools[pool].iter().map(|s| coordinator.belief(key, server_key(*s)));
        let beliefs: Vec<_> = beliefs.flatten().collect();
        // Before the first judgement a pool is taken to be up, and before the start nothing is.
        if coordinator.wanted().is_empty() || !beliefs.iter().all(|belief| belief.is_judged()) {
            return;
        }
        let live = beliefs.iter().filter(|belief| belief.is_live()).count() as u32;
        let score = coordinator.score(router_id(setup.router_of_pool(pool)));
        let cause = score.and_then(|score| score.causes.get(&CauseKey::Quorum(key)).copied());
        let settled = cause.is_none_or(|cause| cause.held_until.is_none());
        let counts = cause.is_some_and(|cause| cause.counts);
        let wrong = (live < 1 && cause.is_none()) || (live >= setup.up_at && settled && counts);
        if wrong {
            let what = format!("lb{side}, pool {pool}: {live} live, cause {cause:?}");
            self.broke("priority-is-its-causes", what);
        }
    }
}

/// Hops, and the kernel's answers, on top of a bound.
const TABLE: Duration = Duration::from_millis(60);
