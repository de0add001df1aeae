//! Addresses, numeric only: a name would have to be looked up, and an answer can be late or wrong.

use std::net::{IpAddr, Ipv4Addr};

use super::Wrong;

/// An address of either family.
pub(crate) fn any_address(text: &str) -> Result<IpAddr, Wrong> {
    match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() || address.is_multicast() => Err(no_host()),
        Ok(address) => Ok(address),
        Err(_) => Err(Wrong::new("is not an address").hint(NUMERIC)),
    }
}

/// An IPv4 address of one host on a link.
pub(crate) fn ipv4(text: &str) -> Result<Ipv4Addr, Wrong> {
    match host(text)? {
        IpAddr::V6(_) => Err(not_yet()),
        IpAddr::V4(address) => Ok(address),
    }
}

/// The address of one host on a link, of either family.
pub(crate) fn host(text: &str) -> Result<IpAddr, Wrong> {
    let address = any_address(text)?;
    let is_host = match address {
        IpAddr::V4(address) => !address.is_broadcast() && !address.is_loopback(),
        IpAddr::V6(address) => !address.is_loopback() && address.to_ipv4_mapped().is_none(),
    };
    if is_host { Ok(address) } else { Err(no_host()) }
}

/// The address of a real server; loopback addresses are hosts in a test.
pub(crate) fn real_server(text: &str) -> Result<IpAddr, Wrong> {
    match any_address(text)? {
        IpAddr::V6(_) => Err(not_yet()),
        IpAddr::V4(address) if address.is_broadcast() => Err(no_host()),
        IpAddr::V4(address) => Ok(address.into()),
    }
}

/// An address, and its prefix length if one is written.
pub(crate) fn virtual_address(text: &str) -> Result<(IpAddr, Option<u8>), Wrong> {
    let Some((address, prefix)) = text.split_once('/') else {
        return Ok((host(text)?, None));
    };
    let address = host(address)?;
    let longest = longest_prefix(address);
    let Some(prefix) = prefix.parse::<u8>().ok().filter(|prefix| (1..=longest).contains(prefix))
    else {
        return Err(Wrong::new(format!("has a prefix length that is not 1 to {longest}"))
            .hint(format!("without one the address is a /{longest}, which suits nearly always")));
    };
    let host_bits = host_bits(address, prefix);
    let reserved = match address {
        IpAddr::V4(_) => host_bits == 0 || host_bits == u128::from(u32::MAX >> prefix.min(31)),
        // RFC 4291 2.6.1: the routers of the subnet answer to it.
        IpAddr::V6(_) => host_bits == 0,
    };
    if prefix < longest - 1 && reserved {
        let message = match address {
            IpAddr::V4(_) => "is the address of the network or its broadcast address",
            IpAddr::V6(_) => "is the address of the network",
        };
        return Err(Wrong::new(message).hint("a virtual address is one host's"));
    }
    Ok((address, Some(prefix)))
}

/// 32 or 128.
pub(crate) const fn longest_prefix(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// What of the address lies behind its prefix.
pub(super) fn host_bits(address: IpAddr, prefix: u8) -> u128 {
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let shift = u32::from(width - prefix.min(width));
    bits & !u128::MAX.checked_shl(shift).unwrap_or(0)
}

pub(super) fn not_yet() -> Wrong {
    Wrong::new("is IPv6: not yet").hint("use an IPv4 address; IPv6 comes with a later version")
}

fn no_host() -> Wrong {
    Wrong::new("is not the address of one host")
}

const NUMERIC: &str = "addresses are numeric, such as \"192.0.2.80\"";
