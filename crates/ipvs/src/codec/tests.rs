use std::net::IpAddr;

use ipvs_table::{
    Family, Forward, Protocol, Request, Scheduler, Server, ServerKey, Service, ServiceKey, Weight,
};
use proptest::prelude::*;

use super::*;

/// As the kernel lists it: HASHED is set, and the mask is full.
const SERVICE_FLAGS: &str = "0c000700 02000000 ffffffff";

#[test]
fn adding_a_service_is_these_bytes() {
    // The mask of the flags leaves HASHED out: it is the kernel's own.
    let expected = "680000001c000500010000000000000001010000540001800600010002000000060002000600000014000300c0000264000000000000000000000000060004000050000008000600777272000c00070000000000fdffffff080008000000000008000900ffffffff";
    let service = service("wrr", 32);
    check_request(1, &Request::AddService(web(), service), expected);
}

#[test]
fn adding_a_real_server_is_these_bytes() {
    let expected = "8c0000001c000500020000000000000005010000300001800600010002000000060002000600000014000300c000026400000000000000000000000006000400005000004800028014000100c633640a0000000000000000000000000600020000500000080003000300000008000400640000000800050000000000080006000000000006000b0002000000";
    check_request(2, &Request::AddServer(web(), real(), server()), expected);
}

#[test]
fn a_dump_of_the_services_is_these_bytes() {
    assert_eq!(hex(&dump(0x1c, 3, None)), "140000001c000103030000000000000004010000");
}

#[test]
fn deleting_an_ipv6_service_is_these_bytes() {
    let expected = "440000001c00050004000000000000000301000030000180060001000a00000006000200110000001400030020010db80000000000000000000001000600040000350000";
    let address = "2001:db8::100".parse().unwrap();
    let key = ServiceKey::Listen { protocol: Protocol::Udp, address, port: 53 };
    check_request(4, &Request::DeleteService(key), expected);
}

#[test]
fn a_marked_service_is_named_by_its_mark_alone() {
    let key = ServiceKey::Mark { family: Family::V6, mark: 7 };
    let expected =
        "280000001c000500010000000000000003010000 14000180 06000100 0a000000 08000500 07000000";
    check_request(1, &Request::DeleteService(key), &expected.replace(' ', ""));
}

#[test]
fn deleting_a_real_server_names_its_family() {
    let key = ServerKey { address: "2001:db8::10".parse().unwrap(), port: 0 };
    let bytes = request(0x1c, 1, &Request::DeleteServer(web(), key));
    let dest =
        "2800028014000100 20010db8000000000000000000000010 0600020000000000 06000b000a000000";
    assert!(hex(&bytes).ends_with(&dest.replace(' ', "")), "{}", hex(&bytes));
}

#[test]
fn the_family_is_looked_up_by_name() {
    let expected = "200000001000010001000000000000000301000009000200 49505653 00000000";
    assert_eq!(hex(&family_lookup(1)), expected.replace(' ', ""));
}

#[test]
fn masks_are_bits_in_ipv4_and_a_number_in_ipv6() {
    let mask = |key, prefix| {
        let bytes = request(0x1c, 1, &Request::SetService(key, service("rr", prefix)));
        hex(&bytes[bytes.len() - 4..])
    };
    assert_eq!(mask(web(), 24), "ffffff00");
    assert_eq!(mask(web(), 0), "00000000");
    assert_eq!(mask(web(), 128), "ffffffff");
    assert_eq!(mask(ServiceKey::Mark { family: Family::V6, mark: 1 }, 64), "40000000");
}

#[test]
fn a_listed_service_is_read_without_what_is_unknown() {
    // Attributes 63 and 10 (statistics) are passed over; HASHED is cleared; no NLA_F_NESTED.
    let inner = "06000100 02000000 06000200 06000000 14000300 c0000264 00000000 00000000 00000000
        06000400 00500000 08003f00 ffffffff 08000600 77727200"
        .to_owned()
        + SERVICE_FLAGS
        + "08000800 2c010000 08000900 ffffff00 0c000a00 08000100 01000000";
    let expected = Service { timeout_s: 300, ..service("wrr", 24) };
    assert_eq!(super::service(&nested(1, &inner)), Some((web(), expected)));
}

#[test]
fn a_listed_marked_service_has_no_address() {
    let inner = "06000100 0a000000 08000500 07000000 07000600 72720000".to_owned()
        + SERVICE_FLAGS
        + "08000800 00000000 08000900 80000000";
    let key = ServiceKey::Mark { family: Family::V6, mark: 7 };
    assert_eq!(super::service(&nested(1, &inner)), Some((key, service("rr", 128))));
}

#[test]
fn a_mask_longer_than_an_address_is_none() {
    let key = ServiceKey::Mark { family: Family::V6, mark: 1 };
    for (bits, known) in [(128_u32, true), (129, false), (255, false), (256, false)] {
        let mut bytes = request(0x1c, 1, &Request::AddService(key, service("rr", 128)));
        let end = bytes.len() - 4;
        bytes[end..].copy_from_slice(&bits.to_ne_bytes());
        assert_eq!(super::service(attributes(&bytes)).is_some(), known, "{bits} bits");
    }
}

#[test]
fn a_service_that_lacks_something_is_none() {
    assert_eq!(super::service(&nested(1, "06000100 02000000")), None);
    assert_eq!(super::service(&[]), None);
}

const DESTINATION: &str = "14000100 c633640a 00000000 00000000 00000000 06000200 00500000
    08000300 03000000 08000400 64000000 08000500 00000000 08000600 00000000
    08000700 05000000 08000800 02000000 08000900 00000000";

#[test]
fn a_listed_real_server_is_read_with_its_connections() {
    let with_family = DESTINATION.to_owned() + "06000b00 02000000 05000d00 00000000";
    for inner in [DESTINATION, &with_family] {
        let bytes = nested(2, inner);
        assert_eq!(destination(&bytes, Family::V4), Some((real(), server(), (5, 2))));
    }
    // Its family may be another one than the service's.
    let bytes = nested(2, &with_family);
    assert_eq!(destination(&bytes, Family::V6), Some((real(), server(), (5, 2))));
}

#[test]
fn a_weight_beyond_ours_is_read_as_the_greatest() {
    let inner = DESTINATION.replace("08000400 64000000", "08000400 ffffff7f");
    let (_, server, _) = destination(&nested(2, &inner), Family::V4).unwrap();
    assert_eq!(server.weight, Weight(u16::MAX));
}

#[test]
fn acknowledgements_and_the_end_of_a_dump_are_told_apart() {
    let bytes = unhex(
        "24000000 02000000 05000000 00000000 efffffff 14000000 1c000500 05000000 00000000
         24000000 02000000 06000000 00000000 00000000 14000000 1c000500 06000000 00000000
         14000000 03000200 07000000 00000000 00000000
         14000000 1c000200 08000000 00000000 01010000",
    );
    let found: Vec<_> = replies(&bytes).collect();
    let expected = [
        (5, Some(Reply::Acknowledged(libc::EEXIST))),
        (6, Some(Reply::Acknowledged(0))),
        (7, Some(Reply::Done(0))),
        (8, Some(Reply::Data(&[]))),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_message_that_lies_about_its_length_ends_the_datagram() {
    for length in ["00000000", "0f000000", "15000000", "ffffffff"] {
        let bytes = unhex(&format!("{length} 03000200 07000000 00000000 00000000"));
        assert_eq!(replies(&bytes).count(), 0, "{length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_can_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        consume(&bytes);
    }

    /// Random bytes seldom get past the first header; damaged real ones do.
    #[test]
    fn no_damage_can_panic(
        damage in proptest::collection::vec((0..140usize, any::<u8>()), 0..8), length in 0..=140usize
    ) {
        let mut bytes = request(0x1c, 2, &Request::AddServer(web(), real(), server()));
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        consume(&bytes[..length]);
    }

    #[test]
    fn what_is_written_can_be_read(
        key in any_service_key(), settings in any_service(), real in any_server_key(),
        server in any_server()
    ) {
        let family = key.family();
        let settings = Service { prefix: settings.prefix.min(family.bits()), ..settings };
        let bytes = request(0x1c, 1, &Request::AddService(key, settings.clone()));
        prop_assert_eq!(super::service(attributes(&bytes)), Some((key, settings)));
        let bytes = request(0x1c, 1, &Request::AddServer(key, real, server));
        prop_assert_eq!(destination(attributes(&bytes), family), Some((real, server, (0, 0))));
    }
}

fn consume(bytes: &[u8]) {
    let all = replies(bytes).count();
    let _: (Option<_>, Option<_>, Option<_>) =
        (super::service(bytes), destination(bytes, Family::V4), family_id(bytes));
    for (_, reply) in replies(bytes) {
        if let Some(Reply::Data(bytes)) = reply {
            let _: (Option<_>, Option<_>) = (super::service(bytes), destination(bytes, Family::V6));
        }
    }
    assert!(all <= bytes.len() / 16);
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn any_service_key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop_oneof![
        Just(Protocol::Tcp),
        Just(Protocol::Udp),
        Just(Protocol::Sctp),
        Just(Protocol::Other(50))
    ];
    let listen = (protocol, any_address(), any::<u16>())
        .prop_map(|(protocol, address, port)| ServiceKey::Listen { protocol, address, port });
    let family = prop_oneof![Just(Family::V4), Just(Family::V6)];
    let mark = (family, 1..=u32::MAX).prop_map(|(family, mark)| ServiceKey::Mark { family, mark });
    prop_oneof![listen, mark]
}

fn any_service() -> impl Strategy<Value = Service> {
    ("[a-z_]{1,15}", any::<u32>(), any::<u32>(), 1..=128u8).prop_map(
        |(name, flags, timeout_s, prefix)| Service {
            flags: flags & !Service::HASHED,
            timeout_s,
            ..service(&name, prefix)
        },
    )
}

fn any_server_key() -> impl Strategy<Value = ServerKey> {
    (any_address(), any::<u16>()).prop_map(|(address, port)| ServerKey { address, port })
}

fn any_server() -> impl Strategy<Value = Server> {
    let forward = prop_oneof![
        Just(Forward::Nat),
        Just(Forward::Local),
        Just(Forward::Tunnel),
        Just(Forward::Direct),
        Just(Forward::Bypass)
    ];
    (forward, any::<u16>(), any::<u32>(), any::<u32>()).prop_map(
        |(forward, weight, upper, lower)| Server { forward, weight: Weight(weight), upper, lower },
    )
}

fn check_request(sequence: u32, value: &Request, expected: &str) {
    assert_eq!(hex(&request(0x1c, sequence, value)), expected);
}

/// The attributes of a message.
fn attributes(message: &[u8]) -> &[u8] {
    &message[20..]
}

fn web() -> ServiceKey {
    ServiceKey::Listen { protocol: Protocol::Tcp, address: [192, 0, 2, 100].into(), port: 80 }
}

fn real() -> ServerKey {
    ServerKey { address: [198, 51, 100, 10].into(), port: 80 }
}

fn service(scheduler: &str, prefix: u8) -> Service {
    let scheduler = Scheduler::new(scheduler).unwrap();
    Service { scheduler, flags: 0, timeout_s: 0, prefix, servers: Default::default() }
}

fn server() -> Server {
    Server { forward: Forward::Direct, weight: Weight(100), upper: 0, lower: 0 }
}

/// An attribute that holds these.
fn nested(kind: u16, inner: &str) -> Vec<u8> {
    let inner = unhex(inner);
    let length = 4 + u16::try_from(inner.len()).unwrap();
    [&length.to_ne_bytes(), &kind.to_ne_bytes(), &inner[..]].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
