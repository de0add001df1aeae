//! The wire vectors of `vrrp.md` section 12: what is parsed of them, and that the valid ones are
//! what we would send.

#![allow(clippy::indexing_slicing)]

use std::format;
use std::vec::Vec;

use super::*;
use crate::router::Protocol;
use crate::{Checksum, ChecksumPolicy};

mod lies;
mod properties;

const T1: &str = "45c0002800000000ff701892c0000201e0000012";
const T1_MESSAGE: &str = "213364010001b865c00002640000000000000000";
const T2: &str = "45c0002c00000000ff70188ec0000201e0000012";
const T2_MESSAGE: &str = "2133960201015580c0000264c00002657365637265743132";
const T3: &str = "45c0002000000000ff70189ac0000201e0000012";
const T3_MESSAGE: &str = "3133c80100644402c0000264";
const T4_MESSAGE: &str = "3133c8010064a171c0000264";
const T5_MESSAGE: &str =
    "3133c80200647ac9fe80000000000000000000005e00023320010db8000000000000000000000100";

const AUTO: Protocol = Protocol::V3Ipv4(ChecksumPolicy::Auto);
const RFC9568: Protocol = Protocol::V3Ipv4(ChecksumPolicy::Only(Checksum::Rfc9568));
const PSEUDO: Protocol = Protocol::V3Ipv4(ChecksumPolicy::Only(Checksum::PseudoHeader));
const PLAIN: Protocol = Protocol::V2(Auth::None);
const SECRET: Auth = Auth::Password(*b"secret12");

#[test]
fn t1_version_2() {
    let advert = advert(1, 100, 100, Format::V2(Auth::None));
    reads(PLAIN, T1, T1_MESSAGE, &advert, &[ip(100)]);
    is_written(&advert, &[ip(100)], T1, T1_MESSAGE);
}

#[test]
fn t2_version_2_with_a_password() {
    let advert = advert(1, 150, 100, Format::V2(SECRET));
    reads(Protocol::V2(SECRET), T2, T2_MESSAGE, &advert, &[ip(100), ip(101)]);
    is_written(&advert, &[ip(100), ip(101)], T2, T2_MESSAGE);
    refused(PLAIN, T2, T2_MESSAGE, Discard::AuthMismatch);
    refused(Protocol::V2(SECRET), T1, T1_MESSAGE, Discard::AuthMismatch);
    let other = Protocol::V2(Auth::Password(*b"secret13"));
    refused(other, T2, T2_MESSAGE, Discard::AuthFailure);
}

#[test]
fn t3_an_rfc_9568_sum() {
    let advert = advert(1, 200, 100, Format::V3Ipv4(Checksum::Rfc9568));
    reads(AUTO, T3, T3_MESSAGE, &advert, &[ip(100)]);
    reads(RFC9568, T3, T3_MESSAGE, &advert, &[ip(100)]);
    is_written(&advert, &[ip(100)], T3, T3_MESSAGE);
    refused(PSEUDO, T3, T3_MESSAGE, Discard::Checksum);
}

#[test]
fn t4_a_pseudo_header_sum() {
    let advert = advert(1, 200, 100, Format::V3Ipv4(Checksum::PseudoHeader));
    reads(AUTO, T3, T4_MESSAGE, &advert, &[ip(100)]);
    reads(PSEUDO, T3, T4_MESSAGE, &advert, &[ip(100)]);
    is_written(&advert, &[ip(100)], T3, T4_MESSAGE);
    refused(RFC9568, T3, T4_MESSAGE, Discard::Checksum);
}

#[test]
fn t5_ipv6() {
    let advert = Advert {
        from: "fe80::1".parse().unwrap(),
        to: MULTICAST_V6.into(),
        ..advert(1, 200, 100, Format::V3Ipv6)
    };
    let addresses = ["fe80::5e00:233".parse().unwrap(), "2001:db8::100".parse().unwrap()];
    let message = hex(T5_MESSAGE);
    assert_eq!(read(Protocol::V3Ipv6, v6(&message)), Ok((advert, addresses.to_vec())));
    assert_eq!(emitted(&advert, &addresses), message);
}

#[test]
fn t6_priority_0() {
    let header = "45c0002000000000ff701899c0000202e0000012";
    let advert = Advert { vrid: vrid(7), ..advert(2, 0, 25, Format::V3Ipv4(Checksum::Rfc9568)) };
    reads(AUTO, header, "3107000100190cd7c0000207", &advert, &[ip(7)]);
    is_written(&advert, &[ip(7)], header, "3107000100190cd7c0000207");
}

#[test]
fn t7_the_owner_with_a_reserved_nibble_set() {
    let header = "45c0002800000000ff701891c0000202e0000012";
    let message = "3107ff03ffff89dac0000207c0000208c0000209";
    let advert =
        Advert { vrid: vrid(7), ..advert(2, 255, 4095, Format::V3Ipv4(Checksum::Rfc9568)) };
    reads(AUTO, header, message, &advert, &[ip(7), ip(8), ip(9)]);
    // We send the nibble as zero.
    let ours = "3107ff030fff79dbc0000207c0000208c0000209";
    is_written(&advert, &[ip(7), ip(8), ip(9)], header, ours);
}

#[test]
fn t8_came_through_a_router() {
    let header = "45c0002000000000fe70199ac0000201e0000012";
    let (advert, _) = read(AUTO, Datagram::V4(&both(header, T3_MESSAGE))).unwrap();
    assert_eq!(advert.ttl, 254, "the election refuses it");
}

#[test]
fn t9_a_wrong_sum() {
    refused(AUTO, T3, "3133c80100644403c0000264", Discard::Checksum);
}

#[test]
fn t10_fewer_addresses_than_counted() {
    refused(AUTO, T3, "3133c80200644401c0000264", Discard::Length);
}

#[test]
fn t11_no_address() {
    let header = "45c0001c00000000ff70189ec0000201e0000012";
    refused(AUTO, header, "3133c80000640668", Discard::NoAddresses);
}

#[test]
fn t12_a_global_address_first_is_well_formed() {
    let message = hex("3133640100643d8f20010db8000000000000000000000100");
    let (advert, addresses) = read(Protocol::V3Ipv6, v6(&message)).unwrap();
    assert_eq!(advert.priority.get(), 100);
    assert_eq!(addresses, ["2001:db8::100".parse::<IpAddr>().unwrap()], "admission has a say");
}

#[test]
fn t13_interval_0() {
    refused(AUTO, T3, "3133c80100004466c0000264", Discard::Interval);
}

#[test]
fn t14_another_type() {
    refused(AUTO, T3, "3233c80100644302c0000264", Discard::Type);
}

#[test]
fn t15_unicast_from_afar_sums_the_real_destination() {
    let header = "45c00020000000004070f5aac0000201c0000202";
    let advert = Advert {
        to: ip(2),
        ttl: 64,
        ..advert(1, 200, 100, Format::V3Ipv4(Checksum::PseudoHeader))
    };
    reads(AUTO, header, "3133c8010064bf81c0000264", &advert, &[ip(100)]);
    is_written(&advert, &[ip(100)], header, "3133c8010064bf81c0000264");
}

#[test]
fn t16_a_header_cut_short() {
    let header = with_header_sum("45c0001900000000ff700000c0000201e0000012");
    let datagram = [header, hex("2133640100")].concat();
    assert_eq!(read(PLAIN, Datagram::V4(&datagram)), Err(Discard::Length));
    let envelope = Envelope::open(Datagram::V4(&datagram)).unwrap();
    assert_eq!(envelope.vrid(), Ok(vrid(51)), "whose error it is can be told");
}

#[test]
fn another_version_is_that_whatever_its_length_and_sum() {
    refused(AUTO, T1, T1_MESSAGE, Discard::Version);
    refused(AUTO, T2, T2_MESSAGE, Discard::Version);
    refused(PLAIN, T3, T3_MESSAGE, Discard::Version);
    refused(AUTO, T3, "4133c80200640000c0000264", Discard::Version);
    refused(Protocol::V3Ipv6, T3, T3_MESSAGE, Discard::Version);
    for protocol in [PLAIN, AUTO] {
        assert_eq!(read(protocol, v6(&hex(T5_MESSAGE))), Err(Discard::Version));
    }
}

#[test]
fn emit_takes_1_to_255_addresses_and_90_of_ipv6() {
    let mut buffer = [0; MAX_DATAGRAM];
    for (format, most) in [
        (Format::V2(Auth::None), 255),
        (Format::V3Ipv4(Checksum::Rfc9568), 255),
        (Format::V3Ipv6, 90),
    ] {
        let (advert, address) = match format {
            Format::V3Ipv6 => (v6_advert(), "2001:db8::1".parse().unwrap()),
            Format::V2(_) | Format::V3Ipv4(_) => (advert(1, 100, 100, format), ip(1)),
        };
        let list = |count| std::vec![address; count];
        assert_eq!(emit(&advert, &list(0), &mut buffer), None);
        assert_eq!(emit(&advert, &list(most + 1), &mut buffer), None, "{format:?}");
        let length = emit(&advert, &list(most), &mut buffer).unwrap();
        let (_, addresses) = read(protocol(format), received(&advert, &buffer[..length])).unwrap();
        assert_eq!(addresses.len(), most);
    }
}

#[test]
fn emit_says_nothing_that_the_format_cannot_say() {
    let mut buffer = [0; MAX_DATAGRAM];
    let slow = |centis| advert(1, 100, centis, Format::V2(Auth::None));
    assert_eq!(emit(&slow(150), &[ip(1)], &mut buffer), None, "version 2 knows whole seconds");
    assert_eq!(emit(&slow(4000), &[ip(1)], &mut buffer), Some(40));
    let family = [advert(1, 100, 100, Format::V2(Auth::None)), v6_advert()];
    assert_eq!(emit(&family[0], &["fe80::1".parse().unwrap()], &mut buffer), None);
    assert_eq!(emit(&family[1], &[ip(1)], &mut buffer), None);
    let mixed = Advert { to: MULTICAST_V6.into(), ..family[0] };
    assert_eq!(emit(&mixed, &[ip(1)], &mut buffer), None);
}

// --- helpers ---

/// From 192.0.2.`from` to the multicast group, of VRID 51.
fn advert(from: u8, priority: u8, centis: u16, format: Format) -> Advert {
    Advert {
        from: ip(from),
        to: MULTICAST.into(),
        ttl: TTL,
        vrid: vrid(51),
        priority: Priority::from_wire(priority),
        interval: Interval::from_centis(centis).unwrap(),
        format,
    }
}

fn v6_advert() -> Advert {
    let from = "fe80::1".parse().unwrap();
    Advert { from, to: MULTICAST_V6.into(), ..advert(1, 100, 100, Format::V3Ipv6) }
}

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

fn vrid(number: u8) -> Vrid {
    Vrid::new(number).unwrap()
}

/// The protocol that accepts this format alone.
fn protocol(format: Format) -> Protocol {
    match format {
        Format::V2(auth) => Protocol::V2(auth),
        Format::V3Ipv4(form) => Protocol::V3Ipv4(ChecksumPolicy::Only(form)),
        Format::V3Ipv6 => Protocol::V3Ipv6,
    }
}

#[track_caller]
fn reads(protocol: Protocol, header: &str, message: &str, want: &Advert, addresses: &[IpAddr]) {
    let datagram = both(header, message);
    let got = read(protocol, Datagram::V4(&datagram));
    assert_eq!(got, Ok((*want, addresses.to_vec())));
}

#[track_caller]
fn is_written(advert: &Advert, addresses: &[IpAddr], header: &str, message: &str) {
    assert_eq!(emitted(advert, addresses), both(header, message));
}

#[track_caller]
fn refused(protocol: Protocol, header: &str, message: &str, why: Discard) {
    assert_eq!(read(protocol, Datagram::V4(&both(header, message))), Err(why));
}

fn read(protocol: Protocol, datagram: Datagram<'_>) -> Result<(Advert, Vec<IpAddr>), Discard> {
    let (advert, addresses) = Envelope::open(datagram)?.read(protocol)?;
    Ok((advert, addresses.iter().collect()))
}

/// The bytes of `emit` as they come in at the other side.
fn received<'a>(advert: &Advert, bytes: &'a [u8]) -> Datagram<'a> {
    match (advert.from, advert.to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            Datagram::V6 { from, to, hops: advert.ttl, message: bytes }
        }
        _ => Datagram::V4(bytes),
    }
}

fn emitted(advert: &Advert, addresses: &[IpAddr]) -> Vec<u8> {
    let mut buffer = [0xaa; MAX_DATAGRAM];
    let length = emit(advert, addresses, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// From fe80::1 to the group.
fn v6(message: &[u8]) -> Datagram<'_> {
    let from = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    Datagram::V6 { from, to: MULTICAST_V6, hops: TTL, message }
}

/// A header whose sum is zero in `text`, with the right one.
fn with_header_sum(text: &str) -> Vec<u8> {
    let mut header = hex(text);
    let right = sum::complement(sum::sum(&header)).to_be_bytes();
    header[10..12].copy_from_slice(&right);
    header
}

fn both(header: &str, message: &str) -> Vec<u8> {
    [hex(header), hex(message)].concat()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}
