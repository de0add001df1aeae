//! The state file: whatever is in it, each router that is asked for is remembered or it is not.

use vrrp::state::{Key, parse};
use vrrp_proto::held::{Mac, MemberSetup, Scope, VirtualAddress};
use vrrp_proto::router::{Adverts, Member, Protocol, Strictness};
use vrrp_proto::{ChecksumPolicy, LinkId, Vrid};

/// The file, of the boot that the seeds are of.
pub(crate) fn run(bytes: &[u8]) {
    let keys = [key("eth0"), key("eth1")];
    if let Ok(recalled) = parse(bytes, BOOT, &keys) {
        assert_eq!(recalled.len(), keys.len());
        for memory in recalled {
            assert!(memory.checksums.len() <= 1, "{memory:?}");
        }
    }
}

fn key(interface: &str) -> Key {
    let address = [192, 0, 2, 80].into();
    let member = Member {
        link: LinkId(0),
        vrid: Vrid::new(51).expect("is not 0"),
        protocol: Protocol::V3Ipv4(ChecksumPolicy::Auto),
        addresses: vec![address],
        adverts: Adverts::Multicast,
        strictness: Strictness::Lenient,
    };
    let interface = interface.to_owned();
    let setup = MemberSetup { interface: interface.clone(), source: None, mac: Mac::Interface };
    let held = VirtualAddress { interface, address, prefix: 32, label: None, scope: Scope::Global };
    Key::new(&[(member, setup)], &[held])
}

const BOOT: &str = "6c1f7e42-5a5e-4b7c-9d4c-0f6f0a0b1c2d";
