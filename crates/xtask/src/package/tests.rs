use super::*;

#[test]
fn a_line_is_source_destination_and_mode() {
    let entries =
        parse("# why\nbin:gemel /usr/sbin/gemel 0755\na/b DEBIAN/postinst 0755\n").unwrap();
    let entry =
        |source, destination: &str, mode| Entry { source, destination: destination.into(), mode };
    let expected = [
        entry(Source::Program("gemel".into()), "usr/sbin/gemel", 0o755),
        entry(Source::File("a/b".into()), "DEBIAN/postinst", 0o755),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_line_that_is_not_is_refused() {
    for line in ["a /b", "a /b 0999", "bin:other /b 0755", "a /b 0644 more"] {
        let stop = parse(line).unwrap_err();
        assert!(stop.to_string().contains(line), "{line}: {stop}");
    }
}

#[test]
fn the_layout_of_this_repository_names_files_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for entry in parse(include_str!("../../../../packaging/deb/layout.txt")).unwrap() {
        if let Source::File(path) = entry.source {
            assert!(root.join(&path).is_file(), "{}", path.display());
        }
    }
}

#[test]
fn the_control_file_is_filled_in() {
    let control = filled(
        "Version: @VERSION@\nArchitecture: @ARCHITECTURE@\nInstalled-Size: @INSTALLED_SIZE@\n",
        "0.1.0",
        "amd64",
        "12",
    );
    assert_eq!(control, "Version: 0.1.0\nArchitecture: amd64\nInstalled-Size: 12\n");
}
