//! What the wire thread knows of a router besides its election: where its adverts go, what is to be
//! passed on of it at the end of a wakeup, and what a successor process would find.

use std::net::IpAddr;

use clock::Instant;
use vrrp_proto::held::{Mac, MemberSetup};
use vrrp_proto::router::{Adverts, Holding, Link, Member};
use vrrp_proto::{Election, Family, Priority, RouterId, Vrid, wire};

use super::port::{Port, Way};
use crate::RouterSetup;
use crate::state::Memory;

/// One router.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) id: RouterId,
    /// One for each member.
    pub(super) lanes: Vec<Lane>,
    /// What an earlier process left, then what a later one would find.
    pub(super) memory: Memory,
    /// An advert that is to leave at the end of this wakeup.
    pub(super) advert: Option<Priority>,
    pub(super) want: Option<Holding>,
    /// Counts the wants; the mover repeats it when one is true.
    pub(super) revision: u64,
    pub(super) settled: u64,
    pub(super) unposted: bool,
    pub(super) announce: bool,
    pub(super) touched: bool,
    /// When an advert of it last left.
    pub(super) sent: Option<Instant>,
}

/// Where the adverts of one member go, and what its link can do for it.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) port: usize,
    pub(super) family: Family,
    pub(super) vrid: Vrid,
    pub(super) way: Way,
    pub(super) to: Vec<IpAddr>,
    /// Whether its source is not the primary address of its link.
    pub(super) own_source: bool,
    /// What was last said of its link.
    pub(super) said: Link,
    /// Whether the device of its virtual MAC address is said to be missing.
    pub(super) bare: bool,
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
                .map(|(member, setup)| Lane::new(member, setup))
                .collect(),
            advert: None,
            want: None,
            revision: 0,
            settled: 0,
            unposted: false,
            announce: false,
            touched: false,
            sent: memory.holds.then_some(memory.advert),
            memory,
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

    /// Brings its memory up to date; says whether it changed.
    pub(super) fn remember(&mut self, election: &Election) -> bool {
        let Some(router) = election.router(self.id) else { return false };
        let advert = self.sent.unwrap_or_default();
        let holds = self.sent.is_some() && router.last_advert().is_some();
        let seats = election.seats(self.id).iter().zip(&router.settings().members);
        let checksums = seats.map(|(seat, member)| seat.checksum(member));
        self.memory.update(advert, holds, checksums)
    }
}

impl Lane {
    fn new(member: &Member, setup: &MemberSetup) -> Self {
        let family = member.protocol.family();
        Self {
            port: member.link.0 as usize,
            family,
            vrid: member.vrid,
            way: Way::of(member, setup),
            to: match &member.adverts {
                Adverts::Multicast => vec![wire::multicast(family)],
                Adverts::Unicast { peers, .. } => peers.clone(),
            },
            own_source: setup.source.is_some() || setup.mac != Mac::Interface,
            said: Link::Down,
            bare: false,
        }
    }

    /// What its link can do for it.
    pub(super) fn link(&self, ports: &[Port]) -> Link {
        let deaf = ports.get(self.port).is_none_or(|port| port.side(self.family).is_deaf());
        if deaf || self.bare { Link::Down } else { self.said }
    }
}
