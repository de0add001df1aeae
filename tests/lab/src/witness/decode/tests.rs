use std::net::Ipv4Addr;

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
fn another_version_type_or_length_is_not_an_advert() {
    let version_2 = "45c0002800000000ff701892c0000201e0000012";
    check(version_2, "213364010001b865c00002640000000000000000", None);
    check(IP, "3233c80100644302c0000264", None);
    check(IP, "3133c80200644401c0000264", None);
    check(IP, "3133c801", None);
}

#[test]
fn ethernet_padding_is_no_part_of_an_advert() {
    let padded = format!("{ETHERNET}{IP}3133c80100644402c0000264{}", "00".repeat(14));
    assert!(matches!(frame(&bytes(&padded)), Some((_, Kind::Advert(_)))));
}

#[test]
fn a_gratuitous_arp_is_told_from_a_question_and_an_answer() {
    let virtual_ip = Ipv4Addr::new(192, 0, 2, 100);
    let asker = Ipv4Addr::new(192, 0, 2, 7);
    let mac = Mac([0, 0, 0x5e, 0, 1, 0x33]);
    let garp =
        "ffffffffffff00005e0001330806000108000604000100005e000133c0000264ffffffffffffc0000264";
    let asks =
        "ffffffffffff00005e0001330806000108000604000100005e000133c0000207000000000000c0000264";
    let answers =
        "00005e00010100005e0001330806000108000604000200005e000133c000026400005e000101c0000207";
    let kinds = [
        (garp, Kind::Garp { address: virtual_ip, mac }),
        (asks, Kind::ArpRequest { sender: asker, target: virtual_ip }),
        (answers, Kind::ArpReply { sender: virtual_ip, mac, target: asker }),
    ];
    for (text, kind) in kinds {
        assert_eq!(frame(&bytes(text)), Some((mac, kind)));
    }
}

/// The priority and the checksum's form of a message in a frame, if it is an advert.
fn check(header: &str, message: &str, expected: Option<(u8, Checksum)>) {
    let advert = match frame(&bytes(&format!("{ETHERNET}{header}{message}"))) {
        Some((_, Kind::Advert(advert))) => Some(advert),
        Some(_) | None => None,
    };
    if let Some(advert) = &advert {
        let Advert { vrid, interval_cs, addresses, .. } = advert;
        let list = vec![Ipv4Addr::new(192, 0, 2, 100)];
        assert_eq!((*vrid, *interval_cs, addresses), (51, 100, &list));
    }
    assert_eq!(advert.map(|advert| (advert.priority, advert.checksum)), expected, "{message}");
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

const ETHERNET: &str = "01005e00001200005e0001330800";
