//! Every virtual router of this director: which of them an event concerns, and what is counted
//! when it concerns none.
//!
//! It does not decide who is Active, that is [`crate::Router`], nor send anything. The wire thread
//! owns the one there is; in steady state it allocates nothing.

#![deny(clippy::indexing_slicing)]

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use clock::Instant;

use crate::router::{Link, Path, Protocol, Version};
use crate::wire::{self, Advert, Datagram, Discard, Envelope, Format};
use crate::{Checksum, Family, LinkId, MemberId, Priority, Role, Router, RouterId, Vrid, router};

mod admission;
mod counters;
mod group;
mod seat;

pub use counters::Counters;
pub use seat::{Counters as SeatCounters, Peer, Seat};

/// Every virtual router of this director.
#[derive(Debug, Default)]
pub struct Election {
    /// In the order of their ids.
    units: Vec<Unit>,
    /// The deadline of each of `units`, close together: every wakeup looks through all of them.
    deadlines: Vec<Option<Instant>>,
    /// Which unit and which of its members is this virtual router.
    index: BTreeMap<(LinkId, Family, Vrid), (usize, usize)>,
    /// For routers added later.
    links: BTreeMap<(LinkId, Family), Link>,
    counters: Counters,
    /// Whether the last event was a datagram that was thrown away.
    discarded: Option<Discarded>,
    outputs: Vec<Output>,
}

/// A datagram that named one of our virtual routers and was thrown away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Discarded {
    /// Which virtual router.
    pub member: MemberId,
    /// Why.
    pub why: Discard,
    /// Who sent it, as far as its header could be read.
    pub from: Option<IpAddr>,
}

/// A router, and one seat for each of its members.
#[derive(Debug)]
struct Unit {
    id: RouterId,
    router: Router,
    seats: Vec<Seat>,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A router enters the configuration; it stays in Init until told to start. One that is known
    /// is replaced while it is in Init, and left alone otherwise; one with a member that is another
    /// router's or its own already (same number, link and family) is not taken in. [`Election::router`] tells.
    Add(RouterId, router::Settings),
    /// Something of protocol 112 came in on a link.
    Datagram(LinkId, Datagram<'a>),
    /// A link changed for a family; every virtual router on it is told.
    Link(LinkId, Family, Link),
    /// What the link can do for one virtual router, whose source is not the link's primary address.
    Source(MemberId, Link),
    /// An earlier process of this boot heard the peers of a virtual router use this checksum: the
    /// one to begin with. Without effect once an advert was heard.
    Learned(MemberId, Checksum),
    /// Something for one router. Not [`router::Event::Advert`], `Path` or `Moved`: those follow from
    /// datagrams and links.
    Router(RouterId, router::Event),
    /// Time has passed.
    Tick,
    /// Time has passed, and datagrams still wait to be handed over: those that hold their addresses
    /// go on advertising, and nobody claims what a waiting advert may forbid.
    TickHolders,
}

/// What the caller must do, in order: which router, what. An advert goes out of every member.
pub type Output = (RouterId, router::Output);

/// The inputs.
impl Election {
    /// Takes in one event; returns what to do about it, in order.
    pub fn handle(&mut self, now: Instant, event: Event<'_>) -> &[Output] {
        self.outputs.clear();
        self.discarded = None;
        match event {
            Event::Add(id, settings) => self.add(now, id, settings),
            Event::Datagram(link, datagram) => self.datagram(now, link, datagram),
            Event::Link(link, family, state) => self.link(now, link, family, state),
            Event::Source(member, state) => {
                if let Some(position) = self.position(member.router) {
                    self.seat_link(now, position, member.at, state);
                }
            }
            Event::Learned(member, form) => {
                if let Some(unit) = self.unit_mut(member.router)
                    && let Some(seat) = unit.seats.get_mut(member.at)
                {
                    seat.learn(form);
                }
            }
            Event::Router(id, event) => {
                if let Some(position) = self.position(id) {
                    self.deliver(now, position, event);
                }
            }
            Event::Tick => self.tick(now, |_| true),
            Event::TickHolders => self.tick(now, Role::holds),
        }
        &self.outputs
    }

    fn add(&mut self, now: Instant, id: RouterId, settings: router::Settings) {
        let keys = settings.members.iter().map(key);
        let taken = |key| self.index.get(&key).and_then(|(at, _)| self.units.get(*at));
        let twice =
            keys.clone().enumerate().any(|(at, one)| keys.clone().take(at).any(|k| k == one));
        if twice || keys.filter_map(taken).any(|unit| unit.id != id) {
            return;
        }
        let link = |key: (LinkId, Family)| self.links.get(&key).copied().unwrap_or(Link::Down);
        let members = settings.members.iter();
        let seats: Vec<Seat> =
            members.map(|m| Seat::new(link((m.link, m.protocol.family())))).collect();
        let path = group::path(settings.deciders, &seats);
        let unit = Unit { id, router: Router::new(now, settings, path), seats };
        match self.units.binary_search_by_key(&id, |unit| unit.id) {
            Ok(position) => {
                if let Some(known) = self.units.get_mut(position)
                    && known.router.role() == Role::Init
                {
                    *known = unit;
                    self.index_from(0);
                }
            }
            Err(position) if position == self.units.len() => {
                self.units.push(unit);
                self.index_from(position);
            }
            Err(position) => {
                self.units.insert(position, unit);
                self.index_from(0);
            }
        }
        // All of them at once, so that a takeover of everything allocates nothing either.
        self.outputs.reserve(self.units.len() * router::Outputs::CAPACITY);
    }

    /// Notes the places and deadlines of all units from this one on; those before it have not moved.
    fn index_from(&mut self, first: usize) {
        if first == 0 {
            self.index.clear();
        }
        self.deadlines.truncate(first);
        for (position, unit) in self.units.iter().enumerate().skip(first) {
            self.deadlines.push(unit.router.deadline());
            for (at, member) in unit.router.settings().members.iter().enumerate() {
                self.index.insert(key(member), (position, at));
            }
        }
    }

    fn datagram(&mut self, now: Instant, link: LinkId, datagram: Datagram<'_>) {
        let family = match datagram {
            Datagram::V4(_) => Family::V4,
            Datagram::V6 { .. } => Family::V6,
        };
        let envelope = Envelope::open(datagram);
        let from = envelope.map(|envelope| envelope.from).ok();
        let vrid = envelope.and_then(|envelope| envelope.vrid());
        let place = vrid.ok().and_then(|vrid| self.index.get(&(link, family, vrid)).copied());
        if let Err(discard) = envelope.and_then(|envelope| self.advert(now, place, &envelope)) {
            self.discarded = place.and_then(|(unit, at)| {
                let member = MemberId { router: self.units.get(unit)?.id, at };
                Some(Discarded { member, why: discard, from })
            });
            let seat = place.and_then(|(at, member)| self.units.get_mut(at)?.seats.get_mut(member));
            let counters = seat.map(|seat| {
                seat.discards(now, discard, from);
                seat.counters_mut()
            });
            self.counters.discard(counters, discard);
        }
    }

    fn advert(
        &mut self,
        now: Instant,
        place: Option<(usize, usize)>,
        envelope: &Envelope<'_>,
    ) -> Result<(), Discard> {
        admission::travelled(envelope)?;
        envelope.vrid()?;
        let (position, at) = place.ok_or(Discard::Vrid)?;
        let unit = self.units.get_mut(position).ok_or(Discard::Vrid)?;
        let settings = unit.router.settings();
        let member = settings.members.get(at).ok_or(Discard::Vrid)?;
        let seat = unit.seats.get_mut(at).ok_or(Discard::Vrid)?;
        let advert = admission::admit(now, settings.interval, member, seat, envelope)?;
        let Advert { from, priority, interval, .. } = advert;
        let (version, form) = match advert.format {
            Format::V2(_) => (Version::V2, None),
            Format::V3Ipv4(form) => (Version::V3, Some(form)),
            Format::V3Ipv6 => (Version::V3, None),
        };
        let deciders = settings.deciders;
        let heard = router::Heard {
            from,
            tie: seat.compare(from),
            other: seat.other(now, from),
            dissent: group::dissent(deciders, at, &unit.seats),
            version,
            priority,
            interval,
        };
        let standing = group::standing(&unit.router, &heard);
        let peer = Peer { address: from, priority, interval, at: now };
        if let Some(seat) = unit.seats.get_mut(at) {
            seat.hear(peer, form, standing);
        }
        if group::counts(deciders, at) {
            self.deliver(now, position, router::Event::Advert(heard));
        }
        Ok(())
    }

    fn link(&mut self, now: Instant, link: LinkId, family: Family, state: Link) {
        self.links.insert((link, family), state);
        for position in 0..self.units.len() {
            let members = |unit: &Unit| unit.router.settings().members.len();
            for at in 0..self.units.get(position).map_or(0, members) {
                let unit = self.units.get(position);
                let member = unit.and_then(|unit| unit.router.settings().members.get(at));
                if member.is_some_and(|m| (m.link, m.protocol.family()) == (link, family)) {
                    self.seat_link(now, position, at, state);
                }
            }
        }
    }

    /// What its link can do for one seat; its router hears what that means for all.
    fn seat_link(&mut self, now: Instant, position: usize, at: usize, state: Link) {
        let Some(unit) = self.units.get_mut(position) else { return };
        let Some(seat) = unit.seats.get_mut(at) else { return };
        if !seat.follow(state) {
            return;
        }
        let before = unit.router.path();
        let path = group::path(unit.router.settings().deciders, &unit.seats);
        if path != before {
            self.deliver(now, position, router::Event::Path(path));
        } else if path == Path::Open {
            self.deliver(now, position, router::Event::Moved);
        }
    }

    fn tick(&mut self, now: Instant, is_meant: impl Fn(Role) -> bool) {
        for position in 0..self.deadlines.len() {
            let is_due =
                self.deadlines.get(position).is_some_and(|at| at.is_some_and(|at| at <= now));
            let role = self.units.get(position).map(|unit| unit.router.role());
            if is_due && role.is_some_and(&is_meant) {
                self.deliver(now, position, router::Event::Tick);
            }
        }
    }

    fn deliver(&mut self, now: Instant, position: usize, event: router::Event) {
        let Some(unit) = self.units.get_mut(position) else { return };
        let outputs = unit.router.handle(now, event);
        for output in outputs.iter() {
            unit.seats.iter_mut().for_each(|seat| seat.follow_output(*output));
            self.outputs.push((unit.id, *output));
        }
        if let Some(deadline) = self.deadlines.get_mut(position) {
            *deadline = unit.router.deadline();
        }
    }
}

/// Readings.
impl Election {
    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Builds one advert of a virtual router to `to` (a peer, or its multicast group) from the state
    /// of this moment: over IPv4 with its header, over IPv6 the message alone. Returns its length;
    /// `None` if the virtual router or its source address is unknown, or of another family.
    pub fn emit(
        &self,
        member: MemberId,
        priority: Priority,
        to: IpAddr,
        buffer: &mut [u8; wire::MAX_DATAGRAM],
    ) -> Option<usize> {
        let unit = self.unit(member.router)?;
        let settings = unit.router.settings();
        let seat = unit.seats.get(member.at)?;
        let member = settings.members.get(member.at)?;
        let Link::Up(from) = seat.link() else { return None };
        let format = match member.protocol {
            Protocol::V2(auth) => Format::V2(auth),
            Protocol::V3Ipv4(_) => Format::V3Ipv4(seat.checksum(member)),
            Protocol::V3Ipv6 => Format::V3Ipv6,
        };
        let interval = settings.interval;
        let (ttl, vrid) = (wire::TTL, member.vrid);
        let advert = Advert { from, to, ttl, vrid, priority, interval, format };
        wire::emit(&advert, &member.addresses, buffer)
    }

    /// One router, for settings and state.
    pub fn router(&self, id: RouterId) -> Option<&Router> {
        self.unit(id).map(|unit| &unit.router)
    }

    /// All routers, in the order of their ids.
    pub fn routers(&self) -> impl ExactSizeIterator<Item = (RouterId, &Router)> {
        self.units.iter().map(|unit| (unit.id, &unit.router))
    }

    /// The seats of a router, in the order of its members.
    pub fn seats(&self, id: RouterId) -> &[Seat] {
        self.unit(id).map_or(&[], |unit| &unit.seats)
    }

    /// The datagram that was just thrown away, if the last event was one.
    pub const fn discarded(&self) -> Option<Discarded> {
        self.discarded
    }

    /// What was counted that concerns no single router.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    fn position(&self, id: RouterId) -> Option<usize> {
        self.units.binary_search_by_key(&id, |unit| unit.id).ok()
    }

    fn unit(&self, id: RouterId) -> Option<&Unit> {
        self.units.get(self.position(id)?)
    }

    fn unit_mut(&mut self, id: RouterId) -> Option<&mut Unit> {
        let position = self.position(id)?;
        self.units.get_mut(position)
    }
}

fn key(member: &router::Member) -> (LinkId, Family, Vrid) {
    (member.link, member.protocol.family(), member.vrid)
}

#[cfg(test)]
mod tests;
