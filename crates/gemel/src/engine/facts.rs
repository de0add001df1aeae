//! What the other loops say, and what becomes of it.

use coordinator::Event;
use vrrp_proto::{MemberId, Role};

use super::Engine;
use crate::time::now;
use crate::{log, words};

impl Engine {
    pub(super) fn wire_says(&mut self, fact: vrrp::Fact) {
        match fact {
            vrrp::Fact::Role { router, role, reason, at } => {
                match role {
                    Role::Init => drop(self.up_since.remove(&router)),
                    Role::Backup | Role::Active | Role::Leaving => {
                        self.up_since.entry(router).or_insert(at);
                    }
                }
                self.hear(at.max(self.started), Event::Role(router, role, reason));
            }
            vrrp::Fact::Interface { name, up } => {
                self.interface(name, up);
            }
            vrrp::Fact::Settled { router, .. } => {
                let prefix = address_problem(self.router_name(router), "");
                self.problems.retain(|key, _| !key.starts_with(&prefix));
            }
            vrrp::Fact::Repaired { router, address } => {
                let router = self.router_with(router, address);
                self.writer.line(log::wire::repaired(router, address));
            }
            vrrp::Fact::Conflict { router, address, mac } => {
                let router = self.router_with(router, address);
                self.writer.line(log::wire::conflict(router, address, mac));
            }
            vrrp::Fact::LeftoverRemoved { address } => {
                self.writer.line(log::wire::leftover(&address));
            }
            vrrp::Fact::AddressRefused { router, address, errno } => {
                let key = address_problem(self.router_name(router), &address.to_string());
                let router = self.router_with(router, address);
                let error = std::io::Error::from_raw_os_error(errno);
                self.writer.line(log::wire::refused(router, address, &error));
                let text = format!("router {router}: the kernel refuses {address}: {error}");
                self.problems.insert(key, text);
            }
            vrrp::Fact::Discards { router, member, why, from, count } => {
                let at = MemberId { router, at: member };
                if let Some((part, plan)) = self.part_of(at) {
                    let what = (why, from, count);
                    self.writer.line(log::wire::discards(&part.name, (plan, member), what));
                }
            }
            vrrp::Fact::Differs { router, member, what, from } => {
                let at = MemberId { router, at: member };
                if let Some((part, plan)) = self.part_of(at) {
                    self.writer.line(log::wire::differs(&part.name, (plan, member), what, from));
                }
            }
            vrrp::Fact::Report(routers) => self.routers_reported(routers),
            vrrp::Fact::Warning(text) => {
                self.warn(&format!("warning={}", words::quoted(&text)));
                self.problems.insert(format!("vrrp {text}"), text);
            }
            vrrp::Fact::Ended => self.wire_ended(),
        }
    }

    pub(super) fn table_says(&mut self, fact: ipvs::Fact) {
        match fact {
            ipvs::Fact::Applied(revision) => self.hear(now(), Event::Applied(revision)),
            ipvs::Fact::Refused(refusal) => {
                let text = ipvs::explain(&refusal, self.identity.lo_is_up);
                self.problems.insert(entry(refusal.service, refusal.server), text);
                self.hear(now(), Event::Refused(refusal));
            }
            ipvs::Fact::Cured(service, server) => {
                self.problems.remove(&entry(service, server));
                self.hear(now(), Event::Cured(service, server));
            }
            ipvs::Fact::Drift(service, server) => self.hear(now(), Event::Drift(service, server)),
            ipvs::Fact::Ours(services) => {
                self.unwritten_ours = Some(crate::ours::emit(&services));
                self.keep_ours();
            }
            ipvs::Fact::Report(table, connections) => self.table_reported(table, connections),
            ipvs::Fact::Warning(text) => {
                self.warn(&format!("warning={}", words::quoted(&text)));
            }
            ipvs::Fact::Ended => self.table_ended(),
        }
    }

    pub(super) fn checks_say(&mut self, fact: probe::Fact) {
        match fact {
            probe::Fact::Verdict { check, verdict, why } => {
                self.hear(now(), Event::Verdict { check, verdict, why });
            }
            probe::Fact::Impaired(check, why) => self.hear(now(), Event::Impaired(check, why)),
            probe::Fact::Report { checks, .. } => self.checks_reported(checks),
            probe::Fact::Ended => {}
        }
    }

    /// Law 7: ours is the last set we applied, kept on disk. The latest set, written once.
    pub(super) fn keep_ours(&mut self) {
        if let Some(text) = self.unwritten_ours.take()
            && !self.writer.file(self.identity.ours_file.clone(), text.clone())
        {
            self.unwritten_ours = Some(text);
        }
    }
}

fn address_problem(router: &str, address: &str) -> String {
    format!("router {router} address {address}")
}

fn entry(service: ipvs_table::ServiceKey, server: Option<ipvs_table::ServerKey>) -> String {
    match server {
        Some(server) => format!("service {service} server {server}"),
        None => format!("service {service}"),
    }
}
