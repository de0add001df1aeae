//! From one table to another: which requests, and in which order.
//!
//! [`plan`] does it for whole tables; the Reconciler does it service by service with [`steps`] and
//! keeps the steps of all of them in one order. Nothing here knows what the kernel answered.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{Server, ServerKey, Service, ServiceKey, Table, Weight};

/// One request to the kernel. A [`Service`] here is sent without its servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// NEW_SERVICE
    AddService(ServiceKey, Service),
    /// SET_SERVICE
    SetService(ServiceKey, Service),
    /// DEL_SERVICE, which removes its servers too
    DeleteService(ServiceKey),
    /// NEW_DEST
    AddServer(ServiceKey, ServerKey, Server),
    /// SET_DEST
    SetServer(ServiceKey, ServerKey, Server),
    /// DEL_DEST
    DeleteServer(ServiceKey, ServerKey),
}

/// The requests that turn `have` into `want`, in an order with never fewer live servers in a service
/// than before or after. O(n log n).
///
/// A server is live if its weight is not 0. First all that adds capacity, then all that takes it
/// away, so the number of live servers of a service first only rises and then only falls:
///
/// 1. add services: their servers need them;
/// 2. add servers;
/// 3. set servers whose weight leaves 0;
/// 4. set all other servers, among them those whose weight becomes 0; a new forwarding method is a
///    set too, it leaves the connections where they are;
/// 5. set services: a new scheduler sees the servers as they shall be;
/// 6. delete servers: last, so that what they served has somewhere to go;
/// 7. delete services, with all their servers.
///
/// Nothing that is in both tables is ever deleted and added again: the kernel keeps deleted servers
/// for two minutes and looks through all of them at each add.
pub fn plan(have: &Table, want: &Table) -> Vec<Request> {
    let mut all = BTreeMap::new();
    for (&key, service) in want {
        all.extend(steps(key, have.get(&key), Some(service)));
    }
    for (&key, service) in have {
        if !want.contains_key(&key) {
            all.extend(steps(key, Some(service), None));
        }
    }
    all.into_values().collect()
}

/// Where a request stands in the order: by phase, then by service, then by server.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Step {
    pub(crate) phase: Phase,
    pub(crate) service: ServiceKey,
    pub(crate) server: Option<ServerKey>,
}

/// The order argued above [`plan`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Phase {
    AddService,
    AddServer,
    WakeServer,
    SetServer,
    SetService,
    DeleteServer,
    DeleteService,
}

impl Phase {
    pub(crate) const ALL: [Self; 7] = [
        Self::AddService,
        Self::AddServer,
        Self::WakeServer,
        Self::SetServer,
        Self::SetService,
        Self::DeleteServer,
        Self::DeleteService,
    ];
}

/// The steps that turn one service from `have` into `want`.
pub(crate) fn steps(
    key: ServiceKey,
    have: Option<&Service>,
    want: Option<&Service>,
) -> Vec<(Step, Request)> {
    let mut steps = Vec::new();
    let mut step = |phase, server, request| {
        steps.push((Step { phase, service: key, server }, request));
    };
    let Some(want) = want else {
        if have.is_some() {
            step(Phase::DeleteService, None, Request::DeleteService(key));
        }
        return steps;
    };
    match have {
        None => step(Phase::AddService, None, Request::AddService(key, want.settings())),
        Some(have) if !have.same_settings(want) => {
            step(Phase::SetService, None, Request::SetService(key, want.settings()));
        }
        Some(_) => {}
    }
    let none = BTreeMap::new();
    let have = have.map_or(&none, |have| &have.servers);
    for (&server, &wanted) in &want.servers {
        match have.get(&server) {
            None => step(Phase::AddServer, Some(server), Request::AddServer(key, server, wanted)),
            Some(&held) if held != wanted => {
                let wakes = held.weight == Weight(0) && wanted.weight != Weight(0);
                let phase = if wakes { Phase::WakeServer } else { Phase::SetServer };
                step(phase, Some(server), Request::SetServer(key, server, wanted));
            }
            Some(_) => {}
        }
    }
    for &server in have.keys().filter(|server| !want.servers.contains_key(server)) {
        step(Phase::DeleteServer, Some(server), Request::DeleteServer(key, server));
    }
    steps
}

impl Request {
    /// The service it is about.
    pub const fn service(&self) -> ServiceKey {
        match *self {
            Self::AddService(key, _)
            | Self::SetService(key, _)
            | Self::DeleteService(key)
            | Self::AddServer(key, ..)
            | Self::SetServer(key, ..)
            | Self::DeleteServer(key, _) => key,
        }
    }

    /// The real server it is about, if it is about one.
    pub const fn server(&self) -> Option<ServerKey> {
        match *self {
            Self::AddService(..) | Self::SetService(..) | Self::DeleteService(_) => None,
            Self::AddServer(_, server, _)
            | Self::SetServer(_, server, _)
            | Self::DeleteServer(_, server) => Some(server),
        }
    }

    /// What the table is once the kernel has granted this. Whatever it names but the table lacks is
    /// left out.
    pub fn apply(self, table: &mut Table) {
        match self {
            Self::AddService(key, service) => {
                table.insert(key, service);
            }
            Self::SetService(key, service) => {
                if let Some(held) = table.get_mut(&key) {
                    held.take_settings(service);
                }
            }
            Self::DeleteService(key) => {
                table.remove(&key);
            }
            Self::AddServer(key, server, value) | Self::SetServer(key, server, value) => {
                if let Some(held) = table.get_mut(&key) {
                    held.servers.insert(server, value);
                }
            }
            Self::DeleteServer(key, server) => {
                if let Some(held) = table.get_mut(&key) {
                    held.servers.remove(&server);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
