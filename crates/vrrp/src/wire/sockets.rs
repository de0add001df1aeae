//! The sockets of one family on one parent interface. Opened by `port.rs` when the interface
//! appears, closed when it goes; nothing is kept here.
//!
//! Binding to the interface is what makes a slave of a VRF hear and send by itself.

use std::io;
use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockFilter, Socket, Type};
use vrrp_proto::Family;
use vrrp_proto::wire::{MULTICAST, MULTICAST_V6};

use crate::mover::widen;
use crate::sys;

/// RFC 9568 5.1.1.4.
const VRRP: i32 = 112;

/// What one family needs on one interface.
#[derive(Debug)]
pub(super) struct Sockets {
    /// The interface they belong to.
    pub(super) index: u32,
    /// Hears everything of protocol 112 that comes in here, and the group's adverts.
    pub(super) receiver: Socket,
    /// Sends whole datagrams through this interface, and hears nothing.
    pub(super) raw: Socket,
    /// Sends whole link-layer frames, and hears nothing.
    pub(super) packet: Option<Socket>,
}

/// Whether some virtual router here sends from its virtual MAC address.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Frames {
    /// None does.
    #[default]
    Unused,
    /// Its multicast adverts leave as link-layer frames.
    Used,
}

impl Sockets {
    /// Opens them on an interface that exists.
    ///
    /// # Errors
    /// What the kernel said; none is open then.
    pub(super) fn open(name: &str, index: u32, family: Family, frames: Frames) -> io::Result<Self> {
        let (receiver, raw) = match family {
            Family::V4 => (receiver_v4(name, index)?, raw_v4(name, index)?),
            Family::V6 => (receiver_v6(name, index)?, raw_v6(name, index)?),
        };
        let packet = match frames {
            Frames::Used => Some(Socket::new(Domain::PACKET, Type::RAW, None)?),
            Frames::Unused => None,
        };
        Ok(Self { index, receiver, raw, packet })
    }
}

fn receiver_v4(name: &str, index: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(VRRP)))?;
    socket.bind_device(Some(name.as_bytes()))?;
    // Otherwise it hears the groups that others on this machine have joined.
    socket.set_multicast_all_v4(false)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    widen(&socket)?;
    socket.join_multicast_v4_n(&MULTICAST, &InterfaceIndexOrAddress::Index(index))?;
    Ok(socket)
}

/// Checksums stay ours to check (IPV6_CHECKSUM is left alone): the kernel would drop bad datagrams
/// where nobody counts them.
fn receiver_v6(name: &str, index: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(VRRP)))?;
    socket.bind_device(Some(name.as_bytes()))?;
    socket.set_multicast_all_v6(false)?;
    socket.set_recv_hoplimit_v6(true)?;
    setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    widen(&socket)?;
    socket.join_multicast_v6(&MULTICAST_V6, index)?;
    Ok(socket)
}

fn raw_v4(name: &str, index: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(VRRP)))?;
    hear_nothing(&socket)?;
    socket.bind_device(Some(name.as_bytes()))?;
    socket.set_header_included_v4(true)?;
    socket.set_multicast_loop_v4(false)?;
    sys::set_multicast_index(socket.as_fd(), index)?;
    Ok(socket)
}

/// With the header included, the source and the hop limit are what the checksum was made for.
fn raw_v6(name: &str, index: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(VRRP)))?;
    hear_nothing(&socket)?;
    socket.bind_device(Some(name.as_bytes()))?;
    socket.set_header_included_v6(true)?;
    socket.set_multicast_loop_v6(false)?;
    socket.set_multicast_if_v6(index)?;
    Ok(socket)
}

fn hear_nothing(socket: &Socket) -> io::Result<()> {
    // BPF_RET | BPF_K, 0: no byte of any datagram is kept.
    socket.attach_filter(&[SockFilter::new(0x06, 0, 0, 0)])
}
