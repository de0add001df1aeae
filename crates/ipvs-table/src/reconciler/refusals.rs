//! What the kernel refused, and when to try it again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use clock::{Duration, Instant};

use crate::plan::Step;
use crate::{Request, ServerKey, Service, ServiceKey};

#[derive(Debug, Default)]
pub(super) struct Refusals {
    entries: BTreeMap<(ServiceKey, Option<ServerKey>), Entry>,
}

#[derive(Debug)]
struct Entry {
    errno: i32,
    /// How long it waits after the next refusal.
    wait: Duration,
    /// `None` while it is being tried again.
    retry_at: Option<Instant>,
}

/// Whether a refusal is worth telling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum News {
    Told,
    New,
}

impl Refusals {
    /// Notes a refusal; it waits 1 s, then twice as long each time, 30 s at most. News if it is the
    /// first of this entry, or for another reason.
    pub(super) fn note(
        &mut self,
        now: Instant,
        entry: (ServiceKey, Option<ServerKey>),
        errno: i32,
    ) -> News {
        let fresh = Entry { errno: 0, wait: FIRST, retry_at: None };
        let held = self.entries.entry(entry).or_insert(fresh);
        held.retry_at = Some(now + held.wait);
        held.wait = (held.wait * 2).min(LAST);
        if core::mem::replace(&mut held.errno, errno) == errno { News::Told } else { News::New }
    }

    /// Whether an entry was refused and its time has not come.
    pub(super) fn waits(&self, service: ServiceKey, server: Option<ServerKey>) -> bool {
        self.entries.get(&(service, server)).is_some_and(|held| held.retry_at.is_some())
    }

    /// Forgets and returns the entries of one service for which no step is left.
    pub(super) fn take_cured(
        &mut self,
        service: ServiceKey,
        steps: &[(Step, Request)],
    ) -> Vec<Option<ServerKey>> {
        let refused =
            self.entries.range((service, None)..).map(|(&(key, server), _)| (key, server));
        let cured: Vec<_> = refused
            .take_while(|(key, _)| *key == service)
            .map(|(_, server)| server)
            .filter(|server| !steps.iter().any(|(step, _)| step.server == *server))
            .collect();
        for &server in &cured {
            self.entries.remove(&(service, server));
        }
        cured
    }

    /// The services with something to be tried again now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<ServiceKey> {
        let due = |(key, held): (&(ServiceKey, Option<ServerKey>), &mut Entry)| {
            held.retry_at.take_if(|at| *at <= now).map(|_| key.0)
        };
        self.entries.iter_mut().filter_map(due).collect()
    }

    /// What is wanted differently now may be granted: tried at once.
    pub(super) fn retry_changed(&mut self, key: ServiceKey, from: &Service, to: &Service) {
        for ((_, server), held) in
            self.entries.range_mut((key, None)..).take_while(|((service, _), _)| *service == key)
        {
            let changed = match server {
                None => !from.same_settings(to),
                Some(server) => from.servers.get(server) != to.servers.get(server),
            };
            if changed {
                *held = Entry { wait: FIRST, retry_at: None, ..*held };
            }
        }
    }

    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.entries.values().filter_map(|held| held.retry_at).min()
    }
}

const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(30);
