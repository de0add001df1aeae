//! Routers beside each other, and their tables with a value for each director.

use std::collections::BTreeMap;

use clock::Duration;
use vrrp_proto::held::{Accept, VirtualRoute, VirtualRule};
use vrrp_proto::router::Preempt;
use vrrp_proto::{Family, Vrid};

use super::groups::{Unit, units};
use super::{unique, unknown};
use crate::finding::{At, Finding, Findings, quote};
use crate::raw::{File, PerDirector, Router};

pub(super) fn check(file: &File, found: &mut Findings) {
    unique("router", file.routers.iter().filter_map(|router| router.name.as_ref()), found);
    unique_vrids(file, found);
    for router in &file.routers {
        fast_interval(router, found);
        known_directors(file, router, router.priority.as_deref().unwrap_or_default(), found);
        delays(router, found);
        follows(router, found);
        accepts(router, found);
    }
    for unit in units(file) {
        purpose(file, &unit, found);
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

/// Accept_Mode false needs a filter for packets to the addresses themselves, which nothing makes yet;
/// what is not kept is not promised.
fn accepts(router: &Router, found: &mut Findings) {
    if let Some(accept) = router.accept.as_ref().filter(|accept| accept.value == Accept::No) {
        let message = format!("{}: accept = false is not supported yet", router.what);
        let hint = "remove it: packets for the addresses are taken, as IPVS needs it; a firewall can drop the others";
        found.add(Finding::error(&accept.span, message).hint(hint));
    }
}

/// Routes and rules that follow the role, each once: the kernel has one of each.
fn follows(router: &Router, found: &mut Findings) {
    let route = |at: &At<VirtualRoute>| {
        let VirtualRoute { to: (to, prefix), table, metric, .. } = &at.value;
        let part = |key: &str, value: &Option<u32>| {
            value.map(|value| format!(" {key} {value}")).unwrap_or_default()
        };
        let name = format!("{to}/{prefix}{}{}", part("table", table), part("metric", metric));
        At::new(name, at.span.clone())
    };
    let routes: Vec<_> = router.routes.iter().flatten().flatten().map(route).collect();
    unique(&format!("{}: route", router.what), &routes, found);
    let mut seen: BTreeMap<&VirtualRule, &At<VirtualRule>> = BTreeMap::new();
    for rule in router.rules.iter().flatten().flatten() {
        let first = *seen.entry(&rule.value).or_insert(rule);
        if !std::ptr::eq(first, rule) {
            let message = format!("{}: this rule is there twice", router.what);
            let finding = Finding::error(&rule.span, message).hint("remove one of them");
            found.add(finding.other(&first.span, "first written here"));
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

/// What nothing depends on, and whose priority nothing can change.
fn purpose(file: &File, unit: &Unit<'_>, found: &mut Findings) {
    let exists = |wanted: &str| {
        let names = file.routers.iter().filter_map(|router| router.name.as_ref());
        names.into_iter().any(|name| name.value == wanted)
    };
    let serves = |name: &str| {
        file.services.iter().any(|service| match &service.router {
            // Unusable, or there is none of that name: it may have meant this one.
            None => true,
            Some(Some(router)) => router.value == name || !exists(&router.value),
            Some(None) => false,
        })
    };
    let has_one = |router: &&Router| match (&router.name, &router.track) {
        (Some(name), Some(track)) => !track.is_empty() || serves(&name.value),
        (None, _) | (_, None) => true,
    };
    if file.incomplete || unit.routers.iter().any(has_one) {
        return;
    }
    let Some((router, name)) = unit.routers.first().and_then(|one| Some((one, one.name.as_ref()?)))
    else {
        return;
    };
    let message = format!("{} tracks nothing and no service names it", unit.what);
    let hint =
        format!("its priority never changes; add `router = \"{}\"` to a service", name.value);
    found.add(Finding::warning(&router.header, message).hint(hint));
}

/// Below it, what Linux schedules late moves addresses.
const SHORTEST_SAFE: Duration = Duration::from_millis(50);
