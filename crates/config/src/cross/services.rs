//! Services beside each other, on their routers, and with their servers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipvs_table::{Forward, ServerKey, ServiceKey};

use super::{router_of, unique, unknown};
use crate::finding::{At, Finding, Findings};
use crate::raw::{Address, File, Quorum, Router, Server, Service};

mod nat;

pub(super) fn check(file: &File, found: &mut Findings) {
    unique("service", file.services.iter().filter_map(|service| service.name.as_ref()), found);
    unique("listen", file.services.iter().filter_map(|service| service.listen.as_ref()), found);
    let routers: BTreeMap<&str, &Router> = file
        .routers
        .iter()
        .filter_map(|router| Some((router.name.as_ref()?.value.as_str(), router)))
        .collect();
    let unnamed = file.incomplete || file.routers.iter().any(|router| router.name.is_none());
    let virtual_addresses: BTreeSet<IpAddr> =
        file.routers.iter().flat_map(Router::held).map(|at| at.address.value).collect();
    for service in &file.services {
        on_its_router(service, &routers, unnamed, found);
        quorum(service, file, found);
        nat::check(service, file, found);
        unchecked(service, found);
        ports(service, found);
        unique_servers(service, found);
        weights(service, found);
        for server in service.servers.iter().flatten() {
            no_loop(server, &virtual_addresses, found);
        }
    }
}

fn on_its_router(
    service: &Service,
    routers: &BTreeMap<&str, &Router>,
    unnamed: bool,
    found: &mut Findings,
) {
    let Some(name) = router_of(service) else {
        return;
    };
    let Some(router) = routers.get(name.value.as_str()) else {
        // A router whose name is unusable may be the one that is meant.
        if !unnamed {
            unknown(&service.what, "router", name, routers.keys().copied(), found);
        }
        return;
    };
    let (Some(listen), Some(addresses), Some(unadvertised)) =
        (&service.listen, &router.addresses, &router.unadvertised)
    else {
        return;
    };
    let Some(address) = listen_address(&listen.value) else {
        return;
    };
    let is_there = |at: &Option<Address>| match at {
        Some(at) => at.address.value == address,
        // Unusable: it may have meant this one.
        None => true,
    };
    if !addresses.iter().chain(unadvertised).any(is_there) {
        let message = format!("{}: {address} is not an address of {}", service.what, router.what);
        let finding = Finding::error(&listen.span, message)
            .hint(format!("add \"{address}\" to that router's addresses, or name another router"));
        let place = addresses.iter().flatten().next();
        found.add(match place {
            Some(at) => finding.other(&at.address.span, "its addresses begin here"),
            None => finding,
        });
    }
}

fn quorum(service: &Service, file: &File, found: &mut Findings) {
    let Some(Some(quorum)) = &service.quorum else {
        return;
    };
    thresholds(service, quorum, found);
    if matches!(service.router, Some(None)) {
        let message = format!("{}: a quorum without a router has nothing to move", service.what);
        let meant = service.listen.as_ref().and_then(|listen| holder(file, &listen.value));
        let hint = match meant {
            Some(name) => format!("add `router = \"{name}\"`"),
            None => "add `router = ...`, the one that holds its address".into(),
        };
        found.add(Finding::warning(&quorum.header, message).hint(hint));
    }
    if let Some(priority) = quorum.priority.as_ref().filter(|priority| priority.value > 0) {
        let message = format!("{}: losing the quorum would raise the priority", service.what);
        let hint = format!("did you mean {}?", -priority.value);
        found.add(Finding::warning(&priority.span, message).hint(hint));
    }
}

/// The router that has the address of a service.
fn holder<'a>(file: &'a File, key: &ServiceKey) -> Option<&'a str> {
    let address = listen_address(key)?;
    let holds = |router: &&Router| router.held().any(|at| at.address.value == address);
    Some(&file.routers.iter().find(holds)?.name.as_ref()?.value)
}

fn thresholds(service: &Service, quorum: &Quorum, found: &mut Findings) {
    let (Some(up_at), Some(down_below)) = (&quorum.up_at, &quorum.down_below) else {
        return;
    };
    if up_at.value < down_below.value {
        let (up, down) = (up_at.value, down_below.value);
        let message = format!("{}: up_at {up} is less than down_below {down}", service.what);
        let finding = Finding::error(&up_at.span, message)
            .hint("lost below down_below, back from up_at on, between the two unchanged")
            .other(&down_below.span, "down_below");
        found.add(finding);
    }
    let Some(servers) = &service.servers else {
        return;
    };
    // `up_at` follows `down_below` when it is not written: then that one is to be told.
    let (key, at) =
        if up_at.span == quorum.header { ("down_below", down_below) } else { ("up_at", up_at) };
    let count = servers.len();
    if usize::try_from(at.value).is_ok_and(|value| value > count) {
        let message =
            format!("{}: {key} {} is more than its servers: {count}", service.what, at.value);
        let hint = format!("a lost quorum would never return; at most {count}");
        found.add(Finding::error(&at.span, message).hint(hint));
    }
}

fn unchecked(service: &Service, found: &mut Findings) {
    if matches!(service.check, Some(None)) {
        let message = format!("{} has no check: its servers count as up for ever", service.what);
        let hint = "add `check = { tcp = true }`";
        found.add(Finding::warning(&service.header, message).hint(hint));
    }
}

/// Direct routing and tunnels deliver the packet as it came: its port cannot change.
fn ports(service: &Service, found: &mut Findings) {
    let (Some(listen), Some(forward), Some(servers)) =
        (&service.listen, &service.forward, &service.servers)
    else {
        return;
    };
    let Some(wanted) = listen_port(&listen.value) else {
        return;
    };
    if forward.value == Forward::Nat {
        return;
    }
    for server in servers {
        let Some(Some(port)) = &server.port else {
            continue;
        };
        if port.value != wanted {
            let message = format!(
                "{}: port {} with forward \"{}\" must be the service's, {wanted}",
                server.what, port.value, forward.value
            );
            let hint = "only `forward = \"nat\"` changes ports; remove `port`";
            let finding = Finding::error(&port.span, message).hint(hint);
            found.add(finding.other(&listen.span, "the service's port"));
        }
    }
}

fn unique_servers(service: &Service, found: &mut Findings) {
    let (Some(listen), Some(servers)) = (&service.listen, &service.servers) else {
        return;
    };
    let Some(default_port) = listen_port(&listen.value) else {
        return;
    };
    let key = |server: &Server| {
        let port = server.port.as_ref()?.as_ref().map_or(default_port, |port| port.value);
        let address = server.address.as_ref()?;
        Some(At::new(ServerKey { address: address.value, port }, address.span.clone()))
    };
    let keys: Vec<At<ServerKey>> = servers.iter().filter_map(key).collect();
    unique(&format!("{}: server", service.what), &keys, found);
}

/// A server that is a virtual address of ours would send its traffic back to us.
fn no_loop(server: &Server, virtual_addresses: &BTreeSet<IpAddr>, found: &mut Findings) {
    let Some(address) = &server.address else {
        return;
    };
    if virtual_addresses.contains(&address.value) {
        let message = format!("{}: this is a virtual address", server.what);
        let hint = "name the server's own address: a virtual one leads back to the director";
        found.add(Finding::error(&address.span, message).hint(hint));
    }
}

fn weights(service: &Service, found: &mut Findings) {
    let (Some(scheduler), Some(servers)) = (&service.scheduler, &service.servers) else {
        return;
    };
    let name = scheduler.value.as_str();
    if !IGNORES_WEIGHTS.contains(&name) {
        return;
    }
    // A weight of 0 takes a server out under every scheduler.
    let mut weights = servers.iter().filter_map(|server| server.weight.as_ref());
    let mut counting = weights.by_ref().filter(|weight| weight.value.0 != 0);
    let Some(first) = counting.next() else {
        return;
    };
    if let Some(other) = counting.find(|weight| weight.value != first.value) {
        let message = format!("{}: the scheduler \"{name}\" ignores weights", service.what);
        let hint = match name {
            "rr" => "take \"wrr\", or give all servers the same weight",
            "lc" => "take \"wlc\", or give all servers the same weight",
            _ => "take \"sh\" or \"mh\", or give all servers the same weight",
        };
        found.add(Finding::warning(&other.span, message).hint(hint));
    }
}

fn listen_port(key: &ServiceKey) -> Option<u16> {
    match key {
        ServiceKey::Listen { port, .. } => Some(*port),
        ServiceKey::Mark { .. } => None,
    }
}

fn listen_address(key: &ServiceKey) -> Option<IpAddr> {
    match key {
        ServiceKey::Listen { address, .. } => Some(*address),
        ServiceKey::Mark { .. } => None,
    }
}

/// Apart from weight 0 (net/netfilter/ipvs: ip_vs_rr.c, ip_vs_lc.c, ip_vs_dh.c).
const IGNORES_WEIGHTS: &[&str] = &["rr", "lc", "dh"];
