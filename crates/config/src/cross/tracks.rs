//! Tracked sources: each once in what decides, with one timing and sense in the whole file.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::{Impact, Source};
use track::Timing;

use super::{unique, unknown};
use crate::finding::{At, Finding, Findings};
use crate::raw::{File, Router, Script, Track};

pub(super) fn check(file: &File, found: &mut Findings) {
    one_timing(file, found);
    scripts(file, found);
    for router in &file.routers {
        let tracked = || router.track.iter().flatten().flatten();
        twice(&router.what, tracked(), found);
        for track in tracked() {
            sense(router, track, found);
        }
    }
}

/// Tells of sources that `what` tracks more than once: their causes would have one name.
pub(super) fn twice<'a>(
    what: &str,
    tracked: impl Iterator<Item = &'a Track>,
    found: &mut Findings,
) {
    let name = |at: &At<Source>| At::new(at.value.to_string(), at.span.clone());
    let sources: Vec<At<String>> =
        tracked.filter_map(|track| track.source.as_ref()).map(name).collect();
    unique(&format!("{what}: tracked"), &sources, found);
}

/// A source is looked at once, however many routers track it.
fn one_timing(file: &File, found: &mut Findings) {
    let mut seen: BTreeMap<&Source, &At<Timing>> = BTreeMap::new();
    for track in file.routers.iter().flat_map(|router| router.track.iter().flatten().flatten()) {
        let (Some(source), Some(timing)) = (&track.source, &track.timing) else {
            continue;
        };
        let first = *seen.entry(&source.value).or_insert(timing);
        if first.value != timing.value {
            let message = format!("{}: another timing of {}", track.what, source.value);
            let hint = "every router that tracks it sees the same readings: write the same";
            let finding = Finding::error(&timing.span, message).hint(hint);
            found.add(finding.other(&first.span, "the first"));
        }
    }
}

fn scripts(file: &File, found: &mut Findings) {
    unique("script", file.scripts.iter().filter_map(|script| script.name.as_ref()), found);
    let unnamed = file.incomplete || file.scripts.iter().any(|script| script.name.is_none());
    let names = || file.scripts.iter().filter_map(|script: &Script| script.name.as_ref());
    let mut used = BTreeSet::new();
    let mut unusable = false;
    for router in &file.routers {
        unusable |= router.track.iter().flatten().any(Option::is_none) || router.track.is_none();
        for track in router.track.iter().flatten().flatten() {
            let Some(source) = &track.source else {
                unusable = true;
                continue;
            };
            let Source::Script(name) = &source.value else {
                continue;
            };
            used.insert(name.as_str());
            if !unnamed && !names().any(|known| known.value == *name) {
                let name = At::new(name.clone(), source.span.clone());
                let known = names().map(|name| name.value.as_str());
                unknown(&track.what, "script", &name, known, found);
            }
        }
    }
    for name in names().filter(|name| !unusable && !used.contains(name.value.as_str())) {
        let message = format!("no router tracks the script \"{}\"", name.value);
        let hint = format!(
            "it never runs; add `track = [{{ script = \"{}\", weight = -60 }}]`",
            name.value
        );
        found.add(Finding::warning(&name.span, message).hint(hint));
    }
}

/// What cannot do what it is meant for.
fn sense(router: &Router, track: &Track, found: &mut Findings) {
    let (Some(source), Some(impact)) = (&track.source, &track.impact) else {
        return;
    };
    let own = |name: &str| router.interface.as_ref().is_some_and(|own| own.value == name);
    match (&source.value, impact.value) {
        (Source::Interface(name), _) if own(name) => {
            let message = format!("{}: tracks the interface it runs on", router.what);
            let hint = "remove it: without that interface the router takes no part anyway";
            found.add(Finding::warning(&source.span, message).hint(hint));
        }
        (Source::Gateway(..), Impact::Fault) => {
            let message = format!("{}: a lost gateway as a fault", track.what);
            let hint = "when it fails for both directors, nobody holds the addresses; with `weight = -60` one does";
            found.add(Finding::warning(&impact.span, message).hint(hint));
        }
        (Source::Address(address), _)
            if router.held().any(|held| held.address.value == *address) =>
        {
            let message = format!("{}: tracks an address of its own", router.what);
            let hint = "it is there while the router is Active, and gone while it is not";
            found.add(Finding::error(&source.span, message).hint(hint));
        }
        _ => {}
    }
    match (&source.value, impact.value) {
        // A number may mean more or less.
        (Source::File(_), _) | (_, Impact::Fault) => {}
        (_, Impact::Weight(weight)) if weight > 0 => {
            let message = format!("{}: losing this would raise the priority", track.what);
            let hint = format!("did you mean {}?", -weight);
            found.add(Finding::warning(&impact.span, message).hint(hint));
        }
        (_, Impact::Weight(_)) => {}
    }
}
