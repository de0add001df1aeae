//! The addresses of routers: each held once, as many as fit in adverts, with what their family has.

use std::net::IpAddr;

use vrrp_proto::Family;

use super::unique;
use crate::finding::{At, Finding, Findings};
use crate::raw::{Address, File, Router};

pub(super) fn check(file: &File, found: &mut Findings) {
    unique_addresses(file, found);
    for router in &file.routers {
        for (family, most) in [(Family::V4, MOST_IPV4), (Family::V6, MOST_IPV6)] {
            fits(router, family, most, found);
        }
        bounded(router, found);
        link_local(router, found);
        for address in router.held() {
            details(router, address, found);
        }
    }
}

/// A link-local address is one on its link only.
fn unique_addresses(file: &File, found: &mut Findings) {
    let key = |router: &Router, at: &Address| {
        let address = at.address.value;
        let interface = at.interface.as_ref().or(router.interface.as_ref());
        let key = match (link_local_of(address), interface) {
            (true, Some(interface)) => format!("{address}%{}", interface.value),
            (true, None) | (false, _) => address.to_string(),
        };
        At::new(key, at.address.span.clone())
    };
    let keys = |router| Router::held(router).map(move |at| key(router, at));
    let addresses: Vec<At<String>> = file.routers.iter().flat_map(keys).collect();
    unique("virtual address", &addresses, found);
}

/// The count is one byte of the advert (RFC 9568 5.2.5), and the advert one packet of 1500 bytes.
fn fits(router: &Router, family: Family, most: usize, found: &mut Findings) {
    let of_family = |one: &&Address| Family::of(one.address.value) == family;
    let listed = || router.addresses.iter().flatten().flatten().filter(of_family);
    let made = router.first_of(family).is_some_and(is_made) as usize;
    let Some(first_too_many) = listed().nth(most - made) else {
        return;
    };
    let (what, count) = (&router.what, listed().count());
    let message = format!("{what}: {count} {family} addresses are more than an advert can name");
    let room = match made {
        0 => format!("there is room for {most}"),
        _ => format!("there is room for {} beside the link-local one", most - made),
    };
    let hint = format!("{room}; put the rest in `unadvertised`: they move along");
    found.add(Finding::error(&first_too_many.address.span, message).hint(hint));
}

/// Whether an IPv6 list that begins with this one gets a link-local address before it.
fn is_made(first: &Address) -> bool {
    first.address.value.is_ipv6() && !link_local_of(first.address.value)
}

fn bounded(router: &Router, found: &mut Findings) {
    if let Some(first_too_many) = router.held().nth(MOST_HELD) {
        let message = format!("{}: more than {MOST_HELD} addresses", router.what);
        let hint = "put the rest in a router of its own";
        found.add(Finding::error(&first_too_many.address.span, message).hint(hint));
    }
}

/// An IPv6 advert begins with a link-local address (RFC 9568 5.2.9).
fn link_local(router: &Router, found: &mut Findings) {
    let Some(first) = router.first_of(Family::V6).filter(|first| is_made(first)) else {
        return;
    };
    let listed = router.addresses.iter().flatten().flatten();
    if let Some(late) = listed.into_iter().find(|one| link_local_of(one.address.value)) {
        let message = format!("{}: a link-local address that is not the first", router.what);
        let hint = "adverts begin with one: move it before the other IPv6 addresses, or another is made up for them";
        let finding = Finding::warning(&late.address.span, message).hint(hint);
        found.add(finding.other(&first.address.span, "the first"));
    }
}

/// IPv6 addresses have no labels, and their scope is in their bits.
fn details(router: &Router, address: &Address, found: &mut Findings) {
    let what = format!("{}: {}", router.what, address.address.value);
    if address.address.value.is_ipv6() {
        let spans = [
            ("label", address.label.as_ref().map(|at| &at.span)),
            ("scope", address.scope.as_ref().map(|at| &at.span)),
        ];
        for (key, span) in spans {
            if let Some(span) = span {
                let message = format!("{what}: an IPv6 address has no {key}");
                found.add(Finding::error(span, message).hint(format!("remove `{key}`")));
            }
        }
        return;
    }
    let device = match (&address.interface, &router.virtual_mac) {
        (Some(interface), _) => Some(interface),
        (None, Some(None)) => router.interface.as_ref(),
        // Its name may be made up.
        (None, Some(Some(_)) | None) => None,
    };
    let (Some(label), Some(device)) = (&address.label, device) else {
        return;
    };
    if label.value.split_once(':').is_none_or(|(interface, _)| interface != device.value) {
        let message = format!("{what}: a label of another interface");
        let hint = format!("begin with `{}:`", device.value);
        let finding = Finding::error(&label.span, message).hint(hint);
        found.add(finding.other(&device.span, "where it is held"));
    }
}

fn link_local_of(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

const MOST_IPV4: usize = 255;
/// 40 bytes of IPv6, 8 of VRRP, 90 addresses: 1488.
const MOST_IPV6: usize = 90;
/// What a takeover has been measured with.
const MOST_HELD: usize = 10_000;
