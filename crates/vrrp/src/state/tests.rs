//! The state file: what is stored is recalled, and nothing else is.

use std::fs;
use std::path::PathBuf;

use clock::Instant;
use vrrp_proto::held::{Mac, Scope};
use vrrp_proto::router::{Adverts, Strictness};
use vrrp_proto::{ChecksumPolicy, LinkId, Vrid};

use super::*;

const BOOT: &str = "6c1f7e42-5a5e-4b7c-9d4c-0f6f0a0b1c2d";
const V4: Protocol = Protocol::V3Ipv4(ChecksumPolicy::Auto);

fn member(interface: &str, vrid: u8, protocol: Protocol) -> (Member, MemberSetup) {
    let member = Member {
        link: LinkId(0),
        vrid: Vrid::new(vrid).unwrap(),
        protocol,
        addresses: vec![[192, 0, 2, 80].into()],
        adverts: Adverts::Multicast,
        strictness: Strictness::Lenient,
    };
    (member, MemberSetup { interface: interface.into(), source: None, mac: Mac::Interface })
}

fn held(last: u8) -> VirtualAddress {
    let (interface, address) = ("eth0".into(), [192, 0, 2, last].into());
    VirtualAddress { interface, address, prefix: 32, label: None, scope: Scope::Global }
}

fn key(interface: &str, last: u8) -> Key {
    Key::new(&[member(interface, 51, V4)], &[held(last)])
}

fn memory(nanos: u64, holds: bool) -> Memory {
    let advert = Instant::from_nanos(nanos);
    Memory { advert, holds, checksums: vec![Some(Checksum::Rfc9568)] }
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
        state.store(1, &memory(nanos, nanos != 5));
    }
    let asked = [key("eth1", 1), key("eth1", 2), key("eth0", 1)];
    let known = Memory { checksums: vec![None], ..Memory::default() };
    let want = [memory(5, false), Memory::default(), known];
    assert_eq!(recall(&path, BOOT, &asked).unwrap(), want);
}

#[test]
fn each_member_of_a_group_keeps_its_checksum() {
    let (_folder, path) = place();
    let members: Vec<_> = (1..=70).map(|vrid| member("eth0", vrid, V4)).collect();
    let group = Key::new(&members, &[held(1)]);
    let slots = [(key("eth0", 9), memory(3, true)), (group.clone(), Memory::default())];
    let state = State::create(&path, BOOT, &slots).unwrap();
    let form = |at: usize| {
        let forms = [None, Some(Checksum::Rfc9568), Some(Checksum::PseudoHeader)];
        forms[at % 3]
    };
    let known = Memory { checksums: (0..70).map(form).collect(), ..memory(8, true) };
    state.store(1, &known);
    let recalled = recall(&path, BOOT, &[group, key("eth0", 9)]).unwrap();
    assert_eq!(recalled, [known, memory(3, true)]);
}

#[test]
fn another_set_of_members_or_addresses_is_another_router() {
    let one =
        |interface, vrid, protocol| Key::new(&[member(interface, vrid, protocol)], &[held(1)]);
    let known = one("eth0", 51, V4);
    assert_eq!(known, one("eth0", 51, V4));
    for other in [one("eth1", 51, V4), one("eth0", 52, V4), one("eth0", 51, Protocol::V3Ipv6)] {
        assert_ne!(known, other);
    }
    let (a, b) = (member("eth0", 51, V4), member("eth0", 51, Protocol::V3Ipv6));
    assert_ne!(known, Key::new(&[a.clone(), b], &[held(1)]));
    assert_ne!(known, Key::new(std::slice::from_ref(&a), &[held(1), held(2)]));
    assert_ne!(known, Key::new(&[a], &[VirtualAddress { prefix: 24, ..held(1) }]));
}

#[test]
fn only_a_change_is_worth_a_store() {
    let mut known = Memory::default();
    let update = |known: &mut Memory, nanos, sum| {
        known.update(Instant::from_nanos(nanos), true, [sum].into_iter())
    };
    assert!(update(&mut known, 5, Checksum::PseudoHeader));
    assert!(!update(&mut known, 5, Checksum::PseudoHeader));
    assert!(update(&mut known, 6, Checksum::PseudoHeader));
    assert!(update(&mut known, 6, Checksum::Rfc9568));
    assert_eq!(known, memory(6, true));
}

#[test]
fn a_torn_store_leaves_the_one_before() {
    let (_folder, path) = place();
    let state = State::create(&path, BOOT, &[(key("eth0", 1), Memory::default())]).unwrap();
    state.store(0, &memory(1_000, true));
    state.store(0, &memory(2_000, true));
    for byte in 0..40 {
        // The second store went into record A again; any of its bytes may have got lost.
        let mut bytes = fs::read(&path).unwrap();
        bytes[(HEADER + KEY) * 8 + byte] ^= 0x55;
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
