//! `[[router]]`

use std::net::Ipv4Addr;

use clock::Interval;
use vrrp_proto::router::Preempt;
use vrrp_proto::{Checksum, ChecksumPolicy, Vrid};

use super::{Reader, base_priority};
use crate::fields::{Field, Fields, maybe, or};
use crate::finding::{At, Findings, Span};
use crate::{quantity, raw};

impl Reader<'_> {
    pub(super) fn router(&mut self, mut fields: Fields<'_>) -> raw::Router {
        let header = fields.span().clone();
        let name = fields.required("name", "name = \"web\"");
        let interface = fields.required("interface", "interface = \"eth0\"");
        let vrid = fields.required("vrid", "vrid = 51");
        let interval = fields.optional("interval");
        let addresses = fields.required("addresses", "addresses = [\"192.0.2.80\"]");
        let priority = fields.optional("priority");
        let track = fields.optional("track");
        let adverts = fields.optional("adverts");
        let peers = fields.optional("peers");
        let preempt = fields.optional("preempt");
        let checksum = fields.optional("checksum");
        let what = fields.what().to_string();
        self.close(fields);

        let found = &mut *self.found;
        raw::Router {
            what,
            name: name.and_then(|field| field.parse("\"web\"", quantity::name, found)),
            interface: interface.and_then(|field| interface_name(&field, found)),
            vrid: vrid.and_then(|field| vrid_of(&field, found)),
            interval: or(interval, Interval::DEFAULT, &header, |field| {
                field.parse("\"100ms\"", quantity::interval, found)
            }),
            addresses: addresses.and_then(|field| addresses_of(&field, found)),
            priority: maybe(priority, |field| per_director(field, found, base_priority))
                .map(Option::unwrap_or_default),
            track: self.track(track),
            adverts: way(adverts, &header, self.found),
            peers: self.peers(peers),
            preempt: preempt_of(preempt, &header, self.found),
            checksum: checksum_of(checksum, &header, self.found),
            header,
        }
    }

    fn track(&mut self, field: Option<Field<'_>>) -> Option<Vec<Option<raw::Track>>> {
        let Some(field) = field else {
            return Some(Vec::new());
        };
        let example = "[{ interface = \"eth1\", weight = -60 }]";
        let items = field.tables(example, self.found)?;
        Some(items.into_iter().map(|item| item.map(|fields| self.track_item(fields))).collect())
    }

    fn track_item(&mut self, mut fields: Fields<'_>) -> raw::Track {
        let interface = fields.required("interface", "interface = \"eth1\"");
        let weight = fields.required("weight", "weight = -60");
        self.close(fields);
        raw::Track {
            interface: interface.and_then(|field| interface_name(&field, self.found)),
            weight: weight.and_then(|field| cause(&field, self.found)),
        }
    }

    fn peers(
        &mut self,
        field: Option<Field<'_>>,
    ) -> Option<Option<At<Vec<raw::PerDirector<Ipv4Addr>>>>> {
        maybe(field, |field| {
            let read = |field: &Field<'_>, found: &mut Findings| {
                field.parse("\"192.0.2.11\"", quantity::ipv4, found)
            };
            let peers = per_director(field, self.found, read)?;
            Some(At::new(peers, field.span()))
        })
    }
}

/// What a named reason adds to a priority.
pub(super) fn cause(field: &Field<'_>, found: &mut Findings) -> Option<At<i32>> {
    let value = field.integer(-253..=253, found)?;
    if value.value == 0 {
        let hint = "a negative value makes the other director win, such as -60";
        return field.refuse("must not be 0: it would change nothing", Some(hint), found);
    }
    Some(value)
}

fn interface_name(field: &Field<'_>, found: &mut Findings) -> Option<At<String>> {
    field.parse("\"eth0\"", quantity::interface, found)
}

fn vrid_of(field: &Field<'_>, found: &mut Findings) -> Option<At<Vrid>> {
    let number = field.integer(1..=255, found)?;
    let vrid = u8::try_from(number.value).ok().and_then(Vrid::new)?;
    Some(At::new(vrid, number.span))
}

fn addresses_of(field: &Field<'_>, found: &mut Findings) -> Option<raw::Addresses> {
    let items = field.list("[\"192.0.2.80\"]", found)?;
    // The count is one byte of the advert (RFC 9568 5.2.5).
    if !(1..=255).contains(&items.len()) {
        return field.refuse("must be 1 to 255 addresses", None, found);
    }
    let parse = |item: &Field<'_>| item.parse("\"192.0.2.80\"", quantity::virtual_address, found);
    Some(items.iter().map(parse).collect())
}

fn per_director<T>(
    field: &Field<'_>,
    found: &mut Findings,
    read: impl Fn(&Field<'_>, &mut Findings) -> Option<At<T>>,
) -> Option<Vec<raw::PerDirector<T>>> {
    let entries = field.entries(found)?;
    let entry = |(name, field): (At<&str>, Field<'_>)| raw::PerDirector {
        director: At::new(name.value.to_string(), name.span),
        value: read(&field, found),
    };
    Some(entries.into_iter().map(entry).collect())
}

fn way(field: Option<Field<'_>>, header: &Span, found: &mut Findings) -> Option<At<raw::Way>> {
    let words = [("multicast", raw::Way::Multicast), ("unicast", raw::Way::Unicast)];
    or(field, raw::Way::Multicast, header, |field| field.one_of(&words, found))
}

fn preempt_of(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Preempt>> {
    or(field, Preempt::Yes, header, |field| {
        let value = field.boolean(found)?;
        Some(At::new(if value.value { Preempt::Yes } else { Preempt::No }, value.span))
    })
}

fn checksum_of(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<ChecksumPolicy>> {
    let words = [
        ("auto", ChecksumPolicy::Auto),
        ("rfc9568", ChecksumPolicy::Only(Checksum::Rfc9568)),
        ("pseudo-header", ChecksumPolicy::Only(Checksum::PseudoHeader)),
    ];
    or(field, ChecksumPolicy::Auto, header, |field| field.one_of(&words, found))
}
