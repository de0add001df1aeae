//! What others say to the mover: the kernel's notices of links, addresses, routes and rules, and
//! frames of the LAN that claim an address.

use vrrp::mover::rtnetlink::{read_claim, read_notices};

/// One datagram of the monitor socket.
pub(crate) fn notices(bytes: &[u8]) {
    // A message has 16 bytes at least.
    assert!(read_notices(bytes, 7).count() <= bytes.len().div_ceil(16));
}

/// One frame, from its Ethernet header on.
pub(crate) fn claim(frame: &[u8]) {
    let Some((address, mac)) = read_claim(frame) else { return };
    let holds = |part: &[u8]| frame.windows(part.len()).any(|window| window == part);
    let address = match address {
        std::net::IpAddr::V4(address) => address.octets().to_vec(),
        std::net::IpAddr::V6(address) => address.octets().to_vec(),
    };
    assert!(holds(&address) && holds(&mac), "{address:?} of {mac:?}");
}
