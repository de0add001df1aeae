use std::net::{IpAddr, Ipv4Addr};

use super::{Advert, Checksum, Kind, Mac, frame};

/// From 192.0.2.1 to 224.0.0.18, as all of these are unless said.
const IP: &str = "45c0002000000000ff70189ac0000201e0000012";

#[test]
fn an_advert_is_told_with_the_form_of_its_checksum() {
    check(IP, "3133c80100644402c0000264", Some((200, Checksum::Message)));
    check(IP, "3133c8010064a171c0000264", Some((200, Checksum::PseudoHeader)));
    check(IP, "3133c80100644403c0000264", Some((200, Checksum::Wrong)));
    let to_peer = "45c00020000000004070f5aac0000201c0000202";
    check(to_peer, "3133c8010064bf81c0000264", Some((200, Checksum::PseudoHeader)));
}

#[test]
fn another_type_or_length_is_not_an_advert() {
    check(IP, "3233c80100644302c0000264", None);
    check(IP, "3133c80200644401c0000264", None);
    check(IP, "3133c801", None);
}

#[test]
fn version_2_is_told_with_its_password() {
    let message = "213364010001b865c00002640000000000000000";
    let Some((_, Kind::Advert(plain))) =
        decoded("45c0002800000000ff701892c0000201e0000012", message)
    else {
        panic!()
    };
    assert_eq!((plain.version, plain.priority, plain.interval_cs), (2, 100, 100));
    assert_eq!((plain.checksum, plain.password), (Checksum::Message, None));

    let message = "2133960201015580c0000264c00002657365637265743132";
    let Some((_, Kind::Advert(secret))) =
        decoded("45c0002c00000000ff70188ec0000201e0000012", message)
    else {
        panic!()
    };
    assert_eq!((secret.addresses.len(), secret.checksum), (2, Checksum::Message));
    assert_eq!(secret.password.as_deref(), Some("secret12"));
}

#[test]
fn version_3_over_ipv6_is_told() {
    let header = "6c000000002870fffe800000000000000000000000000001ff020000000000000000000000000012";
    let message =
        "3133c80200647ac9fe80000000000000000000005e00023320010db8000000000000000000000100";
    let frame = frame(&bytes(&format!("33330000001200005e00023386dd{header}{message}")));
    let Some((_, Kind::Advert(advert))) = frame else { panic!("{frame:?}") };
    let list: [IpAddr; 2] = ["fe80::5e00:233".parse().unwrap(), "2001:db8::100".parse().unwrap()];
    assert_eq!(advert.addresses, list);
    assert_eq!((advert.ttl, advert.checksum), (255, Checksum::PseudoHeader));
    assert_eq!(advert.source, "fe80::1".parse::<IpAddr>().unwrap());
}

#[test]
fn an_unsolicited_neighbour_advertisement_announces_a_solicited_one_answers() {
    let ip = "33330000000100005e00023386dd6000000000203aff20010db8000000000000000000000100\
              ff020000000000000000000000000001";
    let rest = "00000020010db8000000000000000000000100020100005e000233";
    let address: IpAddr = "2001:db8::100".parse().unwrap();
    let mac = Mac([0, 0, 0x5e, 0, 2, 0x33]);
    let told = |flags| frame(&bytes(&format!("{ip}880018fa{flags}{rest}"))).map(|(_, kind)| kind);
    assert_eq!(told("a0"), Some(Kind::Garp { address, mac }));
    let target = "ff02::1".parse().unwrap();
    assert_eq!(told("60"), Some(Kind::Answer { sender: address, mac, target }));
    let asks = frame(&bytes(&format!("{ip}8700000000{rest}"))).map(|(_, kind)| kind);
    assert_eq!(asks, Some(Kind::Question { sender: address, target: address }));
}

#[test]
fn ethernet_padding_is_no_part_of_an_advert() {
    let padded = format!("{ETHERNET}{IP}3133c80100644402c0000264{}", "00".repeat(14));
    assert!(matches!(frame(&bytes(&padded)), Some((_, Kind::Advert(_)))));
}

#[test]
fn a_gratuitous_arp_is_told_from_a_question_and_an_answer() {
    let virtual_ip = IpAddr::from([192, 0, 2, 100]);
    let asker = IpAddr::from([192, 0, 2, 7]);
    let mac = Mac([0, 0, 0x5e, 0, 1, 0x33]);
    let garp =
        "ffffffffffff00005e0001330806000108000604000100005e000133c0000264ffffffffffffc0000264";
    let asks =
        "ffffffffffff00005e0001330806000108000604000100005e000133c0000207000000000000c0000264";
    let answers =
        "00005e00010100005e0001330806000108000604000200005e000133c000026400005e000101c0000207";
    let kinds = [
        (garp, Kind::Garp { address: virtual_ip, mac }),
        (asks, Kind::Question { sender: asker, target: virtual_ip }),
        (answers, Kind::Answer { sender: virtual_ip, mac, target: asker }),
    ];
    for (text, kind) in kinds {
        assert_eq!(frame(&bytes(text)), Some((mac, kind)));
    }
}

/// The priority and the checksum's form of a message in a frame, if it is an advert.
fn check(header: &str, message: &str, expected: Option<(u8, Checksum)>) {
    let advert = match decoded(header, message) {
        Some((_, Kind::Advert(advert))) => Some(advert),
        Some(_) | None => None,
    };
    if let Some(advert) = &advert {
        let Advert { vrid, interval_cs, addresses, .. } = advert;
        let list = vec![IpAddr::from(Ipv4Addr::new(192, 0, 2, 100))];
        assert_eq!((*vrid, *interval_cs, addresses), (51, 100, &list));
    }
    assert_eq!(advert.map(|advert| (advert.priority, advert.checksum)), expected, "{message}");
}

fn decoded(header: &str, message: &str) -> Option<(Mac, Kind)> {
    frame(&bytes(&format!("{ETHERNET}{header}{message}")))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

const ETHERNET: &str = "01005e00001200005e0001330800";
