use std::collections::BTreeSet;

use super::*;

#[test]
fn a_row_is_read_in_the_words_of_the_configuration() {
    let host = attribute_of(libc::IFA_LOCAL, &[192, 0, 2, 7]);
    let peer = attribute_of(libc::IFA_ADDRESS, &[192, 0, 2, 8]);
    let body = [&[2, 32, 0, 0, 5, 0, 0, 0][..], &peer, &host].concat();
    let bytes = message(libc::RTM_NEWADDR, 0, &body);
    assert_eq!(row(&bytes), Some(Source::Address(Ipv4Addr::new(192, 0, 2, 7).into())));
    assert_eq!(row(&message(libc::RTM_DELADDR, 0, &body)), None);

    let to = attribute_of(libc::RTA_DST, &[10, 0, 0, 0]);
    let net = Some(Source::Route(Ipv4Addr::new(10, 0, 0, 0).into(), 8));
    assert_eq!(row(&message(libc::RTM_NEWROUTE, 0, &route(2, 8, 254, 1, 0, &to))), net);
    let default = Some(Source::Route(Ipv6Addr::UNSPECIFIED.into(), 0));
    assert_eq!(row(&message(libc::RTM_NEWROUTE, 0, &route(10, 0, 254, 1, 0, &[]))), default);
}

#[test]
fn what_carries_nothing_is_not_there() {
    let to = attribute_of(libc::RTA_DST, &[10, 0, 0, 0]);
    let seen = |table, kind, flags| {
        row(&message(libc::RTM_NEWROUTE, 0, &route(2, 8, table, kind, flags, &to))).is_some()
    };
    assert!(seen(254, 1, 0));
    assert!(!seen(255, 1, 0), "the local table");
    assert!(!seen(254, 6, 0), "a blackhole");
    assert!(!seen(254, 1, 1), "a dead next hop");
    assert!(!seen(254, 1, 0x200), "a cached copy");
    assert!(seen(254, 1, 0x10), "without carrier, but in use");
    // The number of a large table stands in an attribute, and the header says "see there".
    let large = [&to[..], &attribute_of(libc::RTA_TABLE, &1_000_u32.to_ne_bytes())].concat();
    assert_eq!(row(&message(libc::RTM_NEWROUTE, 0, &route(2, 8, 252, 1, 0, &large))), None);

    let v6 = attribute_of(libc::IFA_ADDRESS, &Ipv6Addr::LOCALHOST.octets());
    let held = |flags: u32| {
        let more = attribute_of(8, &flags.to_ne_bytes());
        let body = [&[10, 128, flags as u8, 0, 5, 0, 0, 0][..], &v6, &more].concat();
        row(&message(libc::RTM_NEWADDR, 0, &body)).is_some()
    };
    assert!(held(0x80), "permanent");
    assert!(!held(0x40), "tentative");
    assert!(!held(0x08), "somebody else has it");
    assert!(held(0x44), "tentative but usable");
}

#[test]
fn a_list_is_concerned_by_its_own_sources_and_by_what_takes_them_along() {
    let net = Source::Route(Ipv4Addr::new(10, 0, 0, 0).into(), 8);
    let host = Source::Address(Ipv4Addr::new(192, 0, 2, 7).into());
    let sources = BTreeSet::from([net, host]);
    let routes = List::of(Kind::Routes, &sources).unwrap();
    let addresses = List::of(Kind::Addresses, &sources).unwrap();
    let concerned = |bytes: &[u8]| {
        let message = messages(bytes, bytes.len()).next().unwrap();
        (message.concerns(&routes), message.concerns(&addresses))
    };
    let to = |bytes: [u8; 4]| route(2, 8, 254, 1, 0, &attribute_of(libc::RTA_DST, &bytes));
    assert_eq!(concerned(&message(libc::RTM_DELROUTE, 0, &to([10, 0, 0, 0]))), (true, false));
    assert_eq!(concerned(&message(libc::RTM_DELROUTE, 0, &to([11, 0, 0, 0]))), (false, false));
    assert_eq!(concerned(&message(libc::RTM_NEWLINK, 0, &[0; 16])), (true, false));
    let address = |last: u8| {
        let local = attribute_of(libc::IFA_LOCAL, &[192, 0, 2, last]);
        [&[2, 32, 0, 0, 5, 0, 0, 0][..], &local].concat()
    };
    assert_eq!(concerned(&message(libc::RTM_DELADDR, 0, &address(7))), (true, true));
    assert_eq!(concerned(&message(libc::RTM_NEWADDR, 0, &address(7))), (false, true));
    assert_eq!(concerned(&message(libc::RTM_NEWADDR, 0, &address(8))), (false, false));
}

#[test]
fn a_dump_ends_well_or_with_the_kernels_word() {
    let end = |kind: i32, code: i32| {
        let bytes = message(kind as u16, 0, &code.to_ne_bytes());
        messages(&bytes, bytes.len()).next().unwrap().end()
    };
    assert_eq!(end(libc::NLMSG_DONE, 0), Some(Ok(())));
    assert_eq!(end(libc::NLMSG_ERROR, -1), Some(Err(Errno::EPERM)));
    assert_eq!(end(libc::RTM_NEWROUTE.into(), 0), None);
}

#[test]
fn no_bytes_are_too_strange() {
    // Every cut and every lying length of a good message: something or nothing, and no panic.
    let to = attribute_of(libc::RTA_DST, &[10, 0, 0, 0]);
    let good = message(libc::RTM_NEWROUTE, 0, &route(2, 8, 254, 1, 0, &to));
    for at in 0..good.len() {
        for value in [0, 1, 3, 4, 17, 127, 255] {
            let mut bytes = good.clone();
            bytes[at] = value;
            for length in 0..=bytes.len() + 1 {
                let read = messages(&bytes, length).map(|one| (one.row(), one.end()));
                assert!(read.count() <= 3);
            }
        }
    }
    let two = [good.clone(), good.clone()].concat();
    assert_eq!(messages(&two, two.len()).count(), 2);
    assert_eq!(messages(&two, two.len() - 1).count(), 1);
}

// --- helpers ---

fn row(bytes: &[u8]) -> Option<Source> {
    messages(bytes, bytes.len()).next().unwrap().row()
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = (HEADER + body.len()) as u32;
    let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 8]];
    [&head.concat()[..], body].concat()
}

fn route(family: u8, prefix: u8, table: u8, kind: u8, flags: u32, attributes: &[u8]) -> Vec<u8> {
    let head = [family, prefix, 0, 0, table, 3, 0, kind];
    [&head[..], &flags.to_ne_bytes(), attributes].concat()
}

fn attribute_of(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = 4 + payload.len() as u16;
    [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), payload].concat()
}
