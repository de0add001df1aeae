use super::*;

#[test]
fn a_line_is_when_package_and_probe() {
    let list = parse("# why\n\nalways gcc cc\nfull shellcheck shellcheck\n").unwrap();
    let package = |needed: &str, name: &str, probe: &str| Package {
        needed: needed.into(),
        name: name.into(),
        probe: probe.into(),
    };
    assert_eq!(list, [package("always", "gcc", "cc"), package("full", "shellcheck", "shellcheck")]);
}

#[test]
fn a_line_without_a_probe_is_refused() {
    let stop = parse("always gcc\n").unwrap_err();
    assert!(stop.to_string().contains("always gcc"));
}

#[test]
fn the_list_of_this_repository_is_sound() {
    let list = parse(include_str!("../../../../.cargo/packages.txt")).unwrap();
    assert!(list.iter().any(|package| package.probe == "cc"));
    let known = ["always", "full", "fresh"];
    assert!(list.iter().all(|package| known.contains(&package.needed.as_str())), "{list:?}");
}

#[test]
fn a_probe_is_a_file_or_a_command() {
    assert!(is_there("/proc/self/stat"));
    assert!(!is_there("/proc/self/no-such-file"));
    assert!(is_there("sh"));
    assert!(!is_there("no-such-command-anywhere"));
}
