//! The state file: what is stored is recalled, and nothing else is.

use std::fs;
use std::path::PathBuf;

use clock::Instant;
use vrrp_proto::{Checksum, Vrid};

use super::*;

const BOOT: &str = "6c1f7e42-5a5e-4b7c-9d4c-0f6f0a0b1c2d";

fn key(interface: &str, last: u8) -> Key {
    let addresses = [VirtualAddress { address: [192, 0, 2, last].into(), prefix: 32 }];
    Key::new(interface, Vrid::new(51).unwrap(), &addresses)
}

fn memory(nanos: u64, holds: bool) -> Memory {
    let advert = Instant::from_nanos(nanos);
    Memory { advert, holds, checksum: Some(Checksum::Rfc9568) }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    (folder, path)
}

#[test]
fn the_latest_store_is_recalled_by_its_key() {
    let (_folder, path) = place();
    let keys = [key("eth0", 1), key("eth1", 1)];
    let slots = keys.clone().map(|key| (key, Memory::default()));
    let state = State::create(&path, BOOT, &slots).unwrap();
    for nanos in 1..=5 {
        state.store(1, memory(nanos, nanos != 5));
    }
    let asked = [key("eth1", 1), key("eth1", 2), key("eth0", 1)];
    let want = [memory(5, false), Memory::default(), Memory::default()];
    assert_eq!(recall(&path, BOOT, &asked).unwrap(), want);
}

#[test]
fn a_torn_store_leaves_the_one_before() {
    let (_folder, path) = place();
    let state = State::create(&path, BOOT, &[(key("eth0", 1), Memory::default())]).unwrap();
    state.store(0, memory(1_000, true));
    state.store(0, memory(2_000, true));
    for byte in 0..32 {
        // The second store went into record A again; any of its bytes may have got lost.
        let mut bytes = fs::read(&path).unwrap();
        bytes[(HEADER + RECORD_A) * 8 + byte] ^= 0x55;
        let torn = path.with_extension("torn");
        fs::write(&torn, bytes).unwrap();
        let recalled = recall(&torn, BOOT, &[key("eth0", 1)]).unwrap();
        assert_eq!(recalled, [memory(1_000, true)], "byte {byte}");
    }
}

#[test]
fn a_file_of_another_boot_says_nothing() {
    let (_folder, path) = place();
    State::create(&path, BOOT, &[(key("eth0", 1), memory(7, true))]).unwrap();
    let other = recall(&path, "00000000-0000-0000-0000-000000000000", &[key("eth0", 1)]);
    assert_eq!(other.unwrap(), [Memory::default()]);
    assert_eq!(recall(&path, BOOT, &[key("eth0", 1)]).unwrap(), [memory(7, true)]);
}

#[test]
fn a_broken_file_is_named_and_an_absent_one_is_not() {
    let (_folder, path) = place();
    assert_eq!(recall(&path, BOOT, &[key("eth0", 1)]).unwrap(), [Memory::default()]);
    for content in [&b"short"[..], &[0xff; 400][..]] {
        fs::write(&path, content).unwrap();
        assert!(recall(&path, BOOT, &[key("eth0", 1)]).is_err());
    }
    State::create(&path, BOOT, &[(key("eth0", 1), memory(7, true))]).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 8);
    fs::write(&path, bytes).unwrap();
    assert!(recall(&path, BOOT, &[key("eth0", 1)]).is_err());
}
