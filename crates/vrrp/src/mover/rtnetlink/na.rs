//! The unsolicited neighbour advertisement, from the address itself to every node of the link
//! (vrrp.md 7, RFC 4861 7.2.6, RFC 9568 6.4.2).

use std::net::Ipv6Addr;

use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::util::ipv6_checksum;

/// ff02::1, and its Ethernet address.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const ETHERTYPE: [u8; 2] = [0x86, 0xdd];
const ICMPV6: u8 = 58;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;
/// Option 2, target link-layer address, of one unit of 8 bytes.
const TARGET_OPTION: [u8; 2] = [2, 1];
const BODY: usize = 32;

/// Ethernet header, IPv6 header, and body.
pub(super) const LENGTH: usize = 14 + 40 + BODY;

/// Whether the sender says that it forwards (the R flag).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Forwards {
    Yes,
    No,
}

/// The whole frame.
pub(super) fn unsolicited(mac: [u8; 6], address: Ipv6Addr, forwards: Forwards) -> [u8; LENGTH] {
    let mut body = [0; BODY];
    body[0] = NEIGHBOUR_ADVERTISEMENT;
    body[4] = match forwards {
        Forwards::Yes => ROUTER | OVERRIDE,
        Forwards::No => OVERRIDE,
    };
    body[8..24].copy_from_slice(&address.octets());
    body[24..26].copy_from_slice(&TARGET_OPTION);
    body[26..].copy_from_slice(&mac);
    let sum = ipv6_checksum(&body, 1, &[], &address, &ALL_NODES, IpNextHeaderProtocols::Icmpv6);
    body[2..4].copy_from_slice(&sum.to_be_bytes());

    let mut frame = [0; LENGTH];
    frame[..6].copy_from_slice(&ALL_NODES_MAC);
    frame[6..12].copy_from_slice(&mac);
    frame[12..14].copy_from_slice(&ETHERTYPE);
    frame[14] = 0x60;
    frame[19] = BODY as u8;
    frame[20] = ICMPV6;
    // RFC 4861 7.1.2: what another hop limit shows was routed.
    frame[21] = 255;
    frame[22..38].copy_from_slice(&address.octets());
    frame[38..54].copy_from_slice(&ALL_NODES.octets());
    frame[54..].copy_from_slice(&body);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_the_reference_one() {
        let mac = [0, 0, 0x5e, 0, 2, 0x33];
        let want = "33330000000100005e00023386dd6000000000203aff20010db8000000000000000000000100\
                    ff020000000000000000000000000001880018faa000000020010db8000000000000000000000100\
                    020100005e000233";
        let frame = unsolicited(mac, "2001:db8::100".parse().unwrap(), Forwards::Yes);
        let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, want);
        let host = unsolicited(mac, "2001:db8::100".parse().unwrap(), Forwards::No);
        assert_eq!(host[58], 0x20);
    }
}
