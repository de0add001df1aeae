//! One or two directors, told apart by their names.

use std::net::IpAddr;

use super::unique;
use crate::finding::{At, Finding, Findings};
use crate::raw::{Director, File};

pub(super) fn check(file: &File, found: &mut Findings) {
    unique("director", file.directors.iter().filter_map(|director| director.name.as_ref()), found);
    unique("director address", file.directors.iter().filter_map(address), found);
    if let Some(third) = file.directors.get(2) {
        let hint = "a pair has two; a third needs a file of its own";
        found.add(Finding::error(&third.header, "more than two directors").hint(hint));
    }
    let place = file.pair.as_ref().map_or(0..0, |pair| pair.header.clone());
    match file.directors.as_slice() {
        [] if !file.incomplete => {
            let hint = "add [[director]] with a name, once for each machine";
            found.add(Finding::error(&place, "no director: nobody would do this").hint(hint));
        }
        [only] if !file.incomplete => {
            let hint = "add a second [[director]]";
            let message = "only one director: nobody takes over when it fails";
            found.add(Finding::warning(&only.header, message).hint(hint));
        }
        _ => {}
    }
}

fn address(director: &Director) -> Option<&At<IpAddr>> {
    director.address.as_ref()?.as_ref()
}
