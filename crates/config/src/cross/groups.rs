//! Groups: routers that exist, each in one group, and that agree on whatever the group decides.

use std::collections::BTreeMap;

use vrrp_proto::held::Accept;
use vrrp_proto::router::Preempt;

use super::causes::base;
use super::{tracks, unique, unknown};
use crate::finding::{At, Finding, Findings, Span, quote};
use crate::quantity::write;
use crate::raw::{Director, File, Group, Router};

pub(super) fn check(file: &File, found: &mut Findings) {
    let routers = file.routers.iter().filter_map(|router| router.name.as_ref());
    let groups = || file.groups.iter().filter_map(|group| group.name.as_ref());
    unique("group", groups(), found);
    for group in groups() {
        if let Some(router) = routers.clone().find(|router| router.value == group.value) {
            let message = format!("group {}: a router has this name", quote(&group.value));
            let hint = "logs and status name both by it: choose another";
            let finding = Finding::error(&group.span, message).hint(hint);
            found.add(finding.other(&router.span, "the router"));
        }
    }
    let unnamed = file.incomplete || file.routers.iter().any(|router| router.name.is_none());
    let mut seen: BTreeMap<&str, &At<String>> = BTreeMap::new();
    for group in &file.groups {
        for name in names(group) {
            if !unnamed && !routers.clone().any(|router| router.value == name.value) {
                let known = routers.clone().map(|name| name.value.as_str());
                unknown(&group.what, "router", name, known, found);
            }
            let first = *seen.entry(&name.value).or_insert(name);
            if !std::ptr::eq(first, name) {
                let router = quote(&name.value);
                let message = format!("{}: router {router} is in a group already", group.what);
                let finding = Finding::error(&name.span, message)
                    .hint("a router moves with one group: name it once");
                found.add(finding.other(&first.span, "first named here"));
            }
        }
        leader(group, found);
        one_decision(file, group, found);
    }
}

/// What decides as one: a router, or those of a group.
pub(super) struct Unit<'a> {
    pub(super) what: &'a str,
    pub(super) routers: Vec<&'a Router>,
}

/// Every unit, the groups first.
pub(super) fn units(file: &File) -> Vec<Unit<'_>> {
    let group = |group| members(file, group);
    let mut units: Vec<Unit<'_>> =
        file.groups.iter().map(|one| Unit { what: &one.what, routers: group(one) }).collect();
    let grouped: Vec<*const Router> = units
        .iter()
        .flat_map(|unit| &unit.routers)
        .map(|router| std::ptr::from_ref(*router))
        .collect();
    let alone =
        file.routers.iter().filter(|router| !grouped.contains(&std::ptr::from_ref(*router)));
    units.extend(alone.map(|router| Unit { what: &router.what, routers: vec![router] }));
    units
}

/// The routers of a group that exist, in its order.
pub(super) fn members<'a>(file: &'a File, group: &'a Group) -> Vec<&'a Router> {
    let named = |name: &At<String>| {
        let is = |router: &&Router| router.name.as_ref().is_some_and(|at| at.value == name.value);
        file.routers.iter().find(is)
    };
    names(group).filter_map(named).collect()
}

fn names(group: &Group) -> impl Iterator<Item = &At<String>> {
    group.routers.iter().flatten().flatten()
}

fn leader(group: &Group, found: &mut Findings) {
    let complete = group.routers.as_ref().is_some_and(|list| list.iter().all(Option::is_some));
    if let Some(Some(leader)) = &group.leader
        && complete
        && !names(group).any(|name| name.value == leader.value)
    {
        let message = format!("{}: its leader {} is not in it", group.what, quote(&leader.value));
        let hint = format!("add it to `routers`, or name one of: {}", list(group));
        found.add(Finding::error(&leader.span, message).hint(hint));
    }
    if let Some([only]) = group.routers.as_deref() {
        let place = only.as_ref().map_or(&group.header, |name| &name.span);
        let message = format!("{}: a group of one router", group.what);
        let hint = "name the others that move with it, or remove the group";
        found.add(Finding::warning(place, message).hint(hint));
    }
}

fn list(group: &Group) -> String {
    names(group).map(|name| name.value.as_str()).collect::<Vec<_>>().join(", ")
}

/// What one decision has only once is the same for all its routers.
fn one_decision(file: &File, group: &Group, found: &mut Findings) {
    let members = members(file, group);
    let Some((first, others)) = members.split_first() else {
        return;
    };
    for other in others {
        let mut differ = |key: &str, one: Option<(String, Span)>, two: Option<(String, Span)>| {
            let (Some((one, one_at)), Some((two, two_at))) = (one, two) else {
                return;
            };
            if one != two {
                let message = format!(
                    "{}: its routers differ in {key}: {} has {one}, {} {two}",
                    group.what, first.what, other.what
                );
                let hint = "they move as one: give them the same, or keep them apart";
                let finding = Finding::error(&two_at, message).hint(hint);
                found.add(finding.other(&one_at, "the first"));
            }
        };
        for (key, value) in DECIDED {
            differ(key, value(first), value(other));
        }
        for director in &file.directors {
            let key = director.name.as_ref().map(|name| format!("priority on {}", name.value));
            let (one, two) = (priority(first, director), priority(other, director));
            differ(key.as_deref().unwrap_or("priority"), one, two);
        }
    }
    let tracked = members.iter().flat_map(|router| router.track.iter().flatten().flatten());
    // Twice in one router is told there.
    let distinct: bool = members.iter().all(|router| {
        let mut sources: Vec<_> = sources(router).collect();
        let count = sources.len();
        sources.sort();
        sources.dedup();
        sources.len() == count
    });
    if distinct {
        tracks::twice(&group.what, tracked, found);
    }
}

fn sources(router: &Router) -> impl Iterator<Item = &coordinator::Source> {
    let tracked = router.track.iter().flatten().flatten();
    tracked.filter_map(|track| Some(&track.source.as_ref()?.value))
}

fn priority(router: &Router, director: &Director) -> Option<(String, Span)> {
    let base = base(router, director)?;
    Some((base.value.to_string(), base.span))
}

/// A key, its value as it would be written, and where it stands.
type Decided = (&'static str, fn(&Router) -> Option<(String, Span)>);

const DECIDED: [Decided; 6] = [
    ("interval", |router| shown(&router.interval, |value| write(value.duration()))),
    ("down_factor", |router| shown(&router.down_factor, |value| value.get().to_string())),
    ("preempt", |router| shown(&router.preempt, |value| (value == Preempt::Yes).to_string())),
    ("preempt_delay", |router| shown(&router.preempt_delay, write)),
    ("startup_delay", |router| shown(&router.startup_delay, write)),
    ("accept", |router| shown(&router.accept, |value| (value == Accept::Yes).to_string())),
];

fn shown<T: Copy>(at: &Option<At<T>>, show: impl Fn(T) -> String) -> Option<(String, Span)> {
    let at = at.as_ref()?;
    Some((show(at.value), at.span.clone()))
}
