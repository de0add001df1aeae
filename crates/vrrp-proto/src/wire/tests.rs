//! The wire vectors of `vrrp.md` section 12 (T for VRRPv3 over IPv4), and lies about lengths.

#![allow(clippy::indexing_slicing)]

use std::vec::Vec;

use super::*;

mod properties;

const T3: &str = "45c0002000000000ff70189ac0000201e0000012";
const T3_MESSAGE: &str = "3133c80100644402c0000264";
const T4_MESSAGE: &str = "3133c8010064a171c0000264";

#[test]
fn t3_an_rfc_9568_sum() {
    let (advert, addresses) = parse_hex(T3, T3_MESSAGE).unwrap();
    assert_eq!(advert, t3(Checksum::Rfc9568));
    assert_eq!(addresses, [ip(100)]);
}

#[test]
fn t4_a_pseudo_header_sum() {
    let (advert, addresses) = parse_hex(T3, T4_MESSAGE).unwrap();
    assert_eq!(advert, t3(Checksum::PseudoHeader));
    assert_eq!(addresses, [ip(100)]);
}

#[test]
fn t6_priority_0() {
    let header = "45c0002000000000ff701899c0000202e0000012";
    let (advert, addresses) = parse_hex(header, "3107000100190cd7c0000207").unwrap();
    let interval = Interval::from_centis(25).unwrap();
    let (vrid, priority) = (Vrid::new(7).unwrap(), Priority::RELEASE);
    let checksum = Checksum::Rfc9568;
    let (from, to) = (ip(2), MULTICAST);
    assert_eq!(advert, Advert { from, to, vrid, priority, interval, checksum });
    assert_eq!(addresses, [ip(7)]);
}

#[test]
fn t7_the_owner_with_a_reserved_nibble_set() {
    let header = "45c0002800000000ff701891c0000202e0000012";
    let message = "3107ff03ffff89dac0000207c0000208c0000209";
    let (advert, addresses) = parse_hex(header, message).unwrap();
    assert_eq!(advert.priority, Priority::OWNER);
    assert_eq!(advert.interval, Interval::MAX);
    assert_eq!(addresses, [ip(7), ip(8), ip(9)]);
}

#[test]
fn t8_came_through_a_router() {
    refused("45c0002000000000fe70199ac0000201e0000012", T3_MESSAGE, Discard::Ttl);
}

#[test]
fn t9_a_wrong_sum() {
    refused(T3, "3133c80100644403c0000264", Discard::Checksum);
}

#[test]
fn t10_fewer_addresses_than_counted() {
    refused(T3, "3133c80200644401c0000264", Discard::Length);
}

#[test]
fn t11_no_address() {
    refused("45c0001c00000000ff70189ec0000201e0000012", "3133c80000640668", Discard::NoAddresses);
}

#[test]
fn t13_interval_0() {
    refused(T3, "3133c80100004466c0000264", Discard::Interval);
}

#[test]
fn t14_another_type() {
    refused(T3, "3233c80100644302c0000264", Discard::Type);
}

#[test]
fn t15_unicast_from_afar() {
    refused("45c00020000000004070f5aac0000201c0000202", "3133c8010064bf81c0000264", Discard::Ttl);
}

#[test]
fn t15_unicast_from_the_link_sums_the_real_destination() {
    let header = with_header_sum("45c0002000000000ff700000c0000201c0000202");
    let datagram = [header, hex("3133c8010064bf81c0000264")].concat();
    let (advert, _) = parse(&datagram).unwrap();
    assert_eq!((advert.to, advert.checksum), (ip(2), Checksum::PseudoHeader));
}

#[test]
fn t1_and_t2_are_another_version_whatever_their_length() {
    refused(
        "45c0002800000000ff701892c0000201e0000012",
        "213364010001b865c00002640000000000000000",
        Discard::Version,
    );
    refused(
        "45c0002c00000000ff70188ec0000201e0000012",
        "2133960201015580c0000264c00002657365637265743132",
        Discard::Version,
    );
}

#[test]
fn vrid_0_is_nobody() {
    refused(T3, "3100c80100644435c0000264", Discard::Vrid);
}

#[test]
fn emit_writes_the_vectors() {
    let want = |message| [hex(T3), hex(message)].concat();
    assert_eq!(emitted(&t3(Checksum::Rfc9568), &[ip(100)]), want(T3_MESSAGE));
    assert_eq!(emitted(&t3(Checksum::PseudoHeader), &[ip(100)]), want(T4_MESSAGE));
}

#[test]
fn emit_takes_1_to_255_addresses() {
    let mut buffer = [0; MAX_DATAGRAM];
    let advert = t3(Checksum::Rfc9568);
    assert_eq!(emit(&advert, &[], &mut buffer), None);
    assert_eq!(emit(&advert, &[ip(1); 256], &mut buffer), None);
    assert_eq!(emit(&advert, &[ip(1); 255], &mut buffer), Some(MAX_DATAGRAM));
    assert_eq!(parse(&buffer).unwrap().1.len(), 255);
}

#[test]
fn padding_to_the_ethernet_minimum_is_ignored_and_no_more() {
    let mut datagram = [hex(T3), hex(T3_MESSAGE)].concat();
    datagram.resize(46, 0xff);
    assert_eq!(parse(&datagram).unwrap().1, [ip(100)]);
    datagram.push(0);
    assert_eq!(parse(&datagram), Err(Discard::Length));
}

#[test]
fn a_datagram_cut_anywhere_is_refused() {
    let datagram = [hex(T3), hex(T3_MESSAGE)].concat();
    for length in 0..datagram.len() {
        assert_eq!(parse(&datagram[..length]), Err(Discard::Length), "{length} bytes");
    }
}

#[test]
fn a_total_length_that_lies_is_refused() {
    for (total, why) in [(19, Discard::Length), (27, Discard::Length), (31, Discard::Length)] {
        let header =
            with_header_sum(&std::format!("45c000{total:02x}00000000ff700000c0000201e0000012"));
        let datagram = [header, hex(T3_MESSAGE)].concat();
        assert_eq!(parse(&datagram), Err(why), "total length {total}");
    }
}

#[test]
fn more_message_than_counted_is_refused() {
    let header = with_header_sum("45c0002400000000ff700000c0000201e0000012");
    let datagram = [header, hex(T3_MESSAGE), hex("00000000")].concat();
    assert_eq!(parse(&datagram), Err(Discard::Length));
}

#[test]
fn ip_options_are_skipped() {
    let header = with_header_sum("46c0002400000000ff700000c0000201e000001294040000");
    let datagram = [header, hex(T3_MESSAGE)].concat();
    assert_eq!(parse(&datagram).unwrap().0, t3(Checksum::Rfc9568));
    assert_eq!(vrid(&datagram), Vrid::new(51));
}

#[test]
fn what_is_no_whole_ipv4_datagram_of_vrrp_is_refused() {
    for (header, what) in [
        ("65c0002000000000ff700000c0000201e0000012", "version 6"),
        ("44c0002000000000ff700000c0000201e0000012", "a header of 16 bytes"),
        ("45c0002000000000ff710000c0000201e0000012", "protocol 113"),
        ("45c0002000002000ff700000c0000201e0000012", "more fragments"),
        ("45c0002000000001ff700000c0000201e0000012", "a later fragment"),
    ] {
        let datagram = [with_header_sum(header), hex(T3_MESSAGE)].concat();
        assert_eq!(parse(&datagram), Err(Discard::Header), "{what}");
    }
    refused("45c0002000000000ff70189bc0000201e0000012", T3_MESSAGE, Discard::Header);
}

#[test]
fn a_datagram_that_must_not_be_fragmented_is_fine() {
    let header = with_header_sum("45c0002000004000ff700000c0000201e0000012");
    assert_eq!(parse(&[header, hex(T3_MESSAGE)].concat()).unwrap().0, t3(Checksum::Rfc9568));
}

// --- helpers ---

fn t3(checksum: Checksum) -> Advert {
    Advert {
        from: ip(1),
        to: MULTICAST,
        vrid: Vrid::new(51).unwrap(),
        priority: Priority::new(200).unwrap(),
        interval: Interval::DEFAULT,
        checksum,
    }
}

const fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, last)
}

#[track_caller]
fn refused(header: &str, message: &str, why: Discard) {
    assert_eq!(parse_hex(header, message), Err(why));
}

fn parse_hex(header: &str, message: &str) -> Result<(Advert, Vec<Ipv4Addr>), Discard> {
    let datagram = [hex(header), hex(message)].concat();
    parse(&datagram).map(|(advert, addresses)| (advert, addresses.iter().collect()))
}

fn emitted(advert: &Advert, addresses: &[Ipv4Addr]) -> Vec<u8> {
    let mut buffer = [0xaa; MAX_DATAGRAM];
    let length = emit(advert, addresses, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// A header whose sum is zero in `text`, with the right one.
fn with_header_sum(text: &str) -> Vec<u8> {
    let mut header = hex(text);
    let right = sum::complement(sum::sum(&header)).to_be_bytes();
    header[10..12].copy_from_slice(&right);
    header
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

impl PartialEq<[Ipv4Addr; 1]> for Addresses<'_> {
    fn eq(&self, other: &[Ipv4Addr; 1]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}
