use super::*;

#[test]
fn a_test_binary_is_read() {
    let artifact = Artifact::of_message(&message("test", "live", true, r#""/t/deps/live-1""#));
    let expected = Artifact {
        kind: Kind::Test,
        folder: "/w/crates/ipvs".into(),
        target: "live".into(),
        path: "/t/deps/live-1".into(),
    };
    assert_eq!(artifact.as_ref(), Some(&expected));
    assert_eq!(artifact.unwrap().package(), "ipvs");
}

#[test]
fn a_program_is_told_from_its_tests() {
    let artifact = Artifact::of_message(&message("bin", "gemel", false, r#""/t/gemel""#)).unwrap();
    assert_eq!((artifact.kind, artifact.target.as_str()), (Kind::Program, "gemel"));
    let found = program(std::slice::from_ref(&artifact), "gemel").unwrap();
    assert_eq!(found, Path::new("/t/gemel"));
    assert!(program(&[artifact], "lab").is_err());
}

#[test]
fn libraries_and_other_messages_are_not() {
    assert_eq!(Artifact::of_message(&message("lib", "clock", false, "null")), None);
    assert_eq!(Artifact::of_message(r#"{"reason":"build-finished","success":true}"#), None);
    assert_eq!(Artifact::of_message(""), None);
    assert_eq!(Artifact::of_message("a line that a build script printed"), None);
}

fn message(kind: &str, name: &str, test: bool, executable: &str) -> String {
    format!(
        r#"{{"reason":"compiler-artifact","package_id":"path+file:///w/crates/ipvs#0.1.0","manifest_path":"/w/crates/ipvs/Cargo.toml","target":{{"kind":["{kind}"],"crate_types":["bin"],"name":"{name}","src_path":"/w/crates/ipvs/src/x.rs","edition":"2024","doc":true,"doctest":false,"test":true}},"profile":{{"opt_level":"0","debuginfo":"line-tables-only","debug_assertions":true,"overflow_checks":true,"test":{test}}},"features":[],"filenames":["/t/x"],"executable":{executable},"fresh":true}}"#
    )
}
