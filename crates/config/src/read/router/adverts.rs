//! `router.adverts`, `router.peers`, `router.min_ttl`, and tables with a value for each director.

use std::net::IpAddr;

use crate::fields::{Field, or};
use crate::finding::{At, Findings, Span};
use crate::{quantity, raw};

pub(super) fn way(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<raw::Way>> {
    let words = [("multicast", raw::Way::Multicast), ("unicast", raw::Way::Unicast)];
    or(field, raw::Way::Multicast, header, |field| field.one_of(&words, found))
}

/// A value for each director.
pub(super) fn per_director<T>(
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

pub(super) fn peers(field: &Field<'_>, found: &mut Findings) -> Option<raw::Peers> {
    Some(At::new(per_director(field, found, peer)?, field.span()))
}

/// One address, or a list with one of each family.
fn peer(field: &Field<'_>, found: &mut Findings) -> Option<At<Vec<At<IpAddr>>>> {
    let one = |field: &Field<'_>, found: &mut Findings| {
        field.parse("\"192.0.2.11\"", quantity::host, found)
    };
    if !field.is_list() {
        return Some(At::new(vec![one(field, found)?], field.span()));
    }
    let items = field.list("[\"192.0.2.11\", \"2001:db8::11\"]", found)?;
    let read: Vec<_> = items.iter().map(|item| one(item, found)).collect();
    Some(At::new(read.into_iter().collect::<Option<_>>()?, field.span()))
}

pub(super) fn min_ttl(field: &Field<'_>, found: &mut Findings) -> Option<At<u8>> {
    let number = field.integer(1..=255, found)?;
    Some(At::new(u8::try_from(number.value).ok()?, number.span))
}
