//! What the other loops say, and what becomes of it.

use coordinator::{Event, Reading, Source};
use vrrp_proto::held::VirtualAddress;

use super::Engine;
use crate::time::now;
use crate::words;

impl Engine {
    pub(super) fn wire_says(&mut self, fact: vrrp::Fact) {
        match fact {
            vrrp::Fact::Role { router, role, reason, at } => {
                self.hear(at.max(self.started), Event::Role(router, role, reason));
            }
            vrrp::Fact::Interface { name, up } => {
                let state = if up { "up" } else { "down" };
                self.writer.line(format!("INFO interface={name} state={state}"));
                let reading = if up { Reading::Good } else { Reading::Bad };
                self.hear(now(), Event::Tracked(Source::Interface(name), reading));
            }
            vrrp::Fact::Settled { router, .. } => {
                let prefix = address_problem(self.router_name(router), "");
                self.problems.retain(|key, _| !key.starts_with(&prefix));
            }
            vrrp::Fact::Repaired { router, address } => {
                let router = self.router_name(router);
                self.warn(&format!(
                    "router={router} address={address} action=put-back why=\"removed by somebody else\""
                ));
            }
            vrrp::Fact::Conflict { router, address, mac } => {
                let router = self.router_name(router);
                let [a, b, c, d, e, f] = mac;
                self.warn(&format!(
                    "router={router} address={address} conflict={a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} why=\"somebody else answers for it\" action=announced"
                ));
            }
            vrrp::Fact::LeftoverRemoved { address: left } => {
                let VirtualAddress { address, prefix, interface, .. } = left;
                self.writer.line(format!(
                    "INFO interface={interface} address={address}/{prefix} action=removed why=\"an earlier process held it and the file no longer names it\""
                ));
            }
            vrrp::Fact::AddressRefused { router, address, errno } => {
                let router = self.router_name(router);
                let key = address_problem(router, &address.to_string());
                let error = std::io::Error::from_raw_os_error(errno);
                let text = format!("router {router}: the kernel refuses {address}: {error}");
                self.warn(&format!("router={router} address={address} refused=\"{error}\""));
                self.problems.insert(key, text);
            }
            vrrp::Fact::Discards { router, member, why, from, count } => {
                let router = self.router_name(router);
                let from = from.map_or("unknown".to_owned(), |from| from.to_string());
                self.warn(&format!(
                    "router={router} member={member} discarded={count} from={from} counter={} why=\"{why}\"",
                    why.counter()
                ));
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
