//! Whether priorities and causes can do what they are for: make one director win, and the other
//! one when something is lost.

use vrrp_proto::Priority;

use super::router_of;
use crate::finding::{At, Finding, Findings, Span};
use crate::raw::{Director, File, Router};

pub(super) fn check(file: &File, found: &mut Findings) {
    // With one director nothing moves, and a third is already an error.
    let [first, second] = file.directors.as_slice() else {
        return;
    };
    let mut told_default = false;
    for router in &file.routers {
        let (Some(one), Some(other)) = (base(router, first), base(router, second)) else {
            continue;
        };
        if one.value == other.value {
            let from_directors = one.from == Source::Director && other.from == Source::Director;
            if !(from_directors && told_default) {
                equal(router, &one, &other, found);
            }
            told_default |= from_directors;
        }
        too_small(file, router, one.value, other.value, found);
    }
}

/// A router's base priority on one director, and where it is written.
struct Base {
    value: Priority,
    span: Span,
    from: Source,
}

#[derive(Eq, PartialEq)]
enum Source {
    Director,
    Router,
}

/// The router's own for this director, or the director's.
fn base(router: &Router, director: &Director) -> Option<Base> {
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

fn equal(router: &Router, one: &Base, other: &Base, found: &mut Findings) {
    let message = match other.from {
        Source::Router => format!("{}: both directors have priority {}", router.what, one.value),
        Source::Director => format!("both directors have priority {}", one.value),
    };
    let finding = Finding::warning(&other.span, message)
        .hint("say who is to be Active: 150 for one and 100 for the other");
    found.add(finding.other(&one.span, "the same"));
}

/// A cause moves something only if all of them together can carry the Active below the other one.
fn too_small(file: &File, router: &Router, one: Priority, other: Priority, found: &mut Findings) {
    let Some(causes) = causes(file, router) else {
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
            router.what, cause.value
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

/// Every cause of the router; `None` if one of them is unusable.
fn causes<'a>(file: &'a File, router: &'a Router) -> Option<Vec<&'a At<i32>>> {
    let name = router.name.as_ref()?;
    let mut causes = Vec::new();
    for track in router.track.as_ref()? {
        causes.push(track.as_ref()?.weight.as_ref()?);
    }
    for service in &file.services {
        if router_of(service).is_some_and(|router| router.value == name.value)
            && let Some(quorum) = service.quorum.as_ref()?
        {
            causes.push(quorum.priority.as_ref()?);
        }
    }
    Some(causes)
}
