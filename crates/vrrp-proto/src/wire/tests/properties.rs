//! Any advert survives the wire; no bytes hurt; no single wrong bit is believed.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_is_emitted_is_parsed(advert in adverts(), addresses in lists()) {
        let datagram = emitted(&advert, &addresses);
        let (parsed, list) = parse(&datagram).unwrap();
        prop_assert!(list.iter().eq(addresses.iter().copied()));
        if sums_to_nothing(&advert, &datagram) {
            // Both forms are then the same bytes.
            prop_assert_eq!(Advert { checksum: advert.checksum, ..parsed }, advert);
        } else {
            prop_assert_eq!(parsed, advert);
        }
    }

    #[test]
    fn no_bytes_hurt(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
        refuses_or_reads(&bytes);
    }

    #[test]
    fn no_message_hurts(options in 0_u8..=10, message in prop::collection::vec(any::<u8>(), 0..80)) {
        let total = 20 + 4 * usize::from(options) + message.len();
        let mut header = hex("45c0000000000000ff700000c0000201e0000012");
        header[0] += options;
        header[2..4].copy_from_slice(&(total as u16).to_be_bytes());
        header.resize(20 + 4 * usize::from(options), 1);
        let sum = sum::complement(sum::sum(&header)).to_be_bytes();
        header[10..12].copy_from_slice(&sum);
        refuses_or_reads(&[header, message].concat());
    }

    #[test]
    fn a_changed_byte_does_not_hurt(
        advert in adverts(),
        addresses in lists(),
        at in any::<prop::sample::Index>(),
        value: u8,
        length in any::<prop::sample::Index>(),
    ) {
        let mut datagram = emitted(&advert, &addresses);
        *at.get_mut(&mut datagram) = value;
        let length = length.index(datagram.len() + 1);
        refuses_or_reads(&datagram[..length]);
    }

    /// One wrong bit never passes as what was sent. It may pass under the other checksum, when the
    /// pseudo-header happens to sum to one bit: the price of accepting both.
    #[test]
    fn a_wrong_bit_is_noticed(advert in adverts(), addresses in lists(), bit in any::<prop::sample::Index>()) {
        let mut datagram = emitted(&advert, &addresses);
        let bit = bit.index(8 * datagram.len());
        datagram[bit / 8] ^= 1 << (bit % 8);
        match parse(&datagram) {
            Err(_) => {}
            Ok((parsed, _)) => prop_assert_ne!(parsed.checksum, advert.checksum),
        }
    }
}

#[test]
fn each_wrong_bit_of_t3_and_t4_is_refused() {
    for message in [T3_MESSAGE, T4_MESSAGE] {
        let whole = [hex(T3), hex(message)].concat();
        for bit in 0..8 * whole.len() {
            let mut datagram = whole.clone();
            datagram[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&datagram).is_err(), "bit {bit}");
        }
    }
}

fn refuses_or_reads(datagram: &[u8]) {
    let _names_somebody = vrid(datagram);
    if let Ok((_, addresses)) = parse(datagram) {
        assert!(!addresses.is_empty());
        assert_eq!(addresses.iter().count(), addresses.len());
    }
}

fn sums_to_nothing(advert: &Advert, datagram: &[u8]) -> bool {
    let message = &datagram[20..];
    sum::of(Checksum::Rfc9568, advert.from, advert.to, message)
        == sum::of(Checksum::PseudoHeader, advert.from, advert.to, message)
}

fn adverts() -> impl Strategy<Value = Advert> {
    let forms = prop_oneof![Just(Checksum::Rfc9568), Just(Checksum::PseudoHeader)];
    let tos = prop_oneof![Just(MULTICAST), any::<Ipv4Addr>()];
    (any::<Ipv4Addr>(), tos, 1_u8..=255, any::<u8>(), 1_u16..=4095, forms).prop_map(
        |(from, to, vrid, priority, centis, checksum)| Advert {
            from,
            to,
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority::from_wire(priority),
            interval: Interval::from_centis(centis).unwrap(),
            checksum,
        },
    )
}

fn lists() -> impl Strategy<Value = Vec<Ipv4Addr>> {
    let of = |sizes| prop::collection::vec(any::<Ipv4Addr>(), sizes);
    prop_oneof![9 => of(1..=8), 1 => of(1..=255)]
}
