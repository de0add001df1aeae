//! Servers behind NAT answer through an address in their own network: it must be where the service
//! is.

use std::net::IpAddr;

use ipvs_table::Forward;

use crate::cross::{groups, router_of};
use crate::finding::{Finding, Findings};
use crate::raw::{Address, File, Router, Service};

pub(super) fn check(service: &Service, file: &File, found: &mut Findings) {
    if service.forward.as_ref().is_none_or(|forward| forward.value != Forward::Nat) {
        return;
    }
    let is = |name: &str, router: &Router| router.name.as_ref().is_some_and(|at| at.value == name);
    let Some(name) = router_of(service) else {
        return;
    };
    let Some(own) = file.routers.iter().find(|router| is(&name.value, router)) else {
        return;
    };
    let together = |one: &Router, other: &Router| {
        std::ptr::eq(one, other)
            || file.groups.iter().any(|group| {
                let members = groups::members(file, group);
                let has = |wanted| members.iter().any(|router| std::ptr::eq(*router, wanted));
                has(one) && has(other)
            })
    };
    let servers = service.servers.iter().flatten().filter_map(|server| server.address.as_ref());
    for server in servers {
        let inside = |router| {
            let mut held = Router::held(router);
            held.find(|one| has_in_its_network(one, server.value)).map(|one| &one.address)
        };
        let ways: Vec<_> =
            file.routers.iter().filter_map(|router| Some((router, inside(router)?))).collect();
        if ways.iter().any(|(router, _)| together(router, own)) {
            continue;
        }
        if let Some((router, address)) = ways.first() {
            let message = format!(
                "{}: its servers answer through {} of {}, which may be Active elsewhere",
                service.what, address.value, router.what
            );
            let hint = format!("put both in one [[group]]: {} and {}", own.what, router.what);
            let finding = Finding::warning(&server.span, message).hint(hint);
            found.add(finding.other(&address.span, "in their network"));
            return;
        }
    }
}

fn has_in_its_network(held: &Address, server: IpAddr) -> bool {
    let (Some(prefix), IpAddr::V4(held), IpAddr::V4(server)) =
        (held.prefix, held.address.value, server)
    else {
        return false;
    };
    let differ = held.to_bits() ^ server.to_bits();
    prefix < 32 && differ.leading_zeros() >= u32::from(prefix)
}
