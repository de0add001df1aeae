//! Which lists of addresses are the same, and what a seat remembers.

use proptest::prelude::*;

use super::*;

#[test]
fn order_does_not_matter_and_number_does() {
    for (list, same) in [
        (vec![100, 101, 102], true),
        (vec![102, 100, 101], true),
        (vec![100, 101], false),
        (vec![100, 101, 102, 103], false),
        (vec![100, 101, 103], false),
        (vec![100, 101, 101], false),
        (vec![100, 101, 102, 102], false),
        // The same sum.
        (vec![99, 101, 103], false),
    ] {
        let list: Vec<IpAddr> = list.into_iter().map(vip).collect();
        let counted = [("address-list-errors", 1)];
        let counted = if same { &[][..] } else { &counted };
        keeps(settings(V3), &sent(theirs(V3), &list), counted);
        keeps(settings(Protocol::V2(Auth::None)), &plain(&list), counted);
    }
}

#[test]
fn a_seat_remembers_the_last_of_each() {
    let mut election = started(settings(V3));
    let mut hear = |at, sent: Sent| {
        election.handle(ms(at), Event::Datagram(LINK, sent.datagram()));
        election.seats(ONE)[0]
    };
    let seat = hear(10, sent(theirs(V3), &ours(V3)));
    assert_eq!((seat.last_other_addresses(), seat.last_other_interval()), (None, None));
    hear(20, sent(Advert { interval: cs(10), ..theirs(V3) }, &ours(V3)));
    let seat = hear(30, sent(theirs(V3), &[vip(9)]));
    assert_eq!(seat.last_other_interval(), Some(ms(20)));
    assert_eq!(seat.last_other_addresses(), Some(ms(30)));
    assert_eq!(seat.last_discard(), None);
    hear(40, sent(Advert { ttl: 9, ..theirs(V3) }, &ours(V3)));
    hear(50, sent(Advert { to: vip(1), from: vip(7), ..theirs(V3) }, &ours(V3)));
    let seat = hear(60, sent(theirs(V3), &ours(V3)));
    assert_eq!(seat.last_discard(), Some((Discard::DestMode, ms(50), Some(vip(7)))));
}

#[test]
fn a_datagram_whose_header_lies_is_nobodys() {
    let mut election = started(settings(V3));
    let mut lie = sent(theirs(V3), &ours(V3));
    lie.bytes[10] ^= 1;
    election.handle(ms(5), Event::Datagram(LINK, lie.datagram()));
    assert_eq!(errors(&election), [("ip-header-errors", 1)]);
}

proptest! {
    #[test]
    fn a_list_is_the_same_as_its_permutations_and_no_other(
        list in prop::collection::vec(any::<u32>(), 1..40),
        seed in any::<u64>(),
        at in any::<prop::sample::Index>(),
        bit in 0_u32..32,
    ) {
        let ours: Vec<IpAddr> =
            list.iter().map(|bits| core::net::Ipv4Addr::from(*bits).into()).collect();
        let mut mixed = ours.clone();
        for place in 1..mixed.len() {
            mixed.swap(place, (seed >> (place % 60)) as usize % (place + 1));
        }
        let settings = with(V3, |member| member.addresses = ours.clone());
        keeps(settings.clone(), &sent(theirs(V3), &mixed), &[]);
        let one = at.get_mut(&mut mixed);
        *one = match *one {
            IpAddr::V4(address) => core::net::Ipv4Addr::from(address.to_bits() ^ (1 << bit)).into(),
            IpAddr::V6(_) => unreachable!("no other family here"),
        };
        keeps(settings, &sent(theirs(V3), &mixed), &[("address-list-errors", 1)]);
    }
}

fn plain(list: &[IpAddr]) -> Sent {
    sent(Advert { format: Format::V2(Auth::None), ..theirs(V2) }, list)
}
