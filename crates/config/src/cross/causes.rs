//! Whether priorities and causes can do what they are for: make one director win, and the other
//! one when something is lost.

use coordinator::Impact;
use vrrp_proto::Priority;
use vrrp_proto::router::Preempt;

use super::groups::{Unit, units};
use super::router_of;
use crate::finding::{At, Finding, Findings, Span};
use crate::raw::{Director, File, Router};

pub(super) fn check(file: &File, found: &mut Findings) {
    // With one director nothing moves, and a third is already an error.
    let [first, second] = file.directors.as_slice() else {
        return;
    };
    let mut told_default = false;
    for unit in units(file) {
        // The routers of a group that differ are already an error.
        let (one, other) = match unit.routers.first() {
            Some(router) => (base(router, first), base(router, second)),
            None => continue,
        };
        let (Some(one), Some(other)) = (one, other) else {
            continue;
        };
        if [&one, &other].into_iter().any(|base| base.value == Priority::OWNER) {
            owner(file, &unit, &one, &other, found);
            continue;
        }
        if one.value == other.value {
            let from_directors = one.from == Source::Director && other.from == Source::Director;
            if !(from_directors && told_default) {
                equal(unit.what, &one, &other, found);
            }
            told_default |= from_directors;
        }
        too_small(file, &unit, one.value, other.value, found);
    }
}

/// A router's base priority on one director, and where it is written.
pub(super) struct Base {
    pub(super) value: Priority,
    pub(super) span: Span,
    from: Source,
}

#[derive(Eq, PartialEq)]
enum Source {
    Director,
    Router,
}

/// The router's own for this director, or the director's.
pub(super) fn base(router: &Router, director: &Director) -> Option<Base> {
    let name = director.name.as_ref()?;
    let entries = router.priority.as_ref()?;
    match entries.iter().find(|entry| entry.director.value == name.value) {
        Some(entry) => {
            let at = entry.value.as_ref()?;
            Some(Base { value: at.value, span: at.span.clone(), from: Source::Router })
        }
        None => {
            let at = director.priority.as_ref()?;
            Some(Base { value: at.value, span: at.span.clone(), from: Source::Director })
        }
    }
}

fn equal(what: &str, one: &Base, other: &Base, found: &mut Findings) {
    let message = match other.from {
        Source::Router => format!("{what}: both directors have priority {}", one.value),
        Source::Director => format!("both directors have priority {}", one.value),
    };
    let finding = Finding::warning(&other.span, message)
        .hint("say who is to be Active: 150 for one and 100 for the other");
    found.add(finding.other(&one.span, "the same"));
}

/// An owner is Active whenever it can be: no cause lowers 255, and nothing makes it wait.
fn owner(file: &File, unit: &Unit<'_>, one: &Base, other: &Base, found: &mut Findings) {
    let what = unit.what;
    if one.value == other.value {
        let message = format!("{what}: both directors have priority 255");
        let hint = "255 is for the one whose own address it is: give the other 254 or less";
        let finding = Finding::error(&other.span, message).hint(hint);
        found.add(finding.other(&one.span, "the same"));
        return;
    }
    let owner = if one.value == Priority::OWNER { one } else { other };
    for cause in causes(file, unit).unwrap_or_default() {
        let message = format!("{what}: {} does not move the owner of its addresses", cause.value);
        let hint = "priority 255 has no causes: give it 254 or less";
        let finding = Finding::warning(&cause.span, message).hint(hint);
        found.add(finding.other(&owner.span, "the owner"));
    }
    let waits = |router: &Router| {
        let never = router.preempt.as_ref().filter(|at| at.value == Preempt::No);
        let late = router.preempt_delay.as_ref().filter(|at| !at.value.is_zero());
        [never.map(|at| at.span.clone()), late.map(|at| at.span.clone())]
    };
    for span in unit.routers.iter().flat_map(|router| waits(router)).flatten() {
        let message = format!("{what}: the owner of its addresses always takes them at once");
        let hint = "RFC 9568 6.1 has it so: give it 254 or less";
        let finding = Finding::warning(&span, message).hint(hint);
        found.add(finding.other(&owner.span, "the owner"));
    }
}

/// A cause moves something only if all of them together can carry the Active below the other one.
fn too_small(file: &File, unit: &Unit<'_>, one: Priority, other: Priority, found: &mut Findings) {
    let Some(causes) = causes(file, unit) else {
        return;
    };
    let (high, low) = (one.max(other), one.min(other));
    let fall: i32 = causes.iter().map(|cause| cause.value.min(0)).sum();
    let rise: i32 = causes.iter().map(|cause| cause.value.max(0)).sum();
    let lowest = Priority::clamped(i32::from(high.get()).saturating_add(fall));
    let highest = Priority::clamped(i32::from(low.get()).saturating_add(rise));
    if lowest < highest {
        return;
    }
    for cause in &causes {
        let message = format!(
            "{}: {} is too small to move anything: the directors have {high} and {low}",
            unit.what, cause.value
        );
        let needed = i32::from(high.get()) - i32::from(low.get()) + 1;
        let hint = if low == Priority::MIN {
            "nothing falls below 1: raise the lower director's priority".into()
        } else {
            format!("it takes -{needed} or less, alone or together with other causes")
        };
        found.add(Finding::warning(&cause.span, message).hint(hint));
    }
}

/// What a named reason is worth, and where it is written.
struct Worth {
    value: i32,
    span: Span,
}

/// Every cause that is worth the same whenever it holds; `None` if one of them is unusable, or is
/// worth whatever a file says.
fn causes(file: &File, unit: &Unit<'_>) -> Option<Vec<Worth>> {
    let worth = |at: &At<i32>| Worth { value: at.value, span: at.span.clone() };
    let mut causes = Vec::new();
    for router in &unit.routers {
        let name = router.name.as_ref()?;
        for track in router.track.as_ref()? {
            let track = track.as_ref()?;
            let impact = track.impact.as_ref()?;
            match (impact.value, &track.source.as_ref()?.value) {
                (Impact::Weight(_), coordinator::Source::File(_)) => return None,
                (Impact::Weight(value), _) => {
                    causes.push(Worth { value, span: impact.span.clone() });
                }
                (Impact::Fault, _) => {}
            }
        }
        for service in &file.services {
            if router_of(service).is_some_and(|router| router.value == name.value)
                && let Some(quorum) = service.quorum.as_ref()?
            {
                causes.push(worth(quorum.priority.as_ref()?));
            }
        }
    }
    Some(causes)
}
