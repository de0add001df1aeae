//! Routers beside each other, and their tables with a value for each director.

use std::collections::BTreeMap;

use clock::Duration;
use vrrp_proto::router::Preempt;
use vrrp_proto::{Family, Vrid};

use super::{unique, unknown};
use crate::finding::{At, Finding, Findings, quote};
use crate::raw::{File, PerDirector, Router, Service};

pub(super) fn check(file: &File, found: &mut Findings) {
    unique("router", file.routers.iter().filter_map(|router| router.name.as_ref()), found);
    unique_vrids(file, found);
    for router in &file.routers {
        fast_interval(router, found);
        tracks(router, found);
        known_directors(file, router, router.priority.as_deref().unwrap_or_default(), found);
        delays(router, found);
        purpose(file, router, found);
    }
}

/// Two routers with one number on one link in one family would fight each other (RFC 9568 5.2.3).
fn unique_vrids(file: &File, found: &mut Findings) {
    let mut seen: BTreeMap<(&str, Vrid, Family), &At<Vrid>> = BTreeMap::new();
    for router in &file.routers {
        let (Some(interface), Some(vrid)) = (&router.interface, &router.vrid) else {
            continue;
        };
        let mut told = false;
        for family in [Family::V4, Family::V6] {
            if router.first_of(family).is_none() {
                continue;
            }
            let key = (interface.value.as_str(), vrid.value, family);
            let first = *seen.entry(key).or_insert(vrid);
            if std::ptr::eq(first, vrid) {
                continue;
            }
            if !std::mem::replace(&mut told, true) {
                let (what, name) = (&router.what, quote(&interface.value));
                let message =
                    format!("{what}: vrid {} is used twice on {name} in {family}", vrid.value);
                let finding = Finding::error(&vrid.span, message)
                    .hint("choose another, 1 to 255, that nobody uses on that link")
                    .other(&first.span, "first used here");
                found.add(finding);
            }
        }
    }
}

/// What only a router that preempts waits for.
fn delays(router: &Router, found: &mut Findings) {
    let (Some(preempt), Some(delay)) = (&router.preempt, &router.preempt_delay) else {
        return;
    };
    if preempt.value == Preempt::No && !delay.value.is_zero() {
        let message = format!("{}: a delay of preemption where there is none", router.what);
        let finding = Finding::warning(&delay.span, message)
            .hint("remove one of `preempt = false` and `preempt_delay`");
        found.add(finding.other(&preempt.span, "nothing is preempted"));
    }
}

fn fast_interval(router: &Router, found: &mut Findings) {
    let Some(interval) = &router.interval else {
        return;
    };
    if interval.value.duration() < SHORTEST_SAFE {
        let message = format!("{}: an interval below 50ms", router.what);
        let hint = "a stall of three intervals already moves the addresses; 100ms suits most";
        found.add(Finding::warning(&interval.span, message).hint(hint));
    }
}

fn tracks(router: &Router, found: &mut Findings) {
    let tracked = || router.track.iter().flatten().flatten();
    let interfaces = tracked().filter_map(|track| track.interface.as_ref());
    unique(&format!("{}: tracked interface", router.what), interfaces.clone(), found);
    for interface in interfaces {
        if router.interface.as_ref().is_some_and(|own| own.value == interface.value) {
            let message = format!("{}: tracks the interface it runs on", router.what);
            let hint = "remove it: without that interface the router takes no part anyway";
            found.add(Finding::warning(&interface.span, message).hint(hint));
        }
    }
    for weight in tracked().filter_map(|track| track.weight.as_ref()) {
        if weight.value > 0 {
            let message =
                format!("{}: losing this interface would raise the priority", router.what);
            let hint = format!("did you mean {}?", -weight.value);
            found.add(Finding::warning(&weight.span, message).hint(hint));
        }
    }
}

pub(super) fn known_directors<T>(
    file: &File,
    router: &Router,
    entries: &[PerDirector<T>],
    found: &mut Findings,
) {
    // A director whose name is unusable may be the one that is meant.
    if file.incomplete || file.directors.iter().any(|director| director.name.is_none()) {
        return;
    }
    let names = || file.directors.iter().filter_map(|director| director.name.as_ref());
    for PerDirector { director, value: _ } in entries {
        if !names().any(|name| name.value == director.value) {
            let known = names().map(|name| name.value.as_str());
            unknown(&router.what, "director", director, known, found);
        }
    }
}

/// A router that nothing depends on, and whose priority nothing can change.
fn purpose(file: &File, router: &Router, found: &mut Findings) {
    let (Some(name), Some(track)) = (&router.name, &router.track) else {
        return;
    };
    let exists = |wanted: &str| {
        let names = file.routers.iter().filter_map(|router| router.name.as_ref());
        names.into_iter().any(|name| name.value == wanted)
    };
    let used = |service: &Service| match &service.router {
        // Unusable, or there is none of that name: it may have meant this one.
        None => true,
        Some(Some(router)) => router.value == name.value || !exists(&router.value),
        Some(None) => false,
    };
    if track.is_empty() && !file.incomplete && !file.services.iter().any(used) {
        let message = format!("{} tracks nothing and no service names it", router.what);
        let hint =
            format!("its priority never changes; add `router = \"{}\"` to a service", name.value);
        found.add(Finding::warning(&router.header, message).hint(hint));
    }
}

/// Below it, what Linux schedules late moves addresses.
const SHORTEST_SAFE: Duration = Duration::from_millis(50);
