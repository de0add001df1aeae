//! The parsers of the product under any bytes, and what must hold whatever comes in.
//!
//! Each module is used twice: by the target of its name, and by `tests/corpus.rs` of the crate it
//! is about, which runs it over the kept corpus in CI.

#![forbid(unsafe_code)]

mod config;
mod election;
mod http;
mod ipvs;
mod netlink;
mod ours;
mod state;
mod vrrp;

/// VRRP over IPv4, from the IP header on.
pub fn vrrp_ipv4(bytes: &[u8]) {
    vrrp::ipv4(bytes);
}

/// VRRP over IPv6: hop limit, source, message.
pub fn vrrp_ipv6(bytes: &[u8]) {
    vrrp::ipv6(bytes);
}

/// The election under any order of events.
pub fn election(bytes: &[u8]) {
    election::run(bytes);
}

/// The configuration file.
pub fn config(bytes: &[u8]) {
    config::run(bytes);
}

/// The answer of an HTTP server.
pub fn http(bytes: &[u8]) {
    http::run(bytes);
}

/// What the kernel says of the IPVS table.
pub fn ipvs(bytes: &[u8]) {
    ipvs::run(bytes);
}

/// The files of the state folder.
pub fn ours(bytes: &[u8]) {
    ours::run(bytes);
}

/// What the kernel says of links, addresses, routes and rules.
pub fn notices(bytes: &[u8]) {
    netlink::notices(bytes);
}

/// A frame of the LAN that claims an address.
pub fn claim(bytes: &[u8]) {
    netlink::claim(bytes);
}

/// The state file.
pub fn state(bytes: &[u8]) {
    state::run(bytes);
}
