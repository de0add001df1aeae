//! Where foreign code comes from, and under which licence we may ship it.

use laws::{Packages, text};

const ALLOWED: [&str; 10] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

#[test]
fn every_package_comes_from_the_registry_under_a_licence_we_may_ship() {
    let packages = Packages::read();
    for package in packages.all().filter(|package| !package["source"].is_null()) {
        let name = text(&package["name"]);
        assert!(
            text(&package["source"]).starts_with("registry+"),
            "{name} is not from the registry"
        );
        let licence = text(&package["license"]).replace('/', " OR ");
        assert!(shippable(&licence), "{name} is under {licence:?}");
    }
}

#[test]
fn a_licence_expression_is_read_as_written() {
    assert!(shippable("MIT OR GPL-2.0"));
    assert!(shippable("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!shippable("MIT AND GPL-2.0"));
    assert!(!shippable("GPL-3.0"));
}

/// Whether we may choose only allowed licences: every AND part has an allowed OR part.
fn shippable(expression: &str) -> bool {
    expression.split(" AND ").all(|part| {
        part.trim_matches(['(', ')'])
            .split(" OR ")
            .any(|licence| ALLOWED.contains(&licence.trim_matches(['(', ')'])))
    })
}
