//! What concerns more than one value: names that must exist, things that must be unique, and what
//! cannot work as written.
//!
//! Runs over the raw shapes, so that one unusable value does not hide the mistakes around it; what
//! is `None` there is passed over in silence.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::finding::{At, Finding, Findings, quote};
use crate::raw::{File, Service};
use crate::suggest::nearest;

mod addresses;
mod adverts;
mod causes;
mod devices;
mod directors;
mod groups;
mod routers;
mod services;
mod tracks;

/// Compares everything with everything.
pub(crate) fn check(file: &File, found: &mut Findings) {
    if nothing_to_do(file, found) {
        return;
    }
    directors::check(file, found);
    routers::check(file, found);
    addresses::check(file, found);
    adverts::check(file, found);
    devices::check(file, found);
    tracks::check(file, found);
    groups::check(file, found);
    services::check(file, found);
    causes::check(file, found);
}

/// An installed but unwritten file: valid, and it says so.
fn nothing_to_do(file: &File, found: &mut Findings) -> bool {
    let empty = file.directors.is_empty() && file.routers.is_empty() && file.services.is_empty();
    if let Some(pair) = file.pair.as_ref().filter(|_| empty && !file.incomplete) {
        let message = "nothing to do: no directors, routers or services";
        let hint = "add [[director]], [[router]] and [[service]]";
        found.add(Finding::warning(&pair.header, message).hint(hint));
    }
    empty
}

/// Tells of each value that was there before; `kind` and the value name it.
fn unique<'a, T: Display + Ord + 'a>(
    kind: &str,
    values: impl IntoIterator<Item = &'a At<T>>,
    found: &mut Findings,
) {
    let mut seen: BTreeMap<&T, &At<T>> = BTreeMap::new();
    for at in values {
        if let Some(first) = seen.get(&at.value) {
            let message = format!("{kind} {} is used twice", quote(&at.value.to_string()));
            found.add(Finding::error(&at.span, message).other(&first.span, "first used here"));
        } else {
            seen.insert(&at.value, at);
        }
    }
}

/// Tells of a name that no `kind` has, with the nearest that one has.
fn unknown<'a>(
    what: &str,
    kind: &str,
    name: &At<String>,
    names: impl Iterator<Item = &'a str>,
    found: &mut Findings,
) {
    let message = format!("{what}: there is no {kind} {}", quote(&name.value));
    let hint = match nearest(&name.value, names) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("add [[{kind}]] with this name"),
    };
    found.add(Finding::error(&name.span, message).hint(hint));
}

/// The service's router, if it names one.
fn router_of(service: &Service) -> Option<&At<String>> {
    service.router.as_ref()?.as_ref()
}
