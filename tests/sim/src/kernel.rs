//! A kernel's virtual-server table, as netlink shows it: requests are granted or refused.

use clock::Duration;
use ipvs_table::{Event, Output};
use ipvs_table::{Request, Service, ServiceKey, Table};

use crate::plan::{Meddling, Netlink};
use crate::rng::Rng;
use crate::setup::{foreign, server, server_key};

/// The table and how it answers.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// Everything in it, what is foreign among it.
    pub(crate) table: Table,
    /// How it answers.
    pub(crate) netlink: Netlink,
}

impl Kernel {
    /// With nothing but somebody else's service.
    pub(crate) fn booted() -> Self {
        Self { table: Table::from([foreign()]), netlink: Netlink::Healthy }
    }

    /// Whether somebody else's service is as it was.
    pub(crate) fn foreign_untouched(&self) -> bool {
        let (key, service) = foreign();
        self.table.get(&key) == Some(&service)
    }

    /// How long a question takes to be answered.
    pub(crate) fn patience(&self, rng: &mut Rng) -> Duration {
        match self.netlink {
            Netlink::Slow(time) => time,
            Netlink::Healthy | Netlink::Refusing | Netlink::Losing => rng.micros(20, 1_500),
        }
    }

    /// Takes in a question and answers it; `None` for what is no question.
    pub(crate) fn answer(&mut self, rng: &mut Rng, question: &Output) -> Option<Event> {
        let answer = match question {
            Output::Ask(requests) => {
                Event::Answered(requests.iter().map(|request| self.take(rng, request)).collect())
            }
            Output::Dump => Event::Dumped(self.table.clone()),
            Output::ListServices => {
                let bare = |service: &Service| Service { servers: [].into(), ..service.clone() };
                Event::Listed(self.table.iter().map(|(key, s)| (*key, bare(s))).collect())
            }
            Output::DumpServers(key) => {
                let servers = self.table.get(key).map(|service| service.servers.clone());
                Event::Servers(*key, servers.unwrap_or_default())
            }
            Output::Applied(_)
            | Output::Refused(_)
            | Output::Cured(..)
            | Output::Drift(..)
            | Output::Ours(_) => return None,
        };
        let lost = self.netlink == Netlink::Losing && rng.chance(500);
        Some(if lost { Event::Lost } else { answer })
    }

    /// Grants or refuses one request: 0 or an errno, as ip_vs_ctl.c does.
    fn take(&mut self, rng: &mut Rng, request: &Request) -> i32 {
        if self.netlink == Netlink::Refusing && rng.chance(500) {
            return ENOMEM;
        }
        match request {
            Request::AddService(key, _) if self.table.contains_key(key) => EEXIST,
            Request::AddService(key, service) => {
                self.table.insert(*key, Service { servers: [].into(), ..service.clone() });
                0
            }
            Request::SetService(key, service) => self.on_service(key, |there| {
                let servers = std::mem::take(&mut there.servers);
                *there = Service { servers, ..service.clone() };
                0
            }),
            Request::DeleteService(key) => self.table.remove(key).map_or(ESRCH, |_| 0),
            Request::AddServer(key, server, as_this) => {
                self.on_service(key, |there| match there.servers.contains_key(server) {
                    true => EEXIST,
                    false => there.servers.insert(*server, *as_this).map_or(0, |_| 0),
                })
            }
            Request::SetServer(key, server, as_this) => {
                self.on_service(key, |there| match there.servers.get_mut(server) {
                    Some(server) => {
                        *server = *as_this;
                        0
                    }
                    None => ENOENT,
                })
            }
            Request::DeleteServer(key, server) => {
                self.on_service(key, |there| there.servers.remove(server).map_or(ENOENT, |_| 0))
            }
        }
    }

    fn on_service(&mut self, key: &ServiceKey, then: impl FnOnce(&mut Service) -> i32) -> i32 {
        self.table.get_mut(key).map_or(ESRCH, then)
    }

    /// Somebody else's hand on our services.
    pub(crate) fn meddle(&mut self, rng: &mut Rng, what: Meddling) {
        let (theirs, _) = foreign();
        let ours: Vec<ServiceKey> = self.table.keys().copied().filter(|k| *k != theirs).collect();
        let Some(key) = ours.get(rng.index(ours.len())).copied() else { return };
        let Some(service) = self.table.get_mut(&key) else { return };
        match what {
            Meddling::Clear => self.table.retain(|key, _| *key == theirs),
            Meddling::RemoveServer => drop(service.servers.pop_first()),
            Meddling::Reweigh => {
                if let Some(mut first) = service.servers.first_entry() {
                    first.get_mut().weight.0 = 7;
                }
            }
            Meddling::AddServer => drop(service.servers.insert(server_key(9), server())),
            Meddling::RemoveService => drop(self.table.remove(&key)),
        }
    }
}

const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const ENOMEM: i32 = 12;
const EEXIST: i32 = 17;
