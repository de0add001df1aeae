//! The election and what its outputs become: frames to send, wants to post, facts to tell. Owned by
//! the wire thread; what a wakeup produces is collected here and passed on at its end.

use clock::{Duration, Instant};
use mailbox::{Outbox, Refused};
use vrrp_proto::election::{self, Event};
use vrrp_proto::router::{self, Holding, Output};
use vrrp_proto::wire::Datagram;
use vrrp_proto::{Election, LinkId, MemberId, RouterId};

use super::differences::Differences;
use super::discards::Discards;
use super::port::{Pending, Port};
use super::row::Row;
use super::sys::{Frame, OUT_BATCH};
use crate::mover::thread::ToMover;
use crate::state::{Memory, State};
use crate::teller::Teller;
use crate::{Fact, RouterSetup};

/// The election and everything its outputs concern.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) election: Election,
    /// In the order of their ids.
    pub(super) rows: Vec<Row>,
    /// By link id.
    pub(super) ports: Vec<Port>,
    pub(super) facts: Teller,
    pub(super) mover: Outbox<ToMover>,
    state: State,
    /// Room for the adverts of one system call.
    frames: Box<[Frame]>,
    pub(super) discards: Discards,
    pub(super) differences: Differences,
    /// The outputs of the event at hand; kept for its memory.
    outputs: Vec<election::Output>,
    /// Rows with something to pass on at the end of the wakeup.
    touched: Vec<usize>,
    mover_gone: bool,
}

impl Core {
    /// Adds every router to a new election; `rows` and `setups` are in the order of their ids.
    pub(crate) fn new(
        now: Instant,
        setups: &[RouterSetup],
        rows: Vec<Row>,
        ports: Vec<Port>,
        (state, mover, facts): (State, Outbox<ToMover>, Teller),
    ) -> Self {
        let mut election = Election::default();
        for setup in setups {
            election.handle(now, Event::Add(setup.id, setup.settings.clone()));
        }
        Self {
            election,
            outputs: Vec::with_capacity(4 * rows.len().max(16)),
            touched: Vec::with_capacity(rows.len()),
            rows,
            ports,
            facts,
            mover,
            state,
            frames: vec![Frame::EMPTY; OUT_BATCH].into(),
            discards: Discards::default(),
            differences: Differences::default(),
            mover_gone: false,
        }
    }

    pub(super) fn shortest_interval(&self) -> Duration {
        let intervals = self.election.routers().map(|(_, r)| r.settings().interval.duration());
        intervals.min().unwrap_or(Duration::MAX)
    }

    /// Every router enters the election: as Active again if an earlier process left it so.
    pub(super) fn begin(&mut self, now: Instant) {
        for at in 0..self.rows.len() {
            let id = self.rows[at].id;
            let Memory { advert, holds, checksums } = self.rows[at].memory.clone();
            for (at, checksum) in checksums.into_iter().enumerate() {
                if let Some(checksum) = checksum {
                    self.feed(now, Event::Learned(MemberId { router: id, at }, checksum));
                }
            }
            let enter = if holds { router::Event::Resume(advert) } else { router::Event::Startup };
            self.feed(now, Event::Router(id, enter));
        }
    }

    /// One event for the election; what it asks for is collected.
    pub(super) fn feed(&mut self, now: Instant, event: Event<'_>) {
        self.outputs.clear();
        self.outputs.extend_from_slice(self.election.handle(now, event));
        for at in 0..self.outputs.len() {
            let (id, output) = self.outputs[at];
            self.perform(now, id, output);
        }
    }

    /// One datagram for the election.
    pub(super) fn hear(&mut self, now: Instant, link: LinkId, datagram: Datagram<'_>) {
        self.feed(now, Event::Datagram(link, datagram));
        if let Some(discarded) = self.election.discarded() {
            self.discards.note(now, discarded);
        }
    }

    fn perform(&mut self, now: Instant, id: RouterId, output: Output) {
        let Some(at) = self.row(id) else { return };
        let row = &mut self.rows[at];
        if !std::mem::replace(&mut row.touched, true) {
            self.touched.push(at);
        }
        match output {
            Output::Advertise(priority) => row.advert = Some(priority),
            Output::Want(holding) => {
                // Whoever lets go is silent from this moment on, also if it had something to say.
                if holding == Holding::Absent {
                    row.advert = None;
                }
                row.want = Some(holding);
                row.revision += 1;
                row.unposted = true;
            }
            Output::Announce => row.announce = true,
            Output::Became(role, reason) => {
                self.facts.tell(Fact::Role { router: id, role, reason, at: now });
            }
        }
    }

    /// Builds and sends every advert that is still to leave.
    pub(super) fn send(&mut self, now: Instant) {
        for &at in &self.touched {
            let row = &mut self.rows[at];
            let Some(priority) = row.advert.take() else { continue };
            for (member, lane) in row.lanes.iter().enumerate() {
                let member = MemberId { router: row.id, at: member };
                let Some(port) = self.ports.get_mut(lane.port) else { continue };
                for &to in &lane.to {
                    let advert = Pending { member, vrid: lane.vrid, priority, to, row: at };
                    port.note(lane.family, lane.way, advert);
                }
            }
        }
        for port in &mut self.ports {
            port.send(&self.election, &mut self.frames, |at| {
                if let Some(row) = self.rows.get_mut(at) {
                    row.sent = Some(now);
                }
            });
        }
    }

    /// Posts what is wanted to the mover. False if its inbox was full: post again soon.
    pub(super) fn post(&mut self) -> bool {
        for &at in &self.touched {
            let row = &mut self.rows[at];
            if let Some(holding) = row.want.filter(|_| row.unposted) {
                match self.mover.post(ToMover::Want(row.id, row.revision, holding)) {
                    Ok(()) => row.unposted = false,
                    Err(Refused::Full(_)) => return false,
                    Err(Refused::Closed(_)) => self.mover_gone = true,
                }
            }
            if row.announce {
                match self.mover.post(ToMover::Announce(row.id)) {
                    Ok(()) => row.announce = false,
                    Err(Refused::Full(_)) => return false,
                    Err(Refused::Closed(_)) => self.mover_gone = true,
                }
            }
        }
        if std::mem::take(&mut self.mover_gone) {
            let text = "the mover thread is gone: addresses no longer follow the election";
            self.facts.tell(Fact::Warning(text.into()));
        }
        true
    }

    /// Says what is due of what came in and was not as it should be.
    pub(super) fn complain(&mut self, now: Instant) {
        self.discards.tell(now, &mut self.facts);
        self.differences.look(now, &self.election, &mut self.facts);
    }

    /// Stores what a successor process needs of every router that did something.
    pub(super) fn store(&mut self) {
        for &at in &self.touched {
            let row = &mut self.rows[at];
            if row.remember(&self.election) {
                self.state.store(at, &row.memory);
            }
        }
        let rows = &mut self.rows;
        self.touched.retain(|&at| {
            let row = &mut rows[at];
            row.touched = row.unposted || row.announce;
            row.touched
        });
    }

    /// A want has come true.
    pub(super) fn settled(&mut self, id: RouterId, revision: u64) {
        if let Some(at) = self.row(id) {
            self.rows[at].settled = revision;
        }
    }

    pub(super) fn row(&self, id: RouterId) -> Option<usize> {
        self.rows.binary_search_by_key(&id, |row| row.id).ok()
    }
}

#[cfg(test)]
mod tests;
