//! Datagrams whose lengths, counts and headers do not say the truth.

use super::*;

#[test]
fn padding_to_the_ethernet_minimum_is_ignored_and_no_more() {
    let mut datagram = both(T3, T3_MESSAGE);
    datagram.resize(46, 0xff);
    assert_eq!(read(AUTO, Datagram::V4(&datagram)), Ok((t3(), [ip(100)].to_vec())));
    datagram.push(0);
    assert_eq!(read(AUTO, Datagram::V4(&datagram)), Err(Discard::Length));
}

#[test]
fn a_datagram_cut_anywhere_is_refused() {
    for (protocol, datagram) in
        [(AUTO, both(T3, T3_MESSAGE)), (Protocol::V2(SECRET), both(T2, T2_MESSAGE))]
    {
        for length in 0..datagram.len() {
            let cut = Datagram::V4(&datagram[..length]);
            assert_eq!(read(protocol, cut), Err(Discard::Length), "{length} bytes");
        }
    }
    let message = hex(T5_MESSAGE);
    for length in 0..message.len() {
        let cut = v6(&message[..length]);
        assert_eq!(read(Protocol::V3Ipv6, cut), Err(Discard::Length), "{length} bytes");
    }
}

#[test]
fn a_total_length_that_lies_is_refused() {
    for total in [0, 19, 27, 31, 33] {
        let text = format!("45c000{total:02x}00000000ff700000c0000201e0000012");
        let datagram = [with_header_sum(&text), hex(T3_MESSAGE)].concat();
        assert_eq!(read(AUTO, Datagram::V4(&datagram)), Err(Discard::Length), "{total}");
    }
}

#[test]
fn a_count_that_lies_is_refused() {
    let (v2, v3, v6_message) = (both(T2, T2_MESSAGE), both(T3, T3_MESSAGE), hex(T5_MESSAGE));
    for count in 0..=255 {
        let lies = |bytes: &[u8], at: usize| {
            let mut lie = bytes.to_vec();
            lie[at] = count;
            lie
        };
        let lie = lies(&v2, 23);
        check_count(count == 2, read(Protocol::V2(SECRET), Datagram::V4(&lie)));
        let lie = lies(&v3, 23);
        check_count(count == 1, read(AUTO, Datagram::V4(&lie)));
        let lie = lies(&v6_message, 3);
        check_count(count == 2, read(Protocol::V3Ipv6, v6(&lie)));
    }
}

#[test]
fn more_message_than_counted_is_refused() {
    let header = with_header_sum("45c0002400000000ff700000c0000201e0000012");
    let datagram = [header, hex(T3_MESSAGE), hex("00000000")].concat();
    assert_eq!(read(AUTO, Datagram::V4(&datagram)), Err(Discard::Length));
    let longer = [hex(T5_MESSAGE), hex("00")].concat();
    assert_eq!(read(Protocol::V3Ipv6, v6(&longer)), Err(Discard::Length));
}

#[test]
fn version_2_without_its_trailer_is_too_short() {
    let header = with_header_sum("45c0002000000000ff700000c0000201e0000012");
    let datagram = [header, hex(&T1_MESSAGE[..24])].concat();
    assert_eq!(read(PLAIN, Datagram::V4(&datagram)), Err(Discard::Length));
}

#[test]
fn version_3_with_a_trailer_of_zeroes_is_too_long() {
    let header = with_header_sum("45c0002800000000ff700000c0000201e0000012");
    let datagram = [header, hex(T3_MESSAGE), hex("0000000000000000")].concat();
    assert_eq!(read(AUTO, Datagram::V4(&datagram)), Err(Discard::Length));
}

#[test]
fn ip_options_are_skipped() {
    let header = with_header_sum("46c0002400000000ff700000c0000201e000001294040000");
    let datagram = [header, hex(T3_MESSAGE)].concat();
    assert_eq!(read(AUTO, Datagram::V4(&datagram)).unwrap().0, t3());
    let envelope = Envelope::open(Datagram::V4(&datagram)).unwrap();
    assert_eq!(envelope.vrid(), Ok(vrid(51)));
}

#[test]
fn options_longer_than_the_datagram_are_refused() {
    let header = with_header_sum("4fc0002000000000ff700000c0000201e0000012");
    let datagram = [header, hex(T3_MESSAGE)].concat();
    assert_eq!(read(AUTO, Datagram::V4(&datagram)), Err(Discard::Length));
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
        assert_eq!(read(AUTO, Datagram::V4(&datagram)), Err(Discard::Header), "{what}");
    }
    let wrong_sum = "45c0002000000000ff70189bc0000201e0000012";
    refused(AUTO, wrong_sum, T3_MESSAGE, Discard::Header);
}

#[test]
fn a_datagram_that_must_not_be_fragmented_is_fine() {
    let header = with_header_sum("45c0002000004000ff700000c0000201e0000012");
    let datagram = [header, hex(T3_MESSAGE)].concat();
    assert_eq!(read(AUTO, Datagram::V4(&datagram)).unwrap().0, t3());
}

#[test]
fn vrid_0_is_nobody() {
    refused(AUTO, T3, "3100c80100644435c0000264", Discard::Vrid);
    let datagram = both(T3, "3100c80100644435c0000264");
    let envelope = Envelope::open(Datagram::V4(&datagram)).unwrap();
    assert_eq!(envelope.vrid(), Err(Discard::Vrid));
    for length in 0..2 {
        let envelope = Envelope::open(v6(&[0x31][..length.min(1)])).unwrap();
        assert_eq!(envelope.vrid(), Err(Discard::Length));
    }
}

#[test]
fn an_authentication_that_does_not_exist_is_refused() {
    for kind in 2..=255 {
        let mut message = hex(T1_MESSAGE);
        message[4] = kind;
        set_sum(&mut message);
        let datagram = [hex(T1), message].concat();
        for auth in [Auth::None, SECRET] {
            let got = read(Protocol::V2(auth), Datagram::V4(&datagram));
            assert_eq!(got, Err(Discard::AuthType), "type {kind}");
        }
    }
}

#[test]
fn a_trailer_without_meaning_is_ignored() {
    let mut message = hex(T1_MESSAGE);
    message[12..].fill(0xab);
    set_sum(&mut message);
    assert!(read(PLAIN, Datagram::V4(&[hex(T1), message].concat())).is_ok());
}

#[test]
fn a_password_is_told_before_a_count_of_0_and_an_interval() {
    let header = with_header_sum("45c0002400000000ff700000c0000201e0000012");
    let mut message = hex("21336400010000007365637265743133");
    for (protocol, why) in [
        (Protocol::V2(SECRET), Discard::AuthFailure),
        (Protocol::V2(Auth::Password(*b"secret13")), Discard::NoAddresses),
    ] {
        set_sum(&mut message);
        let datagram = [header.clone(), message.clone()].concat();
        assert_eq!(read(protocol, Datagram::V4(&datagram)), Err(why));
    }
}

#[test]
fn a_version_2_interval_longer_than_ours_can_be_is_another_one() {
    for seconds in 0..=255 {
        let mut message = hex(T1_MESSAGE);
        message[5] = seconds;
        set_sum(&mut message);
        let datagram = [hex(T1), message].concat();
        let got = read(PLAIN, Datagram::V4(&datagram)).map(|(advert, _)| advert.interval.centis());
        let want = if matches!(seconds, 1..=40) {
            Ok(u16::from(seconds) * 100)
        } else {
            Err(Discard::Interval)
        };
        assert_eq!(got, want, "{seconds} s");
    }
}

/// 192.0.2.1 to 224.0.0.18 with 12 bytes sum to something; from 31.253.27.213 they sum to nothing.
#[test]
fn when_both_sums_are_the_same_each_policy_takes_it() {
    let nothing = |from: u32| {
        let pseudo: u32 = (from >> 16) + (from & 0xffff) + 0xe000 + 0x0012 + 112 + 12;
        pseudo.is_multiple_of(0xffff)
    };
    let from = (0x1f00_0000..0x1f02_0000).find(|from| nothing(*from)).unwrap();
    let forms = [Checksum::Rfc9568, Checksum::PseudoHeader];
    for form in forms {
        let advert = Advert { from: Ipv4Addr::from(from).into(), ..t3_as(form) };
        let datagram = emitted(&advert, &[ip(100)]);
        for policy in forms {
            let protocol = Protocol::V3Ipv4(ChecksumPolicy::Only(policy));
            let (read, _) = read(protocol, Datagram::V4(&datagram)).unwrap();
            assert_eq!(read.format, Format::V3Ipv4(policy), "sent as {form:?}");
        }
        let (read, _) = read(AUTO, Datagram::V4(&datagram)).unwrap();
        assert_eq!(read.format, Format::V3Ipv4(Checksum::PseudoHeader));
    }
}

// --- helpers ---

fn t3() -> Advert {
    t3_as(Checksum::Rfc9568)
}

fn t3_as(form: Checksum) -> Advert {
    advert(1, 200, 100, Format::V3Ipv4(form))
}

/// A right count has a wrong sum now unless it is the true one.
#[track_caller]
fn check_count(truth: bool, got: Result<(Advert, Vec<IpAddr>), Discard>) {
    match got {
        Ok(_) => assert!(truth),
        Err(why) => assert_eq!((why, truth), (Discard::Length, false)),
    }
}

/// Makes the sum of a message without pseudo-header right.
fn set_sum(message: &mut [u8]) {
    message[6..8].fill(0);
    let right = sum::complement(sum::sum(message)).to_be_bytes();
    message[6..8].copy_from_slice(&right);
}
