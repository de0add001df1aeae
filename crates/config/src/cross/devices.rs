//! Devices for virtual MAC addresses: each with a name of its own that Linux takes.

use std::collections::BTreeMap;

use vrrp_proto::Family;

use crate::finding::{Finding, Findings, Span, quote};
use crate::raw::{File, Router};
use crate::settings::{self, LONGEST_DEVICE, VirtualMac};

pub(super) fn check(file: &File, found: &mut Findings) {
    let parents = || file.routers.iter().filter_map(|router| router.interface.as_ref());
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for router in &file.routers {
        let Some(Some(mac)) = &router.virtual_mac else {
            continue;
        };
        for device in devices(router, &mac.value) {
            let named = quote(&device);
            if device.len() > LONGEST_DEVICE {
                let message = format!("{}: {named} is too long for a device", router.what);
                let hint =
                    "with both families at most 13 bytes: the IPv6 device has `-6` behind it";
                found.add(Finding::error(&mac.span, message).hint(hint));
            } else if let Some(parent) = parents().find(|parent| parent.value == device) {
                let message = format!("{}: {named} is the interface of a router", router.what);
                let hint = "the device of a virtual MAC is a new one: choose another name";
                let finding = Finding::error(&mac.span, message).hint(hint);
                found.add(finding.other(&parent.span, "exists already"));
            } else if let Some(first) = seen.get(&device) {
                let message = format!("{}: the device {named} is used twice", router.what);
                let hint = "name one of them: `virtual_mac = \"vrrp.51\"`";
                let finding = Finding::error(&mac.span, message).hint(hint);
                found.add(finding.other(first, "first used here"));
            } else {
                seen.insert(device, mac.span.clone());
            }
        }
    }
}

fn devices(router: &Router, mac: &VirtualMac) -> Vec<String> {
    let families: Vec<Family> = [Family::V4, Family::V6]
        .into_iter()
        .filter(|family| router.first_of(*family).is_some())
        .collect();
    let (Some(interface), Some(vrid)) = (&router.interface, &router.vrid) else {
        return Vec::new();
    };
    let name = |family| settings::device(mac, &families, &interface.value, vrid.value, family);
    families.iter().map(|family| name(*family)).collect()
}
