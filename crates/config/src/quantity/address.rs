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
    match any_address(text)? {
        IpAddr::V6(_) => Err(not_yet()),
        IpAddr::V4(address) if address.is_broadcast() || address.is_loopback() => Err(no_host()),
        IpAddr::V4(address) => Ok(address),
    }
}

/// The address of a real server; loopback addresses are hosts in a test.
pub(crate) fn real_server(text: &str) -> Result<IpAddr, Wrong> {
    match any_address(text)? {
        IpAddr::V6(_) => Err(not_yet()),
        IpAddr::V4(address) if address.is_broadcast() => Err(no_host()),
        IpAddr::V4(address) => Ok(address.into()),
    }
}

/// An address with its prefix length, 32 unless said.
pub(crate) fn virtual_address(text: &str) -> Result<(Ipv4Addr, u8), Wrong> {
    let Some((address, prefix)) = text.split_once('/') else {
        return Ok((ipv4(text)?, 32));
    };
    let address = ipv4(address)?;
    let Ok(prefix @ 1..=32) = prefix.parse::<u8>() else {
        return Err(Wrong::new("has a prefix length that is not 1 to 32")
            .hint("without one the address is a /32, which suits nearly always"));
    };
    let host_bits = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
    let host = address.to_bits() & host_bits;
    if prefix < 31 && (host == 0 || host == host_bits) {
        return Err(Wrong::new("is the address of the network or its broadcast address")
            .hint("a virtual address is one host's"));
    }
    Ok((address, prefix))
}

pub(super) fn not_yet() -> Wrong {
    Wrong::new("is IPv6: not yet").hint("use an IPv4 address; IPv6 comes with a later version")
}

fn no_host() -> Wrong {
    Wrong::new("is not the address of one host")
}

const NUMERIC: &str = "addresses are numeric, such as \"192.0.2.80\"";
