//! What links can do for the virtual routers on them: news of the mover, and whether our sockets are
//! open. The election hears the sum of both.

use clock::{Duration, Instant};
use nix::sys::epoll::Epoll;
use vrrp_proto::election::Event;
use vrrp_proto::router::Link;
use vrrp_proto::{Family, LinkId, MemberId};

use super::Core;
use super::receive::token;
use crate::mover::LinkFact;

/// The pause before a socket that could not be opened is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(1);

impl Core {
    /// A link came, went or changed.
    ///
    /// # Errors
    /// What to tell of sockets that cannot be opened; they are tried again.
    pub(super) fn link(
        &mut self,
        now: Instant,
        fact: LinkFact,
        epoll: &Epoll,
    ) -> Result<(), String> {
        let at = fact.link.0 as usize;
        let Some(port) = self.ports.get_mut(at) else { return Ok(()) };
        let tokens = [token(at, Family::V4), token(at, Family::V6)];
        let opened = port.follow(fact, epoll, tokens);
        if opened.is_err() {
            port.failed = Some((now + OPEN_AGAIN, fact));
        }
        for (row, lane) in self.lanes_on(fact.link) {
            let lane = &mut self.rows[row].lanes[lane];
            if !lane.own_source {
                lane.said = match lane.family {
                    Family::V4 => fact.v4,
                    Family::V6 => fact.v6,
                };
            }
        }
        for (row, lane) in self.lanes_on(fact.link) {
            self.pass_link(now, row, lane);
        }
        opened
    }

    /// What the link of one member can do for it.
    pub(super) fn source(&mut self, now: Instant, member: MemberId, link: Link) {
        let Some(row) = self.row(member.router) else { return };
        if let Some(lane) = self.rows[row].lanes.get_mut(member.at) {
            lane.said = link;
            self.pass_link(now, row, member.at);
        }
    }

    /// The device of a virtual MAC address came, with an index, or went. Without it the addresses
    /// could not be held, so another director must.
    pub(super) fn device(&mut self, now: Instant, member: MemberId, index: Option<u32>) {
        let Some(row) = self.row(member.router) else { return };
        if let Some(lane) = self.rows[row].lanes.get_mut(member.at) {
            lane.bare = index.is_none();
            self.pass_link(now, row, member.at);
        }
    }

    fn pass_link(&mut self, now: Instant, row: usize, at: usize) {
        let link = self.rows[row].lanes[at].link(&self.ports);
        let member = MemberId { router: self.rows[row].id, at };
        self.feed(now, Event::Source(member, link));
    }

    fn lanes_on(&self, link: LinkId) -> Vec<(usize, usize)> {
        let lanes = |(row, found): (usize, &super::Row)| {
            let lanes = found.lanes.iter().enumerate();
            let here = lanes.filter(|(_, lane)| lane.port == link.0 as usize);
            here.map(|(lane, _)| (row, lane)).collect::<Vec<_>>()
        };
        self.rows.iter().enumerate().flat_map(lanes).collect()
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
}
