//! Services of ours of which we no longer believe what we knew: to be read again before planning.

use alloc::collections::BTreeSet;

use crate::ServiceKey;

/// What must be read again about a service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Doubt {
    /// Whether it is there, its settings, and then its servers.
    Service,
    /// Its servers.
    Servers,
}

#[derive(Debug, Default)]
pub(super) struct Doubts {
    services: BTreeSet<ServiceKey>,
    servers: BTreeSet<ServiceKey>,
}

impl Doubts {
    pub(super) fn insert(&mut self, key: ServiceKey, doubt: Doubt) {
        match doubt {
            Doubt::Service => self.services.insert(key),
            Doubt::Servers => self.servers.insert(key),
        };
    }

    /// Forgets one doubt; true if there was one.
    pub(super) fn resolve(&mut self, key: ServiceKey, doubt: Doubt) -> bool {
        match doubt {
            Doubt::Service => self.services.remove(&key),
            Doubt::Servers => self.servers.remove(&key),
        }
    }

    /// Forgets and returns all services whose presence was doubted.
    pub(super) fn take_services(&mut self) -> BTreeSet<ServiceKey> {
        core::mem::take(&mut self.services)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn contains(&self, key: ServiceKey) -> bool {
        self.services.contains(&key) || self.servers.contains(&key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.services.is_empty() && self.servers.is_empty()
    }

    /// What to look into next: services first, as one list answers for all.
    pub(super) fn first(&self) -> Option<(ServiceKey, Doubt)> {
        let service = self.services.first().map(|&key| (key, Doubt::Service));
        service.or_else(|| self.servers.first().map(|&key| (key, Doubt::Servers)))
    }
}
