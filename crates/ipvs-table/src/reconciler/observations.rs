//! What was read from the kernel, against what we believed: drift told, doubts resolved.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::mem;

use clock::Instant;

use super::doubts::Doubt;
use super::{Knowledge, Output, Question, Reconciler};
use crate::{Server, ServerKey, Service, ServiceKey, Table};

impl Reconciler {
    pub(super) fn dumped(&mut self, now: Instant, table: Table, outputs: &mut Vec<Output>) {
        match self.open {
            Some(Question::Dump) | None => self.open = None,
            Some(Question::Ask(_) | Question::List | Question::Servers(_)) => return,
        }
        let before = mem::replace(&mut self.kernel, table);
        if self.knowledge == Knowledge::Stale {
            for (key, held) in before {
                if !self.doubts.contains(key) {
                    self.compare(key, &held, outputs);
                }
            }
        }
        self.knowledge = Knowledge::Current;
        self.doubts.clear();
        self.dirty.extend(&self.ours);
        self.verify_at = now + self.verify;
    }

    pub(super) fn listed(&mut self, now: Instant, mut table: Table, outputs: &mut Vec<Output>) {
        if self.open.take_if(|open| matches!(open, Question::List)).is_none() {
            return;
        }
        // A kernel that needs longer than the period for a list is left alone half of the time.
        self.verify_at = self.verify_at.max(now + self.verify / 2);
        self.servers_due = true;
        let mut before = mem::take(&mut self.kernel);
        for (&key, seen) in &mut table {
            match before.remove(&key) {
                Some(held) => self.still_listed(key, held, seen, outputs),
                // Not what we believed to be there: adopted, if it is ours.
                None => self.read_servers(key),
            }
        }
        self.kernel = table;
        for key in before.into_keys() {
            self.note_drift((key, None), true, outputs);
            self.doubts.resolve(key, Doubt::Servers);
            self.dirty.insert(key);
        }
        self.dirty.extend(self.doubts.take_services());
    }

    fn still_listed(
        &mut self,
        key: ServiceKey,
        held: Service,
        seen: &mut Service,
        outputs: &mut Vec<Output>,
    ) {
        let differs = !held.same_settings(seen);
        self.note_drift((key, None), differs, outputs);
        if differs {
            self.dirty.insert(key);
        }
        seen.servers = held.servers;
        if self.doubts.resolve(key, Doubt::Service) {
            self.read_servers(key);
        }
    }

    fn read_servers(&mut self, key: ServiceKey) {
        if self.ours.contains(&key) {
            self.doubts.insert(key, Doubt::Servers);
            self.dirty.insert(key);
        }
    }

    pub(super) fn servers(
        &mut self,
        key: ServiceKey,
        seen: BTreeMap<ServerKey, Server>,
        outputs: &mut Vec<Output>,
    ) {
        let asked = |open: &mut Question| matches!(open, Question::Servers(asked) if *asked == key);
        if self.open.take_if(asked).is_none() {
            return;
        }
        let doubted = self.doubts.resolve(key, Doubt::Servers);
        self.dirty.insert(key);
        let Some(service) = self.kernel.get_mut(&key) else { return };
        // The kernel gives an empty list for a service that is not there, too.
        if seen.is_empty() && !service.servers.is_empty() && !doubted {
            self.doubts.insert(key, Doubt::Service);
            return;
        }
        let held = mem::replace(&mut service.servers, seen.clone());
        self.compare_servers(key, &held, &seen, doubted, outputs);
    }

    /// One service, as we believed it to be, with what was dumped.
    fn compare(&mut self, key: ServiceKey, held: &Service, outputs: &mut Vec<Output>) {
        let Some(seen) = self.kernel.get(&key) else {
            self.note_drift((key, None), true, outputs);
            return;
        };
        let (differs, servers) = (!held.same_settings(seen), seen.servers.clone());
        self.note_drift((key, None), differs, outputs);
        self.compare_servers(key, &held.servers, &servers, false, outputs);
    }

    /// `doubted`: somebody added servers, as we know; only those that are missing or changed count.
    fn compare_servers(
        &mut self,
        key: ServiceKey,
        held: &BTreeMap<ServerKey, Server>,
        seen: &BTreeMap<ServerKey, Server>,
        doubted: bool,
        outputs: &mut Vec<Output>,
    ) {
        let mut differing: BTreeSet<ServerKey> = BTreeSet::new();
        differing
            .extend(held.iter().filter(|(key, value)| seen.get(key) != Some(*value)).map(first));
        if !doubted {
            differing.extend(seen.keys().filter(|key| !held.contains_key(key)));
        }
        let seen_in_order = |server: &ServerKey| !differing.contains(server);
        self.end_drift(key, |server| server.as_ref().is_some_and(seen_in_order));
        for server in differing {
            self.note_drift((key, Some(server)), true, outputs);
        }
    }

    /// The service is not ours any more.
    pub(super) fn forget_drift(&mut self, key: ServiceKey) {
        self.end_drift(key, |_| true);
    }

    fn end_drift(&mut self, key: ServiceKey, is_over: impl Fn(&Option<ServerKey>) -> bool) {
        let told = self.drifting.range((key, None)..).take_while(|entry| entry.0 == key);
        let over: Vec<_> = told.filter(|(_, server)| is_over(server)).copied().collect();
        for entry in over {
            self.drifting.remove(&entry);
        }
    }

    /// Tells of a difference once, until it has been seen in order.
    fn note_drift(
        &mut self,
        entry: (ServiceKey, Option<ServerKey>),
        differs: bool,
        outputs: &mut Vec<Output>,
    ) {
        if !differs {
            self.drifting.remove(&entry);
        } else if self.wanted.contains_key(&entry.0) && self.drifting.insert(entry) {
            outputs.push(Output::Drift(entry.0, entry.1));
        }
    }
}

fn first<'a>((key, _): (&'a ServerKey, &Server)) -> &'a ServerKey {
    key
}
