//! `router.track`: facts about this machine that move a priority, or keep a router out.

use clock::Duration;
use coordinator::{Impact, Source};
use track::{Run, Timing};

use super::interface_name;
use crate::fields::{Field, Fields, maybe};
use crate::finding::{At, Findings, Span};
use crate::quantity::{self, write};
use crate::raw;
use crate::read::Reader;
use crate::read::check::within;

impl Reader<'_> {
    /// `interface` is the router's own.
    pub(super) fn track(
        &mut self,
        field: Option<Field<'_>>,
        interface: Option<&At<String>>,
    ) -> Option<Vec<Option<raw::Track>>> {
        let Some(field) = field else {
            return Some(Vec::new());
        };
        let example = "[{ interface = \"eth1\", weight = -60 }]";
        let items = field.tables(example, self.found)?;
        let track =
            |item: Option<Fields<'_>>| item.map(|fields| self.track_item(fields, interface));
        Some(items.into_iter().map(track).collect())
    }

    fn track_item(&mut self, mut fields: Fields<'_>, own: Option<&At<String>>) -> raw::Track {
        let what = fields.what().to_string();
        let header = fields.span().clone();
        let [address, route, gateway, file, process, script] =
            ["address", "route", "gateway", "file", "process", "script"]
                .map(|key| fields.optional(key));
        let named = [&address, &route, &gateway, &file, &process, &script];
        let interface = match named.iter().any(|field| field.is_some()) {
            false => fields.required("interface", SOURCES),
            true => fields.optional("interface"),
        };
        let fault = fields.optional("fault");
        let weight = match fault {
            Some(_) => fields.optional("weight"),
            None => fields.required("weight", "weight = -60` or `fault = true"),
        };
        let [interval, timeout, fall, rise] =
            ["interval", "timeout", "fall", "rise"].map(|key| fields.optional(key));
        self.close(fields);

        let found = &mut *self.found;
        let near = gateway.is_some().then_some((interface.as_ref(), own));
        let sources = Sources { address, route, gateway, file, process, script };
        let source = match (near, sources.first(), &interface) {
            (Some((interface, own)), Some(_), _) => sources.gateway(interface, own, found),
            (None, Some((key, _)), Some(field)) => {
                let hint = format!(
                    "make it an item of its own, or keep one of the two; `{key}` needs none"
                );
                field.refuse(&format!("cannot stand beside `{key}`"), Some(&hint), found)
            }
            (None, Some(_), None) => sources.other(found),
            (Some(_) | None, None, interface) => interface.as_ref().and_then(|field| {
                let name = interface_name(field, found)?;
                Some(At::new(Source::Interface(name.value), name.span))
            }),
        };
        raw::Track {
            impact: impact(weight, fault, found),
            timing: timing([interval, timeout, fall, rise], source.as_ref(), &header, found),
            source,
            what,
        }
    }
}

/// The keys of which one names the source; `interface` stands apart, since a gateway has one too.
struct Sources<'a> {
    address: Option<Field<'a>>,
    route: Option<Field<'a>>,
    gateway: Option<Field<'a>>,
    file: Option<Field<'a>>,
    process: Option<Field<'a>>,
    script: Option<Field<'a>>,
}

impl<'a> Sources<'a> {
    fn named(&self) -> impl Iterator<Item = (&'static str, &Field<'a>)> {
        let all = [
            ("gateway", &self.gateway),
            ("address", &self.address),
            ("route", &self.route),
            ("file", &self.file),
            ("process", &self.process),
            ("script", &self.script),
        ];
        all.into_iter().filter_map(|(key, field)| Some((key, field.as_ref()?)))
    }

    fn first(&self) -> Option<(&'static str, &Field<'a>)> {
        self.named().next()
    }

    /// Tells of a second one.
    fn alone(&self, found: &mut Findings) -> Option<()> {
        let mut named = self.named();
        let (first, _) = named.next()?;
        match named.next() {
            None => Some(()),
            Some((_, second)) => {
                let hint = "make it an item of its own";
                second.refuse(&format!("cannot stand beside `{first}`"), Some(hint), found)
            }
        }
    }

    /// On the interface of the item, or the router's.
    fn gateway(
        &self,
        interface: Option<&Field<'_>>,
        own: Option<&At<String>>,
        found: &mut Findings,
    ) -> Option<At<Source>> {
        let alone = self.alone(found);
        let interface = match interface {
            Some(field) => interface_name(field, found).map(|at| at.value),
            None => own.map(|at| at.value.clone()),
        };
        let gateway = self.gateway.as_ref()?.parse("\"192.0.2.1\"", quantity::host, found)?;
        alone?;
        Some(At::new(Source::Gateway(gateway.value, interface?), gateway.span))
    }

    fn other(&self, found: &mut Findings) -> Option<At<Source>> {
        let alone = self.alone(found);
        let (key, field) = self.first()?;
        let source = match key {
            "address" => field.parse("\"192.0.2.11\"", address, found),
            "route" => field.parse("\"203.0.113.0/24\"", route, found),
            "file" => field.parse("\"/run/weight\"", file, found),
            "process" => field.parse("\"haproxy\"", process, found),
            _ => field.parse("\"database\"", script, found),
        };
        alone.and(source)
    }
}

fn address(text: &str) -> Result<Source, quantity::Wrong> {
    quantity::any_address(text).map(Source::Address)
}

fn route(text: &str) -> Result<Source, quantity::Wrong> {
    quantity::destination(text).map(|(to, prefix)| Source::Route(to, prefix))
}

fn file(text: &str) -> Result<Source, quantity::Wrong> {
    quantity::path(text).map(Source::File)
}

fn process(text: &str) -> Result<Source, quantity::Wrong> {
    quantity::process(text).map(Source::Process)
}

fn script(text: &str) -> Result<Source, quantity::Wrong> {
    quantity::name(text).map(Source::Script)
}

/// A weight, or a fault.
fn impact(
    weight: Option<Field<'_>>,
    fault: Option<Field<'_>>,
    found: &mut Findings,
) -> Option<At<Impact>> {
    let Some(fault) = fault else {
        let weight = cause(&weight?, found)?;
        return Some(At::new(Impact::Weight(weight.value), weight.span));
    };
    if let Some(weight) = &weight {
        let hint = "a fault keeps the router out whatever its priority: keep one of the two";
        return weight.refuse("cannot stand beside `fault`", Some(hint), found);
    }
    let value = fault.boolean(found)?;
    if !value.value {
        let hint = "write `fault = true`, or `weight = -60` in its place";
        return fault.refuse("is false: it would change nothing", Some(hint), found);
    }
    Some(At::new(Impact::Fault, value.span))
}

/// What a named reason adds to a priority.
pub(in crate::read) fn cause(field: &Field<'_>, found: &mut Findings) -> Option<At<i32>> {
    let value = field.integer(-253..=253, found)?;
    if value.value == 0 {
        let hint = "a negative value makes the other director win, such as -60";
        return field.refuse("must not be 0: it would change nothing", Some(hint), found);
    }
    Some(value)
}

/// That of the source, with what the item says otherwise.
fn timing(
    [interval, timeout, fall, rise]: [Option<Field<'_>>; 4],
    source: Option<&At<Source>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Timing>> {
    let own = [&interval, &timeout, &fall, &rise].into_iter().flatten().next();
    let place = own.map_or_else(|| header.clone(), Field::span);
    let read = |field: &Field<'_>, found: &mut Findings| {
        field.parse("\"1s\"", within(SHORTEST, LONGEST), found).map(|at| at.value)
    };
    let interval_read = maybe(interval, |field| read(field, found));
    let timeout_read = maybe(timeout.as_ref().map(Field::again), |field| read(field, found));
    let fall = maybe(fall, |field| run(field, found));
    let rise = maybe(rise, |field| run(field, found));
    let source = source?;
    let mut timing = Timing::of(&source.value);
    timing.interval = interval_read?.unwrap_or(timing.interval);
    let default = timing.timeout.min(timing.interval);
    timing.timeout = timeout_read?.unwrap_or(default);
    timing.fall = fall?.unwrap_or(timing.fall);
    timing.rise = rise?.unwrap_or(timing.rise);
    if let Some(timeout) = timeout.filter(|_| timing.timeout > timing.interval) {
        let most = write(timing.interval);
        let hint = format!("one look ends before the next begins: at most {most}");
        return timeout.refuse("is longer than the interval", Some(&hint), found);
    }
    Some(At::new(timing, place))
}

/// A number of samples, or how long they must say the same.
fn run(field: &Field<'_>, found: &mut Findings) -> Option<Run> {
    if field.is_integer() {
        let samples = field.integer(1..=MOST_SAMPLES, found)?;
        return Some(Run::of(samples.value.unsigned_abs()));
    }
    let lasting = field.parse("\"2s\", or a number", within(Duration::ZERO, LONGEST), found)?;
    Some(Run { lasting: lasting.value, ..Run::of(1) })
}

const SOURCES: &str = "interface = \"eth1\"` or another source: `address`, `route`, `gateway`, `file`, `process`, `script";
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(3600);
const MOST_SAMPLES: i32 = 1000;
