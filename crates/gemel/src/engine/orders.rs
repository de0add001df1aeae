//! What goes to the other loops, and how a later order supersedes an earlier one that still waits.

use std::collections::BTreeMap;

use ipvs_table::{Service, ServiceKey};

use super::{Engine, Loops};
use crate::outgoing::apart;

impl Loops {
    pub(super) fn are_idle(&self) -> bool {
        self.wire.is_idle()
            && self.table.as_ref().is_none_or(|table| table.is_idle())
            && self.checks.as_ref().is_none_or(|checks| checks.is_idle())
            && self.sources.as_ref().is_none_or(|sources| sources.is_idle())
    }

    pub(super) fn flush(&mut self) {
        self.wire.flush();
        if let Some(table) = &mut self.table {
            table.flush();
        }
        if let Some(checks) = &mut self.checks {
            checks.flush();
        }
        if let Some(sources) = &mut self.sources {
            sources.flush();
        }
    }
}

impl Engine {
    pub(super) fn order(&mut self, order: vrrp::Order) {
        self.loops.wire.push(order, newest);
    }

    pub(super) fn want(&mut self, revision: u64, changed: BTreeMap<ServiceKey, Option<Service>>) {
        self.tell_table(ipvs::Order::Want { revision, changed });
    }

    pub(super) fn tell_table(&mut self, order: ipvs::Order) {
        if let Some(table) = &mut self.loops.table {
            table.push(order, merged);
        }
    }

    pub(super) fn check(&mut self, order: probe::Order) {
        if let Some(checks) = &mut self.loops.checks {
            checks.push(order, apart);
        }
    }

    pub(super) fn set_checks(&mut self) {
        for (id, check) in self.assembly.checks.clone() {
            self.check(probe::Order::Set(id, check));
        }
    }
}

/// The newest priority and fault of a router count; a lease is a lease.
fn newest(earlier: &mut vrrp::Order, order: vrrp::Order) -> Option<vrrp::Order> {
    use vrrp::Order::{Fault, Lease, Priority, Report};
    match (&*earlier, &order) {
        (Priority(one, _), Priority(other, _)) if one == other => *earlier = order,
        (Fault(one, _), Fault(other, _)) if one == other => *earlier = order,
        (Lease, Lease) | (Report, Report) => {}
        _ => return Some(order),
    }
    None
}

/// Wants are levels for each service: a later one joins the one that waits.
fn merged(earlier: &mut ipvs::Order, order: ipvs::Order) -> Option<ipvs::Order> {
    match (earlier, order) {
        (
            ipvs::Order::Want { revision, changed },
            ipvs::Order::Want { revision: later, changed: more },
        ) => {
            *revision = later;
            changed.extend(more);
            None
        }
        (ipvs::Order::Report, ipvs::Order::Report) => None,
        (_, order) => Some(order),
    }
}

#[cfg(test)]
mod tests;
