//! Facts on their way to a bounded mailbox. Nothing waits for the reader: while the mailbox is full,
//! levels collapse to their latest value here, and edges are dropped beyond a bound and counted.

use std::collections::{BTreeMap, VecDeque};

use ipvs_table::{Refusal, ServerKey, ServiceKey};
use mailbox::{Outbox, Refused};

use crate::api::Fact;

pub(super) struct Teller {
    outbox: Outbox<Fact>,
    closed: bool,
    ours: Option<Fact>,
    /// An errno, or cured. At most one for each entry of the table.
    refusals: BTreeMap<(ServiceKey, Option<ServerKey>), Option<i32>>,
    edges: VecDeque<Fact>,
    dropped: u64,
    applied: Option<Fact>,
    report: Option<Fact>,
    ended: Option<Fact>,
}

impl Teller {
    pub(super) const fn new(outbox: Outbox<Fact>) -> Self {
        Self {
            outbox,
            closed: false,
            ours: None,
            refusals: BTreeMap::new(),
            edges: VecDeque::new(),
            dropped: 0,
            applied: None,
            report: None,
            ended: None,
        }
    }

    /// Takes a fact, and posts it if the mailbox has room.
    pub(super) fn tell(&mut self, fact: Fact) {
        match fact {
            Fact::Ours(_) => self.ours = Some(fact),
            Fact::Refused(Refusal { service, server, errno }) => {
                self.refusals.insert((service, server), Some(errno));
            }
            Fact::Cured(service, server) => {
                self.refusals.insert((service, server), None);
            }
            Fact::Drift(..) | Fact::Warning(_) if self.edges.len() < EDGES => {
                self.edges.push_back(fact);
            }
            Fact::Drift(..) | Fact::Warning(_) => self.dropped += 1,
            Fact::Applied(_) => self.applied = Some(fact),
            Fact::Report(..) => self.report = Some(fact),
            Fact::Ended => self.ended = Some(fact),
        }
        self.flush();
    }

    /// Posts what waits, in the order a reader needs: what is refused before what is applied.
    pub(super) fn flush(&mut self) {
        while let Some(fact) = self.next() {
            match self.outbox.post(fact) {
                Ok(()) => {}
                Err(Refused::Full(fact)) => return self.put_back(fact),
                Err(Refused::Closed(_)) => self.closed = true,
            }
        }
    }

    /// Whether nobody listens any more.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether something waits for room.
    pub(super) fn is_behind(&self) -> bool {
        let levels = [&self.ours, &self.applied, &self.report, &self.ended];
        !self.closed
            && (levels.iter().any(|level| level.is_some())
                || !self.refusals.is_empty()
                || !self.edges.is_empty()
                || self.dropped > 0)
    }

    fn next(&mut self) -> Option<Fact> {
        if let Some(fact) = self.ours.take().or_else(|| self.edges.pop_front()) {
            return Some(fact);
        }
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            return Some(Fact::Warning(format!("{dropped} more of them were not told")));
        }
        if let Some(((service, server), errno)) = self.refusals.pop_first() {
            return Some(match errno {
                Some(errno) => Fact::Refused(Refusal { service, server, errno }),
                None => Fact::Cured(service, server),
            });
        }
        self.applied.take().or_else(|| self.report.take()).or_else(|| self.ended.take())
    }

    fn put_back(&mut self, fact: Fact) {
        match fact {
            Fact::Ours(_) => self.ours = Some(fact),
            Fact::Refused(Refusal { service, server, errno }) => {
                self.refusals.insert((service, server), Some(errno));
            }
            Fact::Cured(service, server) => {
                self.refusals.insert((service, server), None);
            }
            Fact::Drift(..) | Fact::Warning(_) => self.edges.push_front(fact),
            Fact::Applied(_) => self.applied = Some(fact),
            Fact::Report(..) => self.report = Some(fact),
            Fact::Ended => self.ended = Some(fact),
        }
    }
}

/// Drifts and warnings that wait; beyond it only their number is told.
const EDGES: usize = 1024;

#[cfg(test)]
mod tests;
