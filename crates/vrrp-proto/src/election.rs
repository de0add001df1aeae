//! Every virtual router of this director: which of them an event concerns, and what is counted
//! when it concerns none.
//!
//! It does not decide who is Active, that is [`crate::Router`], nor send anything. The wire thread
//! owns the one there is; in steady state it allocates nothing.

#![deny(clippy::indexing_slicing)]

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use clock::Instant;

use crate::wire::{self, Addresses, Advert, Discard};
use crate::{LinkId, Priority, Router, RouterId, Vrid, router};

mod admission;
mod counters;

pub use counters::Counters;

/// Every virtual router of this director.
#[derive(Debug, Default)]
pub struct Election {
    /// In the order of their ids.
    routers: Vec<(RouterId, Router)>,
    /// The deadline of each of `routers`, close together: every wakeup looks through all of them.
    deadlines: Vec<Option<Instant>>,
    /// Which of `routers` is this virtual router.
    index: BTreeMap<(LinkId, Vrid), usize>,
    /// For routers added later.
    links: BTreeMap<LinkId, router::Link>,
    counters: Counters,
    outputs: Vec<Output>,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A router enters the configuration; it stays in Init until told to start. One that is known
    /// is replaced while it is in Init, and left alone otherwise; a second one of the same number on
    /// the same link is not taken in. [`Election::router`] tells.
    Add(RouterId, router::Settings),
    /// An IPv4 datagram of protocol 112 came in on a link, header first.
    Datagram(LinkId, &'a [u8]),
    /// A link changed; every router on it is told.
    Link(LinkId, router::Link),
    /// Something for one router.
    Router(RouterId, router::Event),
    /// Time has passed.
    Tick,
}

/// What the caller must do, in order: which router, what.
pub type Output = (RouterId, router::Output);

/// The inputs.
impl Election {
    /// Takes in one event; returns what to do about it, in order.
    pub fn handle(&mut self, now: Instant, event: Event<'_>) -> &[Output] {
        self.outputs.clear();
        match event {
            Event::Add(id, settings) => self.add(now, id, settings),
            Event::Datagram(link, datagram) => self.datagram(now, link, datagram),
            Event::Link(link, state) => self.link(now, link, state),
            Event::Router(id, event) => {
                if let Some(position) = self.position(id) {
                    self.deliver(now, position, event);
                }
            }
            Event::Tick => self.tick(now),
        }
        &self.outputs
    }

    fn add(&mut self, now: Instant, id: RouterId, settings: router::Settings) {
        let key = (settings.link, settings.vrid);
        if self.index.get(&key).and_then(|at| self.routers.get(*at)).is_some_and(|r| r.0 != id) {
            return;
        }
        let link = self.links.get(&settings.link).copied().unwrap_or(router::Link::Down);
        let router = Router::new(now, settings, link);
        match self.routers.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(position) => {
                if let Some((_, known)) = self.routers.get_mut(position)
                    && known.role() == crate::Role::Init
                {
                    *known = router;
                }
            }
            Err(position) => self.routers.insert(position, (id, router)),
        }
        let keyed = |(at, (_, router)): (usize, &(RouterId, Router))| {
            ((router.settings().link, router.settings().vrid), at)
        };
        self.index = self.routers.iter().enumerate().map(keyed).collect();
        self.deadlines = self.routers.iter().map(|(_, router)| router.deadline()).collect();
    }

    fn datagram(&mut self, now: Instant, link: LinkId, datagram: &[u8]) {
        let vrid = wire::vrid(datagram);
        let position = vrid.and_then(|vrid| self.index.get(&(link, vrid)).copied());
        match wire::parse(datagram) {
            Ok((advert, addresses)) => self.advert(now, position, advert, addresses),
            Err(discard) => self.discard(position, discard),
        }
    }

    fn advert(
        &mut self,
        now: Instant,
        position: Option<usize>,
        advert: Advert,
        addresses: Addresses<'_>,
    ) {
        let Some((at, router)) =
            position.and_then(|at| self.routers.get_mut(at).map(|(_, router)| (at, router)))
        else {
            return self.discard(None, Discard::Vrid);
        };
        if let Err(discard) = admission::admit(router, &advert) {
            return self.discard(position, discard);
        }
        admission::compare(router, &advert, addresses);
        let Advert { from, priority, interval, checksum, .. } = advert;
        let heard = router::Heard { from, priority, interval, checksum };
        self.deliver(now, at, router::Event::Advert(heard));
    }

    fn discard(&mut self, position: Option<usize>, discard: Discard) {
        let router = position.and_then(|position| self.routers.get_mut(position));
        self.counters.discard(router.map(|(_, router)| router.counters_mut()), discard);
    }

    fn link(&mut self, now: Instant, link: LinkId, state: router::Link) {
        self.links.insert(link, state);
        for position in 0..self.routers.len() {
            if self.routers.get(position).is_some_and(|(_, r)| r.settings().link == link) {
                self.deliver(now, position, router::Event::Link(state));
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        for position in 0..self.deadlines.len() {
            if self.deadlines.get(position).is_some_and(|at| at.is_some_and(|at| at <= now)) {
                self.deliver(now, position, router::Event::Tick);
            }
        }
    }

    fn deliver(&mut self, now: Instant, position: usize, event: router::Event) {
        let Some((id, router)) = self.routers.get_mut(position) else { return };
        let outputs = router.handle(now, event);
        self.outputs.extend(outputs.iter().map(|output| (*id, *output)));
        if let Some(deadline) = self.deadlines.get_mut(position) {
            *deadline = router.deadline();
        }
    }
}

/// Readings.
impl Election {
    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Builds one advert of `router` to `to` (a peer, or 224.0.0.18), IPv4 header first, from the
    /// state of this moment. Returns its length; `None` if the router or its source address is unknown.
    pub fn emit(
        &self,
        router: RouterId,
        priority: Priority,
        to: Ipv4Addr,
        buffer: &mut [u8; wire::MAX_DATAGRAM],
    ) -> Option<usize> {
        let router = self.router(router)?;
        let router::Link::Up(from) = router.link() else { return None };
        let router::Settings { vrid, interval, ref addresses, .. } = *router.settings();
        let advert = Advert { from, to, vrid, priority, interval, checksum: router.checksum() };
        wire::emit(&advert, addresses, buffer)
    }

    /// One router, for destinations, settings, state and counters.
    pub fn router(&self, id: RouterId) -> Option<&Router> {
        self.routers.get(self.position(id)?).map(|(_, router)| router)
    }

    /// All routers, in the order of their ids.
    pub fn routers(&self) -> impl ExactSizeIterator<Item = (RouterId, &Router)> {
        self.routers.iter().map(|(id, router)| (*id, router))
    }

    /// What was counted that concerns no single router.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    fn position(&self, id: RouterId) -> Option<usize> {
        self.routers.binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}

#[cfg(test)]
mod tests;
