//! The mover's system calls that have no safe wrapper elsewhere: one function a call, with the
//! reason why it is sound. Nothing here decides anything.
#![allow(unsafe_code)]

use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// Frames sent by one system call at most.
pub(super) const BATCH: usize = 32;

/// A link-layer frame and the index of the interface it leaves through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// The interface.
    pub(super) index: u32,
    /// How many of `bytes` are the frame.
    pub(super) length: usize,
    /// The frame.
    pub(super) bytes: [u8; 86],
}

/// `sendmmsg(2)` of the first [`BATCH`] frames without waiting: how many went out. An error is the
/// first frame's.
pub(super) fn send_frames(socket: BorrowedFd<'_>, frames: &[Frame]) -> Result<usize, Errno> {
    let count = frames.len().min(BATCH);
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut names: [libc::sockaddr_ll; BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: all-zero is a valid iovec (a null pointer with length zero).
    let mut vectors: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: all-zero is a valid mmsghdr.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
    for (((frame, name), vector), header) in
        frames.iter().zip(&mut names).zip(&mut vectors).zip(&mut headers)
    {
        name.sll_family = libc::AF_PACKET as libc::sa_family_t;
        name.sll_ifindex = frame.index as libc::c_int;
        vector.iov_base = frame.bytes.as_ptr().cast_mut().cast();
        vector.iov_len = frame.length.min(frame.bytes.len());
        header.msg_hdr.msg_name = (&raw mut *name).cast();
        header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
    }
    // SAFETY: `count` headers name live addresses, iovecs and buffers with their true lengths; the
    // kernel only reads what the iovecs name when sending, and keeps none of the pointers.
    let sent = Errno::result(unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT,
        )
    })?;
    Ok(sent as usize)
}

/// `bind(2)` of a packet socket to an interface, for one protocol (an ethertype, or ETH_P_ALL).
pub(super) fn bind_packet(socket: BorrowedFd<'_>, index: u32, protocol: u16) -> Result<(), Errno> {
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut name: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    name.sll_family = libc::AF_PACKET as libc::sa_family_t;
    name.sll_protocol = protocol.to_be();
    name.sll_ifindex = index as libc::c_int;
    // SAFETY: the address is live and of the length given.
    Errno::result(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const name).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// `setsockopt(2)` PACKET_IGNORE_OUTGOING: what this machine sends is not heard.
pub(super) fn ignore_outgoing(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    // <linux/if_packet.h>
    const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
    let yes: libc::c_int = 1;
    // SAFETY: the option value is a live int of the length given.
    Errno::result(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            PACKET_IGNORE_OUTGOING,
            (&raw const yes).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })
    .map(drop)
}
