use super::*;

#[test]
fn each_binary_runs_at_one_stage() {
    check(Kind::Test, "crates/clock", "clock", Some(Stage::Unit));
    check(Kind::Test, "crates/ipvs", "ipvs", Some(Stage::Unit));
    check(Kind::Test, "crates/ipvs", "live", Some(Stage::Ipvs));
    check(Kind::Test, "tests/laws", "laws", Some(Stage::Unit));
    check(Kind::Test, "tests/sim", "sim", Some(Stage::Simulation));
    check(Kind::Test, "tests/lab", "native", Some(Stage::Lab));
    check(Kind::Test, "tests/lab", "vm", Some(Stage::MicroVm));
    check(Kind::Program, "crates/gemel", "gemel", None);
}

fn check(kind: Kind, folder: &str, target: &str, expected: Option<Stage>) {
    let folder = std::path::Path::new("/w").join(folder);
    let artifact = Artifact { kind, folder, target: target.into(), path: "/t/x".into() };
    assert_eq!(Stage::of(&artifact), expected, "{artifact:?}");
}
