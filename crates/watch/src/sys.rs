//! The system calls that no safe crate offers: packet sockets' addresses, and process descriptors.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// `bind(2)` of a packet socket to the frames of one protocol on the interface of this index.
pub(crate) fn bind_packets(socket: BorrowedFd<'_>, protocol: u16, index: u32) -> Result<(), Errno> {
    let address = link_address(protocol, index, [0; 6]);
    // SAFETY: the address is live and given with its true length; the kernel keeps no pointer.
    Errno::result(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// `sendto(2)` of one packet to a link-layer address, without waiting; the kernel writes the
/// link-layer header.
pub(crate) fn send_packet(
    socket: BorrowedFd<'_>,
    protocol: u16,
    index: u32,
    to: [u8; 6],
    packet: &[u8],
) -> Result<(), Errno> {
    let address = link_address(protocol, index, to);
    // SAFETY: packet and address are live and given with their true lengths.
    Errno::result(unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            packet.as_ptr().cast(),
            packet.len(),
            libc::MSG_DONTWAIT,
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// `getsockname(2)`: the MAC address of the interface a packet socket is bound to, as it is now;
/// `None` if its addresses are not 6 bytes long.
pub(crate) fn own_mac(socket: BorrowedFd<'_>) -> Result<Option<[u8; 6]>, Errno> {
    let mut address = link_address(0, 0, [0; 6]);
    let mut length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes into a live address of that size.
    Errno::result(unsafe {
        libc::getsockname(socket.as_raw_fd(), (&raw mut address).cast(), &raw mut length)
    })?;
    let [a, b, c, d, e, f, ..] = address.sll_addr;
    Ok((address.sll_halen == 6).then_some([a, b, c, d, e, f]))
}

fn link_address(protocol: u16, index: u32, to: [u8; 6]) -> libc::sockaddr_ll {
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as libc::sa_family_t;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = index as libc::c_int;
    address.sll_halen = 6;
    for (place, byte) in address.sll_addr.iter_mut().zip(to) {
        *place = byte;
    }
    address
}

/// `pidfd_open(2)`: readable when the process has ended. Since Linux 5.3.
pub(crate) fn process(pid: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: takes no pointers.
    let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0_u32) };
    let descriptor = Errno::result(opened)?;
    // SAFETY: the call succeeded, so this is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as libc::c_int) })
}
