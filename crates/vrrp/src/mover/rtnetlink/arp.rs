//! The gratuitous ARP: a request for the address, from the address (vrrp.md 7, RFC 5227 2.3).

use std::net::Ipv4Addr;

use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::{EtherTypes, MutableEthernetPacket};

const ETHERNET: usize = 14;
const ARP: usize = 28;
const BROADCAST: [u8; 6] = [0xff; 6];

/// The whole frame, from `mac` to everybody.
pub(super) fn gratuitous(mac: [u8; 6], address: Ipv4Addr) -> [u8; ETHERNET + ARP] {
    let mut frame = [0; ETHERNET + ARP];
    let (ethernet, arp) = frame.split_at_mut(ETHERNET);
    if let Some(mut packet) = MutableEthernetPacket::new(ethernet) {
        packet.set_destination(BROADCAST.into());
        packet.set_source(mac.into());
        packet.set_ethertype(EtherTypes::Arp);
    }
    if let Some(mut packet) = MutableArpPacket::new(arp) {
        packet.set_hardware_type(ArpHardwareTypes::Ethernet);
        packet.set_protocol_type(EtherTypes::Ipv4);
        packet.set_hw_addr_len(6);
        packet.set_proto_addr_len(4);
        packet.set_operation(ArpOperations::Request);
        packet.set_sender_hw_addr(mac.into());
        packet.set_sender_proto_addr(address);
        packet.set_target_hw_addr(BROADCAST.into());
        packet.set_target_proto_addr(address);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_the_reference_one() {
        let mac = [0, 0, 0x5e, 0, 1, 0x33];
        let want =
            "ffffffffffff00005e0001330806000108000604000100005e000133c0000264ffffffffffffc0000264";
        let frame = gratuitous(mac, Ipv4Addr::new(192, 0, 2, 100));
        let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, want);
    }
}
