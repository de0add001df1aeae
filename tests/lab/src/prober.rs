//! Asks for a virtual address by ARP, or neighbour solicitations, all the time, so that the witness can tell who answers.
//!
//! Put it in a host of its own: each answer refreshes the asker's neighbour entry, and a client
//! whose entry is always fresh is not like those in the world.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::ipv6::MutableIpv6Packet;
use pnet_packet::util::ipv6_checksum;
use socket2::{Domain, Socket, Type};

use crate::client::Ticks;
use crate::net::Host;
use crate::sys;

/// Asks from [`Prober::start`] until dropped.
pub struct Prober {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Prober {
    /// Asks all "who has `address`" from `interface` of `host`, once per `period`.
    pub fn start(
        host: &Host,
        interface: &str,
        address: impl Into<IpAddr>,
        period: Duration,
    ) -> Result<Self> {
        let address = address.into();
        let request = host.enter(|| match address {
            IpAddr::V4(address) => request_for(interface, address),
            IpAddr::V6(address) => solicitation_for(interface, address),
        })?;
        let socket = host.enter(|| -> Result<Socket> {
            let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
            sys::bind_packet_socket(&socket, if_nametoindex(interface)?)?;
            Ok(socket)
        })?;
        let ticks = Ticks::every(period)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = host.spawn("prober", move || {
            while !stopped.load(Ordering::Relaxed) && ticks.next().is_ok() {
                if let Err(error) = socket.send(&request) {
                    eprintln!("lab: the prober cannot ask: {error}");
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("lab: the prober died");
        }
    }
}

/// The broadcast frame that asks for `address`.
fn request_for(interface: &str, address: Ipv4Addr) -> Result<Vec<u8>> {
    let (mac, own) = addresses_of(interface)?;
    let mut frame = vec![0; ETHERNET_LEN + ARP_LEN];
    let (head, body) = frame.split_at_mut(ETHERNET_LEN);
    let mut ethernet = MutableEthernetPacket::new(head).context("frame too short")?;
    ethernet.set_destination([0xff; 6].into());
    ethernet.set_source(mac.into());
    ethernet.set_ethertype(EtherTypes::Arp);
    let mut arp = MutableArpPacket::new(body).context("frame too short")?;
    arp.set_hardware_type(ArpHardwareTypes::Ethernet);
    arp.set_protocol_type(EtherTypes::Ipv4);
    arp.set_hw_addr_len(6);
    arp.set_proto_addr_len(4);
    arp.set_operation(ArpOperations::Request);
    arp.set_sender_hw_addr(mac.into());
    arp.set_sender_proto_addr(own);
    arp.set_target_proto_addr(address);
    Ok(frame)
}

/// The multicast frame that solicits `address`: RFC 4861 4.3.
fn solicitation_for(interface: &str, address: Ipv6Addr) -> Result<Vec<u8>> {
    let (mac, own) = link_local_of(interface)?;
    let [.., a, b, c] = address.octets();
    let group =
        Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    message.extend(address.octets());
    message.extend([1, 1]);
    message.extend(mac);
    let sum = ipv6_checksum(&message, 1, &[], &own, &group, IpNextHeaderProtocols::Icmpv6);
    message.splice(2..4, sum.to_be_bytes());

    let mut frame = vec![0; ETHERNET_LEN + IPV6_LEN];
    let (head, body) = frame.split_at_mut(ETHERNET_LEN);
    let mut ethernet = MutableEthernetPacket::new(head).context("frame too short")?;
    ethernet.set_destination([0x33, 0x33, 0xff, a, b, c].into());
    ethernet.set_source(mac.into());
    ethernet.set_ethertype(EtherTypes::Ipv6);
    let mut ip = MutableIpv6Packet::new(body).context("frame too short")?;
    ip.set_version(6);
    ip.set_payload_length(message.len() as u16);
    ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
    ip.set_hop_limit(255);
    ip.set_source(own);
    ip.set_destination(group);
    frame.extend(message);
    Ok(frame)
}

/// The MAC and the link-local address of an interface of the calling thread's namespace.
fn link_local_of(interface: &str) -> Result<([u8; 6], Ipv6Addr)> {
    let (mut mac, mut address) = (None, None);
    for entry in getifaddrs()?.filter(|entry| entry.interface_name == interface) {
        let Some(storage) = entry.address else { continue };
        let link = storage.as_link_addr().and_then(|link| link.addr());
        mac = mac.or(link);
        let six = storage.as_sockaddr_in6().map(|socket| socket.ip());
        let local = six.filter(Ipv6Addr::is_unicast_link_local);
        address = address.or(local);
    }
    mac.zip(address).with_context(|| format!("{interface} has no MAC or no link-local address"))
}

/// The MAC and the first IPv4 address of an interface of the calling thread's namespace.
pub(crate) fn addresses_of(interface: &str) -> Result<([u8; 6], Ipv4Addr)> {
    let (mut mac, mut address) = (None, None);
    for entry in getifaddrs()?.filter(|entry| entry.interface_name == interface) {
        let Some(storage) = entry.address else { continue };
        let link = storage.as_link_addr().and_then(|link| link.addr());
        mac = mac.or(link);
        address = address.or_else(|| storage.as_sockaddr_in().map(|socket| socket.ip()));
    }
    match (mac, address) {
        (Some(mac), Some(address)) => Ok((mac, address)),
        (None, _) => bail!("{interface} has no MAC address"),
        (_, None) => bail!("{interface} has no IPv4 address"),
    }
}

const ETHERNET_LEN: usize = 14;
const ARP_LEN: usize = 28;
const IPV6_LEN: usize = 40;
