//! How adverts travel: what belongs to which version of VRRP, and to unicast.

use std::collections::BTreeSet;
use std::net::IpAddr;

use vrrp_proto::Family;

use super::routers::known_directors;
use super::unique;
use crate::finding::{At, Finding, Findings, Span, quote};
use crate::raw::{File, Peers, Router, Version, Way};

pub(super) fn check(file: &File, found: &mut Findings) {
    for router in &file.routers {
        match router.version.as_ref().map(|at| at.value) {
            Some(Version::Two) => version_two(router, found),
            Some(Version::Three) => version_three(router, found),
            None => {}
        }
        unicast(file, router, found);
    }
}

/// IPv4 only, and whole seconds (RFC 3768 5.3.7).
fn version_two(router: &Router, found: &mut Findings) {
    let what = &router.what;
    let error = |span: &Span, message: &str, hint: &str| {
        Finding::error(span, format!("{what}: {message}")).hint(hint)
    };
    let Some(version) = &router.version else {
        return;
    };
    if let Some(v6) = router.first_of(Family::V6) {
        let hint = "only version 3 speaks for it: remove `version`, or put it in `unadvertised`";
        let finding = error(&v6.address.span, "an IPv6 address in version 2", hint);
        found.add(finding.other(&version.span, "IPv4 only"));
    }
    if let Some(interval) = &router.interval
        && !interval.value.centis().is_multiple_of(100)
    {
        let hint = "take whole seconds, or remove `version`";
        let finding = error(&interval.span, "an interval of parts of a second in version 2", hint);
        found.add(finding.other(&version.span, "counts in seconds"));
    }
    if let Some(Some(checksum)) = &router.checksum {
        let hint = "remove it: version 2 has only one";
        found.add(error(&checksum.span, "a checksum in version 2", hint));
    }
    if let Some(Some(password)) = &router.password {
        let message = format!("{what}: anybody on the link can read the password");
        let hint =
            "version 2 sends it in the clear: it guards against mistakes, not against people";
        found.add(Finding::warning(&password.span, message).hint(hint));
    }
}

fn version_three(router: &Router, found: &mut Findings) {
    if let Some(Some(password)) = &router.password {
        let message = format!("{}: a password in version 3", router.what);
        let hint = "version 3 has none: remove it, or add `version = 2`";
        found.add(Finding::error(&password.span, message).hint(hint));
    }
    if let Some(Some(checksum)) = &router.checksum
        && router.addresses_are_known()
        && router.first_of(Family::V4).is_none()
    {
        let message = format!("{}: a checksum without IPv4", router.what);
        let hint = "remove it: IPv6 has only one";
        found.add(Finding::error(&checksum.span, message).hint(hint));
    }
}

/// Unicast needs every director's address of each family, multicast none.
fn unicast(file: &File, router: &Router, found: &mut Findings) {
    let (Some(adverts), Some(peers)) = (&router.adverts, &router.peers) else {
        return;
    };
    let example = "such as `peers = { lb1 = \"192.0.2.11\", lb2 = \"192.0.2.12\" }`";
    let peers = match (adverts.value, peers) {
        (Way::Multicast, peers) => return multicast(router, peers.as_ref(), found),
        (Way::Unicast, None) => {
            let message = format!("{}: unicast adverts without peers", router.what);
            found.add(Finding::error(&adverts.span, message).hint(example));
            return;
        }
        (Way::Unicast, Some(peers)) => peers,
    };
    known_directors(file, router, &peers.value, found);
    for director in file.directors.iter().filter_map(|director| director.name.as_ref()) {
        if !peers.value.iter().any(|peer| peer.director.value == director.value) {
            let message = format!("{}: peers lacks {}", router.what, quote(&director.value));
            found.add(Finding::error(&peers.span, message).hint(example));
        }
    }
    let addresses = || peers.value.iter().filter_map(|peer| peer.value.as_ref());
    let each = || addresses().flat_map(|list| &list.value);
    unique(&format!("{}: peer address", router.what), each(), found);
    for peer in each() {
        not_virtual(router, peer, found);
    }
    for list in addresses() {
        one_of_each_family(router, list, found);
    }
}

fn multicast(router: &Router, peers: Option<&Peers>, found: &mut Findings) {
    let min_ttl = router.min_ttl.as_ref().and_then(Option::as_ref);
    let spans = [("peers", peers.map(|at| &at.span)), ("min_ttl", min_ttl.map(|at| &at.span))];
    for (key, span) in spans {
        if let Some(span) = span {
            let message = format!("{}: {key} without unicast adverts", router.what);
            let hint = format!("add `adverts = \"unicast\"`, or remove `{key}`");
            found.add(Finding::error(span, message).hint(hint));
        }
    }
}

fn not_virtual(router: &Router, peer: &At<IpAddr>, found: &mut Findings) {
    let Some(virtual_one) = router.held().find(|at| at.address.value == peer.value) else {
        return;
    };
    let message = format!("{}: peer {} is a virtual address", router.what, peer.value);
    let finding = Finding::error(&peer.span, message)
        .hint("a peer's address stays on its director: take the interface's own")
        .other(&virtual_one.address.span, "moves between the directors");
    found.add(finding);
}

/// Each family of the router is a virtual router of its own, with packets of its own.
fn one_of_each_family(router: &Router, peer: &At<Vec<At<IpAddr>>>, found: &mut Findings) {
    let mut seen = BTreeSet::new();
    for address in &peer.value {
        let family = Family::of(address.value);
        if !seen.insert(family) {
            let message = format!("{}: a second {family} address of one peer", router.what);
            let hint = "adverts come from one address of each family: keep that one";
            found.add(Finding::error(&address.span, message).hint(hint));
        } else if router.addresses_are_known() && router.first_of(family).is_none() {
            let message = format!("{}: a peer's {family} address is of no use", router.what);
            let hint = format!("the router has no {family} address: remove it");
            found.add(Finding::error(&address.span, message).hint(hint));
        }
    }
    for family in [Family::V4, Family::V6] {
        if !seen.contains(&family)
            && let Some(needs) = router.first_of(family)
        {
            let message = format!("{}: a peer without {family} address", router.what);
            let hint = "write a list with one of each family, such as `[\"192.0.2.11\", \"2001:db8::11\"]`";
            let finding = Finding::error(&peer.span, message).hint(hint);
            found.add(finding.other(&needs.address.span, "needs adverts of its family"));
        }
    }
}
