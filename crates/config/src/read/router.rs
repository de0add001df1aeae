//! `[[router]]`: its keys, and those that are one value.

use clock::{Duration, Interval};
use vrrp_proto::held::Accept;
use vrrp_proto::router::{Preempt, Strictness};
use vrrp_proto::{Checksum, ChecksumPolicy, DownFactor, Vrid};

use super::check::within;
use super::{Reader, base_priority};
use crate::fields::{Field, Fields, maybe, or};
use crate::finding::{At, Findings, Span};
use crate::quantity::Wrong;
use crate::settings::VirtualMac;
use crate::{quantity, raw};

mod addresses;
mod adverts;
mod track;

pub(super) use track::cause;

impl Reader<'_> {
    pub(super) fn router(&mut self, mut fields: Fields<'_>) -> raw::Router {
        let header = fields.span().clone();
        let what = fields.what().to_string();
        let name = fields.required("name", "name = \"web\"");
        let interface = fields.required("interface", "interface = \"eth0\"");
        let vrid = fields.required("vrid", "vrid = 51");
        let addresses = fields.required("addresses", "addresses = [\"192.0.2.80\"]");
        let [unadvertised, priority, track] =
            ["unadvertised", "priority", "track"].map(|key| fields.optional(key));
        let [version, password, checksum, strict] =
            ["version", "password", "checksum", "strict"].map(|key| fields.optional(key));
        let [interval, down_factor] = ["interval", "down_factor"].map(|key| fields.optional(key));
        let [preempt, preempt_delay, startup_delay] =
            ["preempt", "preempt_delay", "startup_delay"].map(|key| fields.optional(key));
        let [adverts, peers, min_ttl] =
            ["adverts", "peers", "min_ttl"].map(|key| fields.optional(key));
        let [accept, virtual_mac, route, rule] =
            ["accept", "virtual_mac", "route", "rule"].map(|key| fields.optional(key));
        self.close(fields);

        let found = &mut *self.found;
        let interface = interface.and_then(|field| interface_name(&field, found));
        raw::Router {
            what,
            name: name.and_then(|field| field.parse("\"web\"", quantity::name, found)),
            vrid: vrid.and_then(|field| vrid_of(&field, found)),
            version: version_of(version, &header, found),
            password: maybe(password, |field| {
                field.parse("\"up to 8\"", quantity::password, found)
            }),
            checksum: maybe(checksum, |field| checksum_of(field, found)),
            strictness: strictness(strict, &header, found),
            interval: or(interval, Interval::DEFAULT, &header, |field| {
                field.parse("\"100ms\"", quantity::interval, found)
            }),
            down_factor: or(down_factor, DownFactor::DEFAULT, &header, |field| {
                down_factor_of(field, found)
            }),
            preempt: preempt_of(preempt, &header, found),
            preempt_delay: delay(preempt_delay, &header, found),
            startup_delay: delay(startup_delay, &header, found),
            priority: maybe(priority, |field| adverts::per_director(field, found, base_priority))
                .map(Option::unwrap_or_default),
            adverts: adverts::way(adverts, &header, found),
            peers: maybe(peers, |field| adverts::peers(field, found)),
            min_ttl: maybe(min_ttl, |field| adverts::min_ttl(field, found)),
            accept: accept_of(accept, &header, found),
            virtual_mac: maybe(virtual_mac, |field| virtual_mac_of(field, found))
                .map(Option::flatten),
            routes: each(route, "[\"default via 192.0.2.1 table 100\"]", quantity::route, found),
            rules: each(rule, "[\"from 192.0.2.80 table 100\"]", quantity::rule, found),
            addresses: addresses.and_then(|field| self.addresses(&field)),
            unadvertised: maybe(unadvertised, |field| self.unadvertised(field))
                .map(Option::unwrap_or_default),
            track: self.track(track, interface.as_ref()),
            interface,
            header,
        }
    }
}

pub(super) fn interface_name(field: &Field<'_>, found: &mut Findings) -> Option<At<String>> {
    field.parse("\"eth0\"", quantity::interface, found)
}

fn vrid_of(field: &Field<'_>, found: &mut Findings) -> Option<At<Vrid>> {
    let number = field.integer(1..=255, found)?;
    let vrid = u8::try_from(number.value).ok().and_then(Vrid::new)?;
    Some(At::new(vrid, number.span))
}

fn version_of(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<raw::Version>> {
    or(field, raw::Version::Three, header, |field| {
        let number = field.integer(2..=3, found)?;
        let version = if number.value == 2 { raw::Version::Two } else { raw::Version::Three };
        Some(At::new(version, number.span))
    })
}

fn checksum_of(field: &Field<'_>, found: &mut Findings) -> Option<At<ChecksumPolicy>> {
    let words = [
        ("auto", ChecksumPolicy::Auto),
        ("rfc9568", ChecksumPolicy::Only(Checksum::Rfc9568)),
        ("pseudo-header", ChecksumPolicy::Only(Checksum::PseudoHeader)),
    ];
    field.one_of(&words, found)
}

fn strictness(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Strictness>> {
    or(field, Strictness::Lenient, header, |field| {
        either(field, Strictness::Strict, Strictness::Lenient, found)
    })
}

fn down_factor_of(field: &Field<'_>, found: &mut Findings) -> Option<At<DownFactor>> {
    let number = field.integer(1..=100, found)?;
    let factor = u8::try_from(number.value).ok().and_then(DownFactor::new)?;
    Some(At::new(factor, number.span))
}

fn preempt_of(
    field: Option<Field<'_>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Preempt>> {
    or(field, Preempt::Yes, header, |field| either(field, Preempt::Yes, Preempt::No, found))
}

fn delay(field: Option<Field<'_>>, header: &Span, found: &mut Findings) -> Option<At<Duration>> {
    or(field, Duration::ZERO, header, |field| {
        field.parse("\"30s\"", within(Duration::ZERO, LONGEST_DELAY), found)
    })
}

fn accept_of(field: Option<Field<'_>>, header: &Span, found: &mut Findings) -> Option<At<Accept>> {
    or(field, Accept::Yes, header, |field| either(field, Accept::Yes, Accept::No, found))
}

/// `true`, or the name of the device.
fn virtual_mac_of(field: &Field<'_>, found: &mut Findings) -> Option<Option<At<VirtualMac>>> {
    if field.is_boolean() {
        let value = field.boolean(found)?;
        return Some(value.value.then(|| At::new(VirtualMac::MadeUp, value.span)));
    }
    let name = field.parse("\"vrrp.51\", or true", quantity::interface, found)?;
    Some(Some(At::new(VirtualMac::Named(name.value), name.span)))
}

/// A list of strings, each of them a value.
fn each<T>(
    field: Option<Field<'_>>,
    example: &str,
    parser: impl Fn(&str) -> Result<T, Wrong>,
    found: &mut Findings,
) -> Option<Vec<Option<At<T>>>> {
    let Some(field) = field else {
        return Some(Vec::new());
    };
    let items = field.list(example, found)?;
    let example = example.trim_matches(['[', ']']);
    Some(items.iter().map(|item| item.parse(example, &parser, found)).collect())
}

/// A key that is true or false, with what those mean.
fn either<T>(field: &Field<'_>, yes: T, no: T, found: &mut Findings) -> Option<At<T>> {
    let value = field.boolean(found)?;
    Some(At::new(if value.value { yes } else { no }, value.span))
}

/// Longer than anybody wants addresses to wait.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);
