//! Who may depend on whom, and what the pure crates may not do.

use laws::{Packages, Tree};

const PURE: [&str; 6] = ["vrrp-proto", "ipvs-table", "health", "coordinator", "track", "clock"];
const NO_STD: [&str; 3] = ["clock", "vrrp-proto", "ipvs-table"];
const MAY_HOLD_UNSAFE: [&str; 7] = ["vrrp", "ipvs", "ipvs-sys", "probe", "watch", "gemel", "lab"];

/// The rooms of ARCHITECTURE.md: each crate and the workspace crates it may use.
const ROOMS: [(&str, &[&str]); 20] = [
    ("clock", &[]),
    ("mailbox", &[]),
    ("vrrp-proto", &["clock"]),
    ("vrrp", &["clock", "mailbox", "vrrp-proto"]),
    ("ipvs-sys", &[]),
    ("ipvs-table", &["clock"]),
    ("ipvs", &["clock", "mailbox", "ipvs-sys", "ipvs-table"]),
    ("health", &["clock"]),
    ("probe", &["clock", "mailbox", "health"]),
    ("coordinator", &["clock", "vrrp-proto", "ipvs-table", "health"]),
    ("track", &["clock", "coordinator"]),
    ("watch", &["clock", "coordinator", "mailbox", "track"]),
    ("config", &["clock", "vrrp-proto", "ipvs-table", "health", "coordinator", "track"]),
    (
        "gemel",
        &[
            "clock",
            "config",
            "coordinator",
            "health",
            "ipvs",
            "ipvs-table",
            "mailbox",
            "probe",
            "track",
            "vrrp",
            "vrrp-proto",
            "watch",
        ],
    ),
    ("xtask", &[]),
    ("sim", &["clock", "vrrp-proto", "ipvs-table", "health", "coordinator", "track"]),
    ("model", &["clock", "vrrp-proto"]),
    ("fakes", &["clock", "vrrp", "vrrp-proto", "ipvs", "ipvs-table"]),
    ("lab", &[]),
    ("laws", &[]),
];

#[test]
fn each_crate_depends_only_on_the_rooms_it_may_enter() {
    let packages = Packages::read();
    let rooms: Vec<_> = ROOMS.iter().map(|(name, _)| *name).collect();
    let mut seen = Vec::new();
    for (name, package) in packages.members() {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == name) else {
            panic!("{name} is not a room of ARCHITECTURE.md: add it there and here, or remove it");
        };
        for dependency in Packages::dependencies(package, None) {
            let ours = rooms.contains(&dependency);
            assert!(
                !ours || allowed.contains(&dependency),
                "{name} may not depend on {dependency}"
            );
        }
        seen.push(name);
    }
    seen.sort_unstable();
    let mut rooms = rooms;
    rooms.sort_unstable();
    assert_eq!(seen, rooms, "the rooms of ARCHITECTURE.md and the workspace differ");
}

#[test]
fn the_pure_crates_have_no_dependency_that_could_act() {
    let packages = Packages::read();
    for (name, package) in packages.members().filter(|(name, _)| PURE.contains(name)) {
        for dependency in Packages::dependencies(package, None) {
            let alloc_only = dependency == "httparse";
            assert!(
                PURE.contains(&dependency) || alloc_only,
                "{name} is pure, {dependency} is not"
            );
        }
    }
}

#[test]
fn the_threads_of_the_advert_path_know_no_tokio() {
    let packages = Packages::read();
    let quiet = ["mailbox", "vrrp", "ipvs", "watch", "xtask"];
    for (name, package) in packages.members().filter(|(name, _)| quiet.contains(name)) {
        let dependencies = Packages::dependencies(package, None);
        assert!(!dependencies.contains(&"tokio"), "{name} must not use tokio");
        assert!(name != "xtask" || dependencies.is_empty(), "xtask has no dependencies");
    }
}

#[test]
fn the_pure_crates_read_no_clock_and_start_nothing() {
    let banned = [
        "Instant::now",
        "SystemTime",
        "std::thread",
        "std::fs",
        "std::process",
        "std::env",
        "TcpStream",
        "UdpSocket",
        "println!",
        "tokio",
        "HashMap",
        "rand::",
    ];
    for_code(|path, number, line| {
        let pure = PURE.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")));
        for word in banned.iter().filter(|_| pure) {
            assert!(!line.contains(word), "{path}:{number}: a pure crate uses {word}");
        }
    });
}

#[test]
fn the_small_pure_crates_are_no_std() {
    let tree = Tree::read();
    for name in NO_STD {
        let path = format!("crates/{name}/src/lib.rs");
        let file =
            tree.files.iter().find(|file| file.path == path).expect("the crate has a lib.rs");
        assert!(file.text.contains("#![no_std]"), "{path} must say #![no_std]");
    }
}

#[test]
fn unsafe_code_stands_in_files_called_sys_and_nowhere_else() {
    let tree = Tree::read();
    // Put together here, so that this file does not find itself.
    let begins = ["{", "fn", "impl"].map(|what| ["unsafe", what].join(" "));
    for file in &tree.files {
        let name = file.path.split('/').nth(1).unwrap_or_default();
        let root = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
        if root && !MAY_HOLD_UNSAFE.contains(&name) && !file.path.starts_with("tests/") {
            assert!(
                file.text.contains("#![forbid(unsafe_code)]"),
                "{} must forbid unsafe",
                file.path
            );
        }
        let is_sys = file.path.ends_with("/sys.rs") || name == "ipvs-sys";
        let holds = file.text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            begins.iter().any(|begin| code.contains(begin.as_str()))
        });
        assert!(!holds || is_sys, "{}: unsafe code belongs in a file called sys.rs", file.path);
        if holds && name != "ipvs-sys" {
            let blocks = file.text.matches(begins[0].as_str()).count();
            let reasons = file.text.matches("SAFETY").count();
            assert!(reasons >= blocks, "{}: {blocks} unsafe blocks, {reasons} SAFETY", file.path);
        }
    }
}

#[test]
fn no_state_is_shared_or_global() {
    let banned =
        ["Mutex<", "RwLock<", "static mut", "OnceLock<", "LazyLock<", "thread_local!", "RefCell<"];
    for_code(|path, number, line| {
        for word in banned {
            let ours = path.starts_with("crates/") && !path.starts_with("crates/xtask/");
            assert!(!ours || !line.contains(word), "{path}:{number}: {word} shares state (law 4)");
        }
    });
}

fn for_code(mut look: impl FnMut(&str, usize, &str)) {
    let tree = Tree::read();
    for file in tree.files.iter().filter(|file| !file.is_test()) {
        for (number, line) in file.code() {
            look(&file.path, number, line);
        }
    }
}
