//! The rows, in their order.

use super::*;

#[test]
fn a_peer_that_is_configured_as_we_are_is_kept() {
    for protocol in EACH {
        keeps(settings(protocol), &sent(theirs(protocol), &ours(protocol)), &[]);
        keeps(strict(protocol), &sent(theirs(protocol), &ours(protocol)), &[]);
    }
}

#[test]
fn row_1_the_ttl_of_multicast_is_255() {
    for protocol in EACH {
        for ttl in [0, 1, 254] {
            let afar = Advert { ttl, ..theirs(protocol) };
            let afar = sent(afar, &ours(protocol));
            discards(settings(protocol), &afar, Discard::Ttl);
            // Whatever unicast would allow.
            discards(unicast(protocol, 1), &afar, Discard::Ttl);
        }
    }
}

#[test]
fn row_1_the_ttl_of_unicast_is_what_the_settings_say() {
    for protocol in EACH {
        let to_us = |ttl| {
            let advert = Advert { ttl, to: host(protocol, 1), ..theirs(protocol) };
            sent(advert, &ours(protocol))
        };
        discards(unicast(protocol, 255), &to_us(254), Discard::Ttl);
        discards(unicast(protocol, 254), &to_us(253), Discard::Ttl);
        keeps(unicast(protocol, 254), &to_us(254), &[]);
        keeps(unicast(protocol, 254), &to_us(255), &[]);
        // T15: before it is told that multicast is expected.
        discards(settings(protocol), &to_us(64), Discard::Ttl);
    }
}

#[test]
fn row_1_comes_before_every_other() {
    let nobody = Advert { ttl: 254, vrid: vrid(99), ..theirs(V3) };
    let mut broken = sent(nobody, &[vip(9)]);
    broken.message()[3..].fill(0xee);
    let mut election = started(settings(V3));
    election.handle(ms(0), Event::Datagram(LINK, broken.datagram()));
    assert_eq!(errors(&election), [("ip-ttl-errors", 1)]);
    assert_eq!(election.seats(ONE)[0].last_discard(), None, "it was not for us");
}

#[test]
fn row_2_lengths() {
    for protocol in EACH {
        for count in [0, 1, 2, 4, 255] {
            let mut lie = sent(theirs(protocol), &ours(protocol));
            lie.message()[3] = count;
            discards(settings(protocol), &lie, Discard::Length);
        }
    }
    let v6 = Protocol::V3Ipv6;
    let whole = sent(theirs(v6), &ours(v6));
    for length in 2..whole.bytes.len() {
        let cut = Sent { advert: whole.advert, bytes: whole.bytes[..length].to_vec() };
        discards(settings(v6), &cut, Discard::Length);
    }
}

#[test]
fn too_short_to_name_anybody_concerns_nobody() {
    for length in 0..2 {
        let mut cut = sent(theirs(Protocol::V3Ipv6), &ours(Protocol::V3Ipv6));
        cut.bytes.truncate(length);
        let mut election = started(settings(Protocol::V3Ipv6));
        election.handle(ms(0), Event::Datagram(LINK, cut.datagram()));
        assert_eq!(errors(&election), [("ip-header-errors", 1)]);
        assert_eq!(election.seats(ONE)[0].last_discard(), None);
    }
    let mut election = started(settings(V3));
    election.handle(ms(0), Event::Datagram(LINK, Datagram::V4(&[])));
    assert_eq!(errors(&election), [("ip-header-errors", 1)]);
}

#[test]
fn row_3_the_version_is_the_configured_one() {
    discards(settings(V2), &sent(theirs(V3), &ours(V3)), Discard::Version);
    discards(settings(V3), &sent(theirs(V2), &ours(V2)), Discard::Version);
    for protocol in EACH {
        for version in [0, 1, 4, 15] {
            let mut other = sent(theirs(protocol), &ours(protocol));
            other.message()[0] = version << 4 | 1;
            discards(settings(protocol), &other, Discard::Version);
        }
    }
}

#[test]
fn row_4_the_type_is_advertisement() {
    for protocol in EACH {
        for kind in [0, 2, 15] {
            let mut other = sent(theirs(protocol), &ours(protocol));
            let message = other.message();
            message[0] = message[0] & 0xf0 | kind;
            discards(settings(protocol), &other, Discard::Type);
        }
    }
}

#[test]
fn row_5_the_checksum() {
    for protocol in EACH {
        let mut wrong = sent(theirs(protocol), &ours(protocol));
        wrong.message()[7] ^= 1;
        discards(settings(protocol), &wrong, Discard::Checksum);
    }
    for (ours_is, theirs_is) in
        [(Checksum::Rfc9568, Checksum::PseudoHeader), (Checksum::PseudoHeader, Checksum::Rfc9568)]
    {
        let only = Protocol::V3Ipv4(ChecksumPolicy::Only(ours_is));
        let refused = Advert { format: Format::V3Ipv4(theirs_is), ..theirs(V3) };
        discards(settings(only), &sent(refused, &ours(V3)), Discard::Checksum);
        let right = Advert { format: Format::V3Ipv4(ours_is), ..theirs(V3) };
        keeps(settings(only), &sent(right, &ours(V3)), &[]);
    }
}

#[test]
fn row_6_the_number_is_ours_on_this_link_in_this_family() {
    for protocol in EACH {
        let foreign = Advert { vrid: vrid(52), ..theirs(protocol) };
        discards(settings(protocol), &sent(foreign, &ours(protocol)), Discard::Vrid);
        let nobody = sent(theirs(protocol), &ours(protocol)).rewritten(|message| message[1] = 0);
        discards(settings(protocol), &nobody, Discard::Vrid);
    }
    discards(settings(Protocol::V3Ipv6), &sent(theirs(V3), &ours(V3)), Discard::Vrid);
    let mut election = started(settings(V3));
    let advert = sent(theirs(V3), &ours(V3));
    election.handle(ms(0), Event::Datagram(LinkId(4), advert.datagram()));
    assert_eq!(errors(&election), [("vrid-errors", 1)]);
}

/// The order that saves the sum: nothing of a foreign datagram is looked at but its number.
#[test]
fn row_6_comes_before_the_rows_that_read_the_message() {
    for protocol in EACH {
        for at in [0, 3, 4, 6] {
            let foreign = Advert { vrid: vrid(52), ..theirs(protocol) };
            let mut broken = sent(foreign, &ours(protocol));
            broken.message()[at] ^= 0x55;
            discards(settings(protocol), &broken, Discard::Vrid);
        }
    }
}

#[test]
fn row_7_authentication() {
    let advert = |auth| sent(Advert { format: Format::V2(auth), ..theirs(V2) }, &ours(V2));
    discards(settings(V2), &advert(Auth::None), Discard::AuthMismatch);
    discards(settings(V2), &advert(Auth::Password(*b"secret13")), Discard::AuthFailure);
    let plain = settings(Protocol::V2(Auth::None));
    discards(plain.clone(), &advert(Auth::Password(*b"secret12")), Discard::AuthMismatch);
    keeps(plain.clone(), &advert(Auth::None), &[]);
    for kind in [2, 3, 255] {
        let other = advert(Auth::None).rewritten(|message| message[4] = kind);
        discards(plain.clone(), &other, Discard::AuthType);
        let other = advert(Auth::None).rewritten(|message| message[4] = kind);
        discards(settings(V2), &other, Discard::AuthType);
    }
}

#[test]
fn row_8_no_address() {
    for protocol in EACH {
        let list_bytes = if protocol == Protocol::V3Ipv6 { 16 } else { 4 };
        let mut empty = sent(theirs(protocol), &ours(protocol)[..1]);
        let header_bytes = if protocol == Protocol::V3Ipv6 { 0 } else { 20 };
        empty.bytes.drain(header_bytes + 8..header_bytes + 8 + list_bytes);
        if header_bytes > 0 {
            empty.bytes[3] -= 4;
            let sum = u16::from_be_bytes([empty.bytes[10], empty.bytes[11]]) + 4;
            empty.bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        let empty = empty.rewritten(|message| message[3] = 0);
        discards(settings(protocol), &empty, Discard::NoAddresses);
    }
}

#[test]
fn row_9_another_interval() {
    for centis in [1, 99, 101, 4095] {
        for protocol in [V3, Protocol::V3Ipv6] {
            let slow = sent(Advert { interval: cs(centis), ..theirs(protocol) }, &ours(protocol));
            keeps(settings(protocol), &slow, &[("interval-errors", 1)]);
            keeps(strict(protocol), &slow, &[("interval-errors", 1)]);
        }
    }
    for seconds in [0, 2, 40, 41, 60, 255] {
        let slow = sent(theirs(V2), &ours(V2)).rewritten(|message| message[5] = seconds);
        discards(settings(V2), &slow, Discard::Interval);
    }
    for protocol in [V3, Protocol::V3Ipv6] {
        let never = sent(theirs(protocol), &ours(protocol)).rewritten(|message| {
            message[4..6].copy_from_slice(&[0xf0, 0]);
        });
        discards(settings(protocol), &never, Discard::Interval);
    }
}

#[test]
fn row_9_a_slow_version_2_is_heard_by_one_as_slow() {
    let slow = Settings { interval: cs(4000), ..settings(V2) };
    let advert = sent(Advert { interval: cs(4000), ..theirs(V2) }, &ours(V2));
    keeps(slow, &advert, &[]);
}

#[test]
fn row_10_ipv6_begins_with_a_link_local_address() {
    let v6 = Protocol::V3Ipv6;
    // As keepalived sends it when told so; we hold the same three.
    let mut list = ours(v6);
    list.rotate_left(1);
    let swapped = sent(theirs(v6), &list);
    keeps(settings(v6), &swapped, &[("address-list-errors", 1)]);
    discards(strict(v6), &swapped, Discard::AddressList);
    // Neither our list nor begun right: counted once.
    let global = sent(theirs(v6), &[vip6("2001:db8::9")]);
    keeps(settings(v6), &global, &[("address-list-errors", 1)]);
    discards(strict(v6), &global, Discard::AddressList);
}

#[test]
fn row_11_another_list() {
    for protocol in EACH {
        let other = sent(theirs(protocol), &ours(protocol)[..2]);
        keeps(settings(protocol), &other, &[("address-list-errors", 1)]);
    }
    // RFC 3768 7.1: dropped, unless its sender owns them. Version 3 only tells.
    let other = |priority| sent(Advert { priority, ..theirs(V2) }, &ours(V2)[..2]);
    discards(strict(V2), &other(prio(150)), Discard::AddressList);
    keeps(strict(V2), &other(Priority::OWNER), &[("address-list-errors", 1)]);
    for protocol in [V3, Protocol::V3Ipv6] {
        let other = sent(theirs(protocol), &ours(protocol)[..2]);
        keeps(strict(protocol), &other, &[("address-list-errors", 1)]);
    }
}

#[test]
fn rows_9_and_11_may_be_broken_together() {
    let advert = Advert { interval: cs(10), ..theirs(V3) };
    let counted = [("interval-errors", 1), ("address-list-errors", 1)];
    keeps(settings(V3), &sent(advert, &[vip(9)]), &counted);
}

#[test]
fn row_12_an_owner_hears_too() {
    for protocol in EACH {
        let owner = Settings { priority: Priority::OWNER, ..settings(protocol) };
        let mut election = Election::default();
        let up = Link::Up(host(protocol, 1));
        election.handle(ms(0), Event::Link(LINK, protocol.family(), up));
        election.handle(ms(0), Event::Add(ONE, owner));
        let advert = Advert { priority: Priority::OWNER, ..theirs(protocol) };
        let advert = sent(advert, &ours(protocol));
        election.handle(ms(0), Event::Datagram(LINK, advert.datagram()));
        assert_eq!((errors(&election), counters(&election).advertisement_rcvd), (vec![], 1));
    }
}

#[test]
fn row_13_our_own_address() {
    for protocol in EACH {
        let looped = Advert { from: host(protocol, 1), ..theirs(protocol) };
        discards(settings(protocol), &sent(looped, &ours(protocol)), Discard::OwnSource);
        let to_us = Advert { to: host(protocol, 1), ..looped };
        discards(unicast(protocol, 255), &sent(to_us, &ours(protocol)), Discard::OwnSource);
    }
}

#[test]
fn row_14_as_the_settings_say() {
    for protocol in EACH {
        let multicast = sent(theirs(protocol), &ours(protocol));
        discards(unicast(protocol, 255), &multicast, Discard::DestMode);
        let to_us = Advert { to: host(protocol, 1), ..theirs(protocol) };
        discards(settings(protocol), &sent(to_us, &ours(protocol)), Discard::DestMode);
        let stranger = Advert { from: host(protocol, 9), ..to_us };
        discards(unicast(protocol, 255), &sent(stranger, &ours(protocol)), Discard::UnknownPeer);
    }
    let other_group = Advert { to: IpAddr::from([224, 0, 0, 19]), ..theirs(V3) };
    discards(settings(V3), &sent(other_group, &ours(V3)), Discard::DestMode);
    let broadcast = Advert { to: IpAddr::from([255; 4]), ..theirs(V3) };
    discards(unicast(V3, 255), &sent(broadcast, &ours(V3)), Discard::DestMode);
}

#[test]
fn what_is_discarded_counts_nothing_else() {
    let odd = |advert| sent(Advert { interval: cs(10), ..advert }, &[vip(9)]);
    let looped = Advert { from: vip(1), ..theirs(V3) };
    discards(settings(V3), &odd(looped), Discard::OwnSource);
    let to_us = Advert { to: vip(1), ..theirs(V3) };
    discards(settings(V3), &odd(to_us), Discard::DestMode);
    let stranger = Advert { from: vip(9), ..to_us };
    discards(unicast(V3, 255), &odd(stranger), Discard::UnknownPeer);
}

#[test]
fn of_two_faults_the_first_row_tells() {
    let mut both = sent(theirs(V2), &ours(V2));
    both.message()[7] ^= 1;
    both.message()[0] = 0x22;
    discards(settings(V2), &both, Discard::Type);
    let both = sent(theirs(V2), &ours(V2)).rewritten(|message| {
        message[5] = 9;
        message[20..].fill(0);
    });
    discards(settings(V2), &both, Discard::AuthFailure);
    let both = Advert { from: vip(1), ..theirs(V2) };
    let both = sent(both, &ours(V2)).rewritten(|message| message[5] = 9);
    discards(settings(V2), &both, Discard::Interval);
    let both = sent(Advert { from: vip(1), ..theirs(V2) }, &[vip(9)]);
    discards(strict(V2), &both, Discard::AddressList);
}
