//! `[[service]]`, its quorum and its servers.

use ipvs_table::{Forward, Scheduler, Weight};

use super::Reader;
use super::router::cause;
use crate::fields::{Field, Fields, maybe, or};
use crate::finding::{At, Findings, Span, quote};
use crate::{quantity, raw};

impl Reader<'_> {
    pub(super) fn service(&mut self, mut fields: Fields<'_>) -> raw::Service {
        let header = fields.span().clone();
        let what = fields.what().to_string();
        let name = fields.required("name", "name = \"https\"");
        let listen = fields.required("listen", "listen = \"tcp://192.0.2.80:443\"");
        let router = fields.optional("router");
        let scheduler = fields.optional("scheduler");
        let forward = fields.optional("forward");
        let quorum = fields.table("quorum", self.found);
        let check = fields.table("check", self.found);
        let servers = fields.required("server", "server = [{ address = \"10.0.1.11\" }]");
        self.close(fields);

        let found = &mut *self.found;
        raw::Service {
            name: name.and_then(|field| field.parse("\"https\"", quantity::name, found)),
            listen: listen
                .and_then(|field| field.parse("\"tcp://192.0.2.80:443\"", quantity::listen, found)),
            router: maybe(router, |field| field.parse("\"web\"", quantity::name, found)),
            scheduler: scheduler_of(scheduler, &header, found),
            forward: forward_of(forward, &header, found),
            quorum: quorum.map(|quorum| quorum.map(|fields| self.quorum(fields))),
            check: check.map(|check| check.map(|fields| self.check(fields))),
            servers: servers.and_then(|field| self.servers(&field, &what)),
            what,
            header,
        }
    }

    fn quorum(&mut self, mut fields: Fields<'_>) -> raw::Quorum {
        let header = fields.span().clone();
        let unit = fields.optional("unit");
        let up_at = fields.optional("up_at");
        let down_below = fields.optional("down_below");
        let priority = fields.required("priority", "priority = -60");
        self.close(fields);

        let found = &mut *self.found;
        maybe(unit, |field| field.one_of(&[("servers", ())], found));
        let down_below = or(down_below, 1, &header, |field| count(field, MOST_SERVERS, found));
        let up_at = match (up_at, &down_below) {
            (Some(field), _) => count(&field, MOST_SERVERS, found),
            (None, Some(same)) => Some(At::new(same.value, header.clone())),
            (None, None) => None,
        };
        let priority = priority.and_then(|field| cause(&field, found));
        raw::Quorum { header, up_at, down_below, priority }
    }

    fn servers(&mut self, field: &Field<'_>, service: &str) -> Option<Vec<raw::Server>> {
        let items = field.tables("[{ address = \"10.0.1.11\" }]", self.found)?;
        if items.is_empty() {
            let hint = "add `{ address = \"10.0.1.11\" }`";
            return field.refuse("must name at least one server", Some(hint), self.found);
        }
        let server = |item: Option<Fields<'_>>| match item {
            Some(fields) => self.server(fields, service),
            None => {
                raw::Server { what: service.to_string(), address: None, port: None, weight: None }
            }
        };
        Some(items.into_iter().map(server).collect())
    }

    fn server(&mut self, fields: Fields<'_>, service: &str) -> raw::Server {
        let what = match fields.peek("address") {
            Some(address) => format!("{service} server {}", quote(address)),
            None => format!("{service} server"),
        };
        let mut fields = fields.called(what.clone());
        let header = fields.span().clone();
        let address = fields.required("address", "address = \"10.0.1.11\"");
        let port = fields.optional("port");
        let weight = fields.optional("weight");
        self.close(fields);

        let found = &mut *self.found;
        raw::Server {
            what,
            address: address
                .and_then(|field| field.parse("\"10.0.1.11\"", quantity::real_server, found)),
            port: maybe(port, |field| small(field, 1, found)),
            weight: or(weight, Weight(1), &header, |field| {
                let weight = small(field, 0, found)?;
                Some(At::new(Weight(weight.value), weight.span))
            }),
        }
    }
}

/// A count of at least 1.
pub(super) fn count(field: &Field<'_>, most: i32, found: &mut Findings) -> Option<At<u32>> {
    let value = field.integer(1..=most, found)?;
    Some(At::new(value.value.unsigned_abs(), value.span))
}

/// A number of 16 bits.
fn small(field: &Field<'_>, least: i32, found: &mut Findings) -> Option<At<u16>> {
    let value = field.integer(least..=65_535, found)?;
    Some(At::new(u16::try_from(value.value).ok()?, value.span))
}

fn scheduler_of(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Scheduler>> {
    let words: Vec<(&str, &str)> = SCHEDULERS.iter().map(|name| (*name, *name)).collect();
    let name = or(field, DEFAULT_SCHEDULER, header, |field| field.one_of(&words, found))?;
    Some(At::new(Scheduler::new(name.value)?, name.span))
}

fn forward_of(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Forward>> {
    let words = [("direct", Forward::Direct), ("nat", Forward::Nat), ("tunnel", Forward::Tunnel)];
    or(field, Forward::Direct, header, |field| field.one_of(&words, found))
}

const DEFAULT_SCHEDULER: &str = "wlc";

/// Those of Linux 6.1, net/netfilter/ipvs/ip_vs_*.c.
const SCHEDULERS: &[&str] = &[
    "wlc", "rr", "wrr", "lc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos",
];

const MOST_SERVERS: i32 = 65_535;
