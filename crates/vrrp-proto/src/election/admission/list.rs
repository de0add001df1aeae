//! Whether an advert names the addresses that we would name (RFC 9568 7.1).
//!
//! In any order: only the first address of IPv6 has a place. Every advert is compared, so it must be
//! cheap whatever the sender does: one pass for a peer configured as we are, two more for any other,
//! nothing sorted, nothing allocated, nothing kept.

use core::net::IpAddr;

use crate::wire::Addresses;

/// Whether both hold the same addresses, each as often.
pub(super) fn same(ours: &[IpAddr], theirs: Addresses<'_>) -> bool {
    if ours.len() != theirs.len() {
        return false;
    }
    // In our order: that is what a peer with the same configuration sends.
    ours.iter().copied().eq(theirs.iter()) || digest(ours.iter().copied()) == digest(theirs.iter())
}

/// Whatever the order of the addresses is. Two lists of one length that differ have the same digest
/// once in 2^64; who makes such a list on purpose could as well send ours.
fn digest(addresses: impl Iterator<Item = IpAddr>) -> u64 {
    addresses.map(spread).fold(0, u64::wrapping_add)
}

/// One address as a number that looks random: a sum of addresses themselves would not tell .1 and
/// .4 from .2 and .3.
fn spread(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => mix(u64::from(address.to_bits())),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            mix(mix((bits >> 64) as u64) ^ bits as u64)
        }
    }
}

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014), behind its increment.
const fn mix(number: u64) -> u64 {
    let a = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}
