//! Routes and policy rules that follow the role: there after the addresses are, gone before them.
//!
//! The kernel drops routes without a word (when an interface goes down, when the preferred source
//! goes), so they are looked for in dumps of what bears our mark: soon after anything changed that
//! may have cost one, and in rounds.

use std::net::IpAddr;

use clock::{Duration, Instant};
use nix::errno::Errno;
use vrrp_proto::held::{VirtualRoute, VirtualRule};
use vrrp_proto::router::Holding;
use vrrp_proto::{Family, RouterId};

use super::kernel::{Answer, Kernel, Path, Request};
use super::moved::Refused;
use super::picture::Picture;
use super::rows::{RouteRow, RuleRow};
use super::{Asked, Mover, Piece};
use crate::{Fact, RouterSetup};

/// `RT_TABLE_MAIN`.
const MAIN_TABLE: u32 = 254;
/// How soon after a change the routes are looked for: one look for many notices.
const LOOK_AFTER: Duration = Duration::from_millis(2);

/// One route or rule of a router.
#[derive(Debug)]
pub(super) struct Extra {
    what: What,
    /// As the kernel last had it.
    there: Option<Path>,
    /// Whether it was put there since the last want.
    landed: bool,
    pub(super) refused: Option<Refused>,
}

#[derive(Debug)]
enum What {
    Route(VirtualRoute),
    Rule(RuleRow),
}

impl Extra {
    /// Those of a router: routes first, so that a rule never points into an empty table.
    pub(super) fn of(setup: &RouterSetup) -> Vec<Self> {
        let new = |what| Self { what, there: None, landed: false, refused: None };
        let family = setup.held.addresses.first().map_or(Family::V4, |a| Family::of(a.address));
        let routes = setup.held.routes.iter().map(|route| new(What::Route(route.clone())));
        let rules = setup.held.rules.iter();
        let rules = rules.map(|rule| new(What::Rule(RuleRow::new(rule, family_of(rule, family)))));
        routes.chain(rules).collect()
    }

    /// As asked of the kernel now; `None` while its interface is absent.
    fn path(&self, picture: &Picture) -> Option<Path> {
        match &self.what {
            What::Rule(rule) => Some(Path::Rule(*rule)),
            What::Route(route) => {
                let index = match &route.interface {
                    Some(name) => Some(picture.by_name(name)?.index),
                    None => None,
                };
                Some(Path::Route(RouteRow {
                    to: route.to,
                    via: route.via,
                    index,
                    source: route.source,
                    table: route.table.unwrap_or(MAIN_TABLE),
                    metric: route.metric,
                }))
            }
        }
    }
}

/// What is to be done about one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Settled,
    Ask(Request),
    Wait(Instant),
    Stuck,
}

fn plan(now: Instant, holding: Holding, extra: &Extra, picture: &Picture) -> Step {
    let path = extra.path(picture);
    let step = match (holding, extra.there, path) {
        (Holding::Held, None, Some(path)) => Step::Ask(Request::AddPath(path)),
        (Holding::Held, Some(there), Some(path)) if !is(&path, &there) => {
            Step::Ask(Request::DeletePath(there))
        }
        (Holding::Held, None, None) => Step::Stuck,
        (Holding::Held, Some(_), _) | (Holding::Absent, None, _) => Step::Settled,
        (Holding::Absent, Some(there), _) => Step::Ask(Request::DeletePath(there)),
    };
    match (step, extra.refused.and_then(|refused| refused.rests(now))) {
        (Step::Ask(_), Some(later)) => Step::Wait(later),
        (step, _) => step,
    }
}

impl<K: Kernel> Mover<K> {
    /// What is to be asked about a router's routes and rules, and until when some wait. `None`:
    /// nothing, they are as wanted.
    pub(super) fn follow_extras(
        &mut self,
        now: Instant,
        router: RouterId,
        holding: Holding,
        asked: &mut Vec<Asked>,
    ) -> bool {
        let Some(moved) = self.routers.get(&router) else { return true };
        let mut settled = true;
        let mut wait = None;
        let mut each = |at: usize, extra: &Extra| {
            let step = plan(now, holding, extra, &self.picture);
            settled &= step == Step::Settled;
            match step {
                Step::Settled | Step::Stuck => {}
                Step::Wait(until) => wait = wait.into_iter().chain([until]).min(),
                Step::Ask(request) => {
                    asked.push(Asked { router, piece: Piece::Extra(at), request })
                }
            }
        };
        // In the order of the list, and out in the reverse order.
        match holding {
            Holding::Held => moved.extras.iter().enumerate().for_each(|(at, e)| each(at, e)),
            Holding::Absent => {
                moved.extras.iter().enumerate().rev().for_each(|(at, e)| each(at, e))
            }
        }
        if let Some(until) = wait {
            self.waits.insert((until, router, usize::MAX));
        }
        settled
    }

    /// One answer about a route or rule.
    pub(super) fn extra_answered(
        &mut self,
        now: Instant,
        router: RouterId,
        at: usize,
        request: Request,
        answer: Answer,
    ) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        let Some(extra) = moved.extras.get_mut(at) else { return };
        let (Request::AddPath(path) | Request::DeletePath(path)) = request else { return };
        let adds = request == Request::AddPath(path);
        let gone = [Errno::ESRCH, Errno::ENOENT, Errno::ENODEV].map(Err);
        if answer.result.is_ok() || (!adds && gone.contains(&answer.result)) {
            extra.refused = None;
            extra.there = adds.then_some(path);
            if adds && std::mem::replace(&mut extra.landed, true) {
                let text = format!("router {}: {} was gone and is back", moved.name, shown(&path));
                self.facts.push(Fact::Warning(text));
            }
            extra.landed = adds;
        } else if let Err(errno) = answer.result {
            let before = extra.refused.replace(Refused::after(extra.refused, now));
            // It may be ours after all: a dump tells.
            self.paths_at = Some(now + LOOK_AFTER);
            if before.is_none() {
                let verb = if adds { "is refused" } else { "is not let go" };
                self.facts.push(Fact::Warning(format!(
                    "router {}: {} {verb}: {}; trying again",
                    moved.name,
                    shown(&path),
                    if errno == Errno::EEXIST {
                        "there is another one like it, of somebody else"
                    } else {
                        errno.desc()
                    }
                )));
            }
        }
    }

    /// Whether there are any routes or rules at all.
    pub(super) fn has_extras(&self) -> bool {
        self.routers.values().any(|moved| !moved.extras.is_empty())
    }

    /// Something happened that may have cost a route.
    pub(super) fn suspect_paths(&mut self, now: Instant) {
        if self.has_extras() {
            self.paths_at = self.paths_at.or(Some(now + LOOK_AFTER));
        }
    }

    /// Reads all routes and rules with our mark and compares, when that is due.
    pub(super) fn look_at_paths(&mut self, now: Instant) {
        if self.paths_at.is_none_or(|at| at > now) {
            return;
        }
        self.paths_at = None;
        let Ok(paths) = self.kernel.dump_paths() else {
            self.paths_at = Some(now + Duration::from_secs(1));
            return;
        };
        let mut changed = Vec::new();
        for (&router, moved) in &mut self.routers {
            for extra in &mut moved.extras {
                let asked = extra.path(&self.picture);
                let is_it = |there: &&Path| {
                    Some(**there) == extra.there || asked.is_some_and(|asked| is(&asked, there))
                };
                let there = paths.iter().find(is_it).copied();
                if there.is_some() != extra.there.is_some() {
                    extra.refused = None;
                    changed.push(router);
                }
                extra.there = there;
            }
        }
        changed.into_iter().for_each(|router| self.line_up(router));
    }
}

fn is(asked: &Path, there: &Path) -> bool {
    match (asked, there) {
        (Path::Route(asked), Path::Route(there)) => asked.is(there),
        (Path::Rule(asked), Path::Rule(there)) => asked.is(there),
        (Path::Route(_), Path::Rule(_)) | (Path::Rule(_), Path::Route(_)) => false,
    }
}

fn family_of(rule: &VirtualRule, otherwise: Family) -> Family {
    rule.from.or(rule.to).map_or(otherwise, |(address, _)| Family::of(address))
}

/// As `ip` would say it.
fn shown(path: &Path) -> String {
    match path {
        Path::Route(RouteRow { to: (to, prefix), via, table, .. }) => {
            let via = via.map(|via| format!(" via {via}")).unwrap_or_default();
            format!("route {to}/{prefix}{via} table {table}")
        }
        Path::Rule(RuleRow { from, to, table, .. }) => {
            let end = |word: &str, end: &Option<(IpAddr, u8)>| {
                end.map(|(address, prefix)| format!(" {word} {address}/{prefix}"))
            };
            let from = end("from", from).unwrap_or_default();
            let to = end("to", to).unwrap_or_default();
            format!("rule{from}{to} lookup {table}")
        }
    }
}
