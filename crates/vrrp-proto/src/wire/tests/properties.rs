//! Any advert survives the wire; no bytes hurt; no single wrong bit is believed.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_is_emitted_is_parsed((advert, addresses) in adverts()) {
        let bytes = emitted(&advert, &addresses);
        let got = read(protocol(advert.format), received(&advert, &bytes));
        prop_assert_eq!(got, Ok((advert, addresses)));
    }

    /// One wrong bit never passes as what was sent: not under the protocol it was sent in, nor any
    /// other. In version 3 over IPv4 it may pass under the other checksum, when the pseudo-header
    /// happens to sum to one bit: the price of accepting both.
    #[test]
    fn a_wrong_bit_is_noticed((advert, addresses) in adverts(), bit in any::<prop::sample::Index>()) {
        let mut bytes = emitted(&advert, &addresses);
        let bit = bit.index(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(read(protocol(advert.format), received(&advert, &bytes)).is_err());
        for protocol in protocols() {
            if let Ok((parsed, _)) = read(protocol, received(&advert, &bytes)) {
                prop_assert_eq!(protocol, AUTO);
                prop_assert_ne!(parsed.format, advert.format);
            }
        }
    }

    #[test]
    fn no_bytes_hurt(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
        refuses_or_reads(Datagram::V4(&bytes));
        refuses_or_reads(v6(&bytes));
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
        refuses_or_reads(Datagram::V4(&[header, message].concat()));
    }

    #[test]
    fn a_changed_byte_or_a_cut_does_not_hurt(
        (advert, addresses) in adverts(),
        at in any::<prop::sample::Index>(),
        value: u8,
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = emitted(&advert, &addresses);
        *at.get_mut(&mut bytes) = value;
        let length = length.index(bytes.len() + 1);
        refuses_or_reads(received(&advert, &bytes[..length]));
    }
}

#[test]
fn each_wrong_bit_of_the_vectors_is_refused_by_every_protocol() {
    for (header, message) in
        [(T1, T1_MESSAGE), (T2, T2_MESSAGE), (T3, T3_MESSAGE), (T3, T4_MESSAGE)]
    {
        each_bit(&both(header, message), |bytes| protocols().map(|p| read(p, Datagram::V4(bytes))));
    }
    each_bit(&hex(T5_MESSAGE), |bytes| protocols().map(|p| read(p, v6(bytes))));
}

#[track_caller]
fn each_bit<T, const N: usize>(whole: &[u8], read: impl Fn(&[u8]) -> [Result<T, Discard>; N]) {
    for bit in 0..8 * whole.len() {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&bytes).iter().all(Result::is_err), "bit {bit}");
    }
}

fn refuses_or_reads(datagram: Datagram<'_>) {
    for protocol in protocols() {
        if let Ok((advert, addresses)) = read(protocol, datagram) {
            assert!((1..=255).contains(&addresses.len()));
            let envelope = Envelope::open(datagram).unwrap();
            assert_eq!(envelope.vrid(), Ok(advert.vrid));
        }
    }
}

const fn protocols() -> [Protocol; 6] {
    [PLAIN, Protocol::V2(SECRET), AUTO, RFC9568, PSEUDO, Protocol::V3Ipv6]
}

/// Of every format, with addresses of its family.
fn adverts() -> impl Strategy<Value = (Advert, Vec<IpAddr>)> {
    let common = (1_u8..=255, any::<u8>(), any::<u8>());
    (common, prop_oneof![v2(), v3(), ipv6()]).prop_map(|((vrid, priority, ttl), kind)| {
        let (from, to, centis, format, addresses) = kind;
        let (vrid, priority) = (Vrid::new(vrid).unwrap(), Priority::from_wire(priority));
        let interval = Interval::from_centis(centis).unwrap();
        (Advert { from, to, ttl, vrid, priority, interval, format }, addresses)
    })
}

type Kind = (IpAddr, IpAddr, u16, Format, Vec<IpAddr>);

fn v2() -> BoxedStrategy<Kind> {
    let auths = prop_oneof![Just(Auth::None), any::<[u8; 8]>().prop_map(Auth::Password)];
    let seconds = (1_u16..=40).prop_map(|seconds| seconds * 100);
    kinds::<Ipv4Addr>(MULTICAST, seconds, auths.prop_map(Format::V2), 255)
}

fn v3() -> BoxedStrategy<Kind> {
    let forms = prop_oneof![Just(Checksum::Rfc9568), Just(Checksum::PseudoHeader)];
    kinds::<Ipv4Addr>(MULTICAST, 1_u16..=4095, forms.prop_map(Format::V3Ipv4), 255)
}

fn ipv6() -> BoxedStrategy<Kind> {
    kinds::<Ipv6Addr>(MULTICAST_V6, 1_u16..=4095, Just(Format::V3Ipv6), 90)
}

fn kinds<A>(
    group: A,
    centis: impl Strategy<Value = u16> + 'static,
    formats: impl Strategy<Value = Format> + 'static,
    most: usize,
) -> BoxedStrategy<Kind>
where
    A: Arbitrary + Into<IpAddr> + Clone + 'static,
{
    let one = || any::<A>().prop_map(Into::into);
    let tos = prop_oneof![Just(group.into()), one()];
    let of = move |sizes| prop::collection::vec(one(), sizes);
    let lists = prop_oneof![9 => of(1..=8), 1 => of(1..=most)];
    (one(), tos, centis, formats, lists).boxed()
}
