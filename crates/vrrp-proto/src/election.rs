//! CONTRACT (bodies to be written): every router of this director.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use clock::Instant;

use crate::{LinkId, RouterId, router, wire};

/// Every virtual router of this director.
#[derive(Debug, Default)]
pub struct Election {}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A router enters the configuration; it stays in Init until told to start.
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

impl Election {
    /// Takes in one event; returns what to do about it, in order.
    pub fn handle(&mut self, _now: Instant, _event: Event<'_>) -> &[Output] {
        &[]
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Builds one advert of `router` to `to` (a peer, or 224.0.0.18), IPv4 header first, from the
    /// state of this moment. Returns its length; `None` if the router or its source address is unknown.
    pub fn emit(
        &self,
        _router: RouterId,
        _priority: crate::Priority,
        _to: Ipv4Addr,
        _buffer: &mut [u8; wire::MAX_DATAGRAM],
    ) -> Option<usize> {
        None
    }

    /// One router, for destinations, settings, state and counters.
    pub fn router(&self, _id: RouterId) -> Option<&router::Router> {
        None
    }

    /// All routers, in the order of their ids.
    pub fn routers(&self) -> Vec<(RouterId, &router::Router)> {
        Vec::new()
    }
}
