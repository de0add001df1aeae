//! The headers that an advert needs before it: IPv6, whose emitter writes the message alone, and
//! Ethernet, when it leaves from a virtual MAC address. Bytes only; who sends them is `port.rs`.

#![deny(clippy::indexing_slicing)]

use std::net::{IpAddr, Ipv6Addr};

use vrrp_proto::wire::MAX_DATAGRAM;
use vrrp_proto::{Family, Vrid};

use super::sys::{Frame, HEADROOM, To};

const ETHERNET_BYTES: usize = 14;
const IPV6_BYTES: usize = 40;
const VRRP: u8 = 112;
const HOPS: u8 = 255;

/// Builds one advert into `frame`: `emit` writes it, as `Election::emit` does. With the index of an
/// interface and a number, it becomes a link-layer frame of that virtual router.
///
/// `None` if there is nothing to emit, or the addresses are of two families.
pub(super) fn build(
    frame: &mut Frame,
    from: IpAddr,
    to: IpAddr,
    virtual_mac: Option<(u32, Vrid)>,
    emit: impl FnOnce(&mut [u8; MAX_DATAGRAM]) -> Option<usize>,
) -> Option<()> {
    let (headroom, advert) = frame.bytes.split_first_chunk_mut::<HEADROOM>()?;
    let length = emit(advert.first_chunk_mut()?)?;
    frame.start = HEADROOM;
    frame.end = HEADROOM + length;
    frame.to = match (from, to) {
        (IpAddr::V4(_), IpAddr::V4(to)) => To::V4(to),
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            frame.start -= IPV6_BYTES;
            *headroom.get_mut(frame.start..)?.first_chunk_mut()? = ipv6(from, to, length)?;
            To::V6(to)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    if let Some((index, vrid)) = virtual_mac {
        frame.start -= ETHERNET_BYTES;
        *headroom.get_mut(frame.start..)?.first_chunk_mut()? = ethernet(Family::of(to), vrid);
        frame.to = To::Link(index);
    }
    Some(())
}

/// RFC 9568 5.1.2, with the DSCP of network control.
fn ipv6(from: Ipv6Addr, to: Ipv6Addr, length: usize) -> Option<[u8; IPV6_BYTES]> {
    let mut header = [0; IPV6_BYTES];
    let (fixed, addresses) = header.split_first_chunk_mut::<8>()?;
    let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
    *fixed = [0x6c, 0, 0, 0, high, low, VRRP, HOPS];
    let (source, destination) = addresses.split_first_chunk_mut()?;
    *source = from.octets();
    *destination.first_chunk_mut()? = to.octets();
    Some(header)
}

/// RFC 9568 7.3 and 5.1.1.2, RFC 2464 7: from the virtual MAC address to the group's.
fn ethernet(family: Family, vrid: Vrid) -> [u8; ETHERNET_BYTES] {
    let vrid = vrid.get();
    match family {
        Family::V4 => [0x01, 0, 0x5e, 0, 0, 0x12, 0, 0, 0x5e, 0, 0x01, vrid, 0x08, 0x00],
        Family::V6 => [0x33, 0x33, 0, 0, 0, 0x12, 0, 0, 0x5e, 0, 0x02, vrid, 0x86, 0xdd],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VRID: Vrid = Vrid::new(51).unwrap();

    fn built(from: &str, to: &str, virtual_mac: Option<(u32, Vrid)>) -> Option<Vec<u8>> {
        let mut frame = Frame::EMPTY;
        build(&mut frame, from.parse().unwrap(), to.parse().unwrap(), virtual_mac, |bytes| {
            bytes[..3].copy_from_slice(b"abc");
            Some(3)
        })?;
        Some(frame.sent().to_vec())
    }

    /// The header of vector T5 of the reference, but for its length.
    #[test]
    fn an_ipv6_advert_has_the_header_of_the_vector() {
        let want =
            "6c000000000370fffe800000000000000000000000000001ff020000000000000000000000000012";
        assert_eq!(hex(&built("fe80::1", "ff02::12", None).unwrap()), want.to_owned() + "616263");
    }

    #[test]
    fn a_virtual_mac_speaks_to_the_group_of_its_family() {
        let v4 = built("192.0.2.1", "224.0.0.18", Some((7, VRID))).unwrap();
        assert_eq!(hex(&v4), "01005e00001200005e0001330800616263");
        let v6 = built("fe80::1", "ff02::12", Some((7, VRID))).unwrap();
        assert!(hex(&v6).starts_with("33330000001200005e00023386dd6c"));
        assert_eq!(v6.len(), 14 + 40 + 3);
    }

    #[test]
    fn an_ipv4_advert_brings_its_own_header_and_families_do_not_mix() {
        assert_eq!(built("192.0.2.1", "192.0.2.2", None).unwrap(), b"abc");
        assert_eq!(built("192.0.2.1", "ff02::12", None), None);
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
