//! The election and what its outputs become: frames to send, wants to post, facts to tell. Owned by
//! the wire thread; what a wakeup produces is collected here and passed on at its end.

use std::net::IpAddr;

use clock::{Duration, Instant};
use mailbox::{Outbox, Refused};
use nix::sys::epoll::Epoll;
use vrrp_proto::election::{self, Event};
use vrrp_proto::router::{self, Adverts, Holding, Link, Output};
use vrrp_proto::{Election, Family, LinkId, MemberId, Priority, RouterId, wire};

use super::port::Port;
use crate::mover::LinkFact;
use crate::mover::thread::ToMover;
use crate::state::{Memory, State};
use crate::teller::Teller;
use crate::{Fact, RouterSetup};

/// The pause before a socket that could not be opened is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(1);

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
    /// The outputs of the event at hand; kept for its memory.
    outputs: Vec<election::Output>,
    /// Rows with something to pass on at the end of the wakeup.
    touched: Vec<usize>,
    mover_gone: bool,
}

/// What the wire thread knows of a router besides its election.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) id: RouterId,
    /// One for each member.
    lanes: Vec<Lane>,
    /// What an earlier process left.
    memory: Memory,
    want: Option<Holding>,
    /// Counts the wants; the mover repeats it when one is true.
    revision: u64,
    settled: u64,
    unposted: bool,
    announce: bool,
    touched: bool,
    /// When an advert of it last left.
    sent: Option<Instant>,
}

/// Where the adverts of one member go.
#[derive(Debug)]
struct Lane {
    port: usize,
    to: Vec<IpAddr>,
    family: Family,
    /// Whether its source is not the primary address of its link.
    own_source: bool,
}

impl Row {
    /// A router as the configuration has it; `memory` is what an earlier process left of it.
    pub(crate) fn new(setup: &RouterSetup, memory: Memory) -> Self {
        Self {
            id: setup.id,
            lanes: setup
                .settings
                .members
                .iter()
                .zip(&setup.members)
                .map(|(member, setup)| Lane {
                    port: member.link.0 as usize,
                    family: member.protocol.family(),
                    to: match &member.adverts {
                        Adverts::Multicast => vec![wire::multicast(member.protocol.family())],
                        Adverts::Unicast { peers, .. } => peers.clone(),
                    },
                    own_source: setup.source.is_some(),
                })
                .collect(),
            memory,
            want: None,
            revision: 0,
            settled: 0,
            unposted: false,
            announce: false,
            touched: false,
            sent: memory.holds.then_some(memory.advert),
        }
    }

    /// Whether the addresses are known to be gone, leftovers included.
    pub(super) fn has_let_go(&self) -> bool {
        match self.want {
            None => true,
            Some(Holding::Absent) => self.settled == self.revision,
            Some(Holding::Held) => false,
        }
    }
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
            let Row { id, memory, .. } = &self.rows[at];
            let (id, memory) = (*id, *memory);
            if let Some(checksum) = memory.checksum {
                self.feed(now, Event::Learned(MemberId { router: id, at: 0 }, checksum));
            }
            let enter = if memory.holds {
                router::Event::Resume(memory.advert)
            } else {
                router::Event::Startup
            };
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

    fn perform(&mut self, now: Instant, id: RouterId, output: Output) {
        let Ok(at) = self.rows.binary_search_by_key(&id, |row| row.id) else { return };
        let row = &mut self.rows[at];
        if !std::mem::replace(&mut row.touched, true) {
            self.touched.push(at);
        }
        match output {
            Output::Advertise(priority) => {
                for member in 0..row.lanes.len() {
                    self.advertise(now, at, MemberId { router: id, at: member }, priority);
                }
            }
            Output::Want(holding) => {
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

    fn advertise(&mut self, now: Instant, at: usize, member: MemberId, priority: Priority) {
        let lane = &self.rows[at].lanes[member.at];
        let (port, peers) = (lane.port, lane.to.len());
        let Some(port) = self.ports.get_mut(port) else { return };
        for peer in 0..peers {
            if port.is_full() {
                send(port, &mut self.rows, now);
            }
            let to = self.rows[at].lanes[member.at].to[peer];
            port.put(at, to, |bytes| self.election.emit(member, priority, to, bytes));
        }
    }

    /// Sends every advert built in this wakeup.
    pub(super) fn send(&mut self, now: Instant) {
        for port in &mut self.ports {
            send(port, &mut self.rows, now);
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

    /// Stores what a successor process needs of every router that did something.
    pub(super) fn store(&mut self) {
        for at in 0..self.touched.len() {
            let at = self.touched[at];
            let row = &mut self.rows[at];
            let Some(router) = self.election.router(row.id) else { continue };
            let memory = Memory {
                advert: row.sent.unwrap_or_default(),
                holds: row.sent.is_some() && router.last_advert().is_some(),
                checksum: self
                    .election
                    .seats(row.id)
                    .first()
                    .zip(router.settings().members.first())
                    .map(|(seat, member)| seat.checksum(member)),
            };
            if memory != row.memory {
                row.memory = memory;
                self.state.store(at, memory);
            }
        }
        let rows = &mut self.rows;
        self.touched.retain(|&at| {
            let row = &mut rows[at];
            row.touched = row.unposted || row.announce;
            row.touched
        });
    }

    /// A link came, went or changed.
    pub(super) fn link(
        &mut self,
        now: Instant,
        fact: LinkFact,
        epoll: &Epoll,
    ) -> Result<(), String> {
        let Some(port) = self.ports.get_mut(fact.link.0 as usize) else { return Ok(()) };
        let opened = port.follow(fact, epoll);
        if opened.is_err() {
            port.failed = Some((now + OPEN_AGAIN, fact));
        }
        self.tell_members(now, fact.link, Family::V4, fact.v4, opened.is_err());
        self.tell_members(now, fact.link, Family::V6, fact.v6, opened.is_err());
        opened
    }

    /// One with a source of its own hears of it by itself, unless nothing can be sent.
    fn tell_members(
        &mut self,
        now: Instant,
        link: LinkId,
        family: Family,
        state: Link,
        deaf: bool,
    ) {
        let state = if deaf { Link::Down } else { state };
        for at in 0..self.rows.len() {
            for member in 0..self.rows[at].lanes.len() {
                let lane = &self.rows[at].lanes[member];
                let here = lane.port == link.0 as usize && lane.family == family;
                if here && (!lane.own_source || deaf) {
                    let id = MemberId { router: self.rows[at].id, at: member };
                    self.feed(now, Event::Source(id, state));
                }
            }
        }
    }

    /// When a socket that could not be opened is tried again.
    pub(super) fn open_again_at(&self) -> Option<Instant> {
        self.ports.iter().filter_map(|port| port.failed.map(|(at, _)| at)).min()
    }

    /// Tries the sockets that could not be opened; what is still wrong is told only when it changed.
    pub(super) fn open_again(&mut self, now: Instant, epoll: &Epoll) -> Option<String> {
        let mut told = None;
        for at in 0..self.ports.len() {
            if let Some((due, fact)) = self.ports[at].failed
                && due <= now
            {
                self.ports[at].failed = None;
                if self.link(now, fact, epoll).is_ok() {
                    told = Some(format!("interface {}: sockets open again", self.ports[at].name));
                }
            }
        }
        told
    }

    /// A want has come true.
    pub(super) fn settled(&mut self, id: RouterId, revision: u64) {
        if let Ok(at) = self.rows.binary_search_by_key(&id, |row| row.id) {
            self.rows[at].settled = revision;
        }
    }
}

fn send(port: &mut Port, rows: &mut [Row], now: Instant) {
    port.send(|at| {
        if let Some(row) = rows.get_mut(at) {
            row.sent = Some(now);
        }
    });
}
