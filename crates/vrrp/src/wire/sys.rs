//! The wire thread's batched system calls, which have no safe wrapper elsewhere: many datagrams in,
//! many out. Nothing here decides anything; ancillary data is read as bytes, in safe code.
#![allow(unsafe_code)]

use std::mem::size_of;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::null_mut;

use nix::errno::Errno;
use vrrp_proto::Family;
use vrrp_proto::wire::{Datagram, MAX_DATAGRAM};

/// Datagrams received by one system call at most.
pub(super) const BATCH: usize = 32;

/// Adverts sent by one system call at most.
pub(super) const OUT_BATCH: usize = 128;

/// Room for one received datagram; a longer one is cut and then fails its length check.
const RECEIVED_BYTES: usize = 2048;

/// Room for the time of arrival, the hop limit and the destination of one datagram; aligned as
/// cmsghdr is.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 128]);

/// What lies before an advert in a [`Frame`]: an Ethernet header and an IPv6 header, and two bytes
/// that align both.
pub(super) const HEADROOM: usize = 2 + 14 + 40;

/// The datagrams of one system call.
pub(super) struct Inbound {
    buffers: Box<[[u8; RECEIVED_BYTES]]>,
    controls: Box<[Control]>,
    sources: [libc::sockaddr_in6; BATCH],
    /// The length of each datagram and of its ancillary data.
    lengths: [(usize, usize); BATCH],
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").finish_non_exhaustive()
    }
}

impl Inbound {
    /// Room for [`BATCH`] datagrams; memory is used once something comes.
    pub(super) fn new() -> Self {
        Self {
            buffers: vec![[0; RECEIVED_BYTES]; BATCH].into(),
            controls: vec![Control([0; 128]); BATCH].into(),
            // SAFETY: all-zero is a valid sockaddr_in6.
            sources: unsafe { std::mem::zeroed() },
            lengths: [(0, 0); BATCH],
        }
    }

    /// `recvmmsg(2)` without waiting: how many datagrams came.
    pub(super) fn fill(&mut self, socket: BorrowedFd<'_>) -> Result<usize, Errno> {
        // SAFETY: all-zero is a valid iovec and a valid mmsghdr (null pointers with zero lengths).
        let mut vectors: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        let rooms = self.buffers.iter_mut().zip(&mut self.controls).zip(&mut self.sources);
        for (((buffer, control), source), (vector, header)) in
            rooms.zip(vectors.iter_mut().zip(&mut headers))
        {
            *vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
            let header = &mut header.msg_hdr;
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_name = (&raw mut *source).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = control.0.len();
        }
        // SAFETY: each header names one live iovec, address and control buffer, each iovec one live
        // buffer, all with their true lengths; all outlive the call, and the kernel keeps none of
        // the pointers. The control buffers are aligned as cmsghdr is.
        let count = Errno::result(unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                null_mut(),
            )
        })?;
        for (lengths, header) in self.lengths.iter_mut().zip(&headers) {
            *lengths = (header.msg_len as usize, header.msg_hdr.msg_controllen);
        }
        Ok(count as usize)
    }

    /// One of the datagrams that came last, of a socket of this family, and when it arrived on
    /// CLOCK_REALTIME, in nanoseconds. `None` if the kernel did not say what it was told to say with
    /// each.
    pub(super) fn datagram(&self, at: usize, family: Family) -> Option<(Datagram<'_>, u64)> {
        let (length, control_length) = *self.lengths.get(at)?;
        let message = self.buffers.get(at)?.get(..length)?;
        let told = ancillary(self.controls.get(at)?.0.get(..control_length)?)?;
        let datagram = match family {
            Family::V4 => Datagram::V4(message),
            Family::V6 => {
                let from = self.sources.get(at)?.sin6_addr.s6_addr.into();
                Datagram::V6 { from, to: told.to?, hops: told.hops?, message }
            }
        };
        Some((datagram, told.arrived?))
    }
}

/// What the kernel says with a datagram; destination and hop limit of IPv6 ones only.
#[derive(Default)]
struct Told {
    to: Option<Ipv6Addr>,
    hops: Option<u8>,
    arrived: Option<u64>,
}

fn ancillary(mut rest: &[u8]) -> Option<Told> {
    const HEADER: usize = size_of::<usize>() + 8;
    let mut told = Told::default();
    // A cmsghdr: its length with itself, the level, the type; then data, padded to a word.
    while let Some((header, _)) = rest.split_at_checked(HEADER) {
        let (length, numbers) = header.split_first_chunk()?;
        let length = usize::from_ne_bytes(*length);
        let (level, kind) = numbers.split_first_chunk()?;
        let kind = i32::from_ne_bytes(*kind.first_chunk()?);
        let data = rest.get(HEADER..length)?;
        match (i32::from_ne_bytes(*level), kind) {
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                told.to = data.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                let number = data.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes));
                told.hops = number.and_then(|hops| u8::try_from(hops).ok());
            }
            // A timespec of two words.
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                let (seconds, nanos) = data.split_first_chunk::<8>()?;
                let seconds = u64::from_ne_bytes(*seconds).checked_mul(1_000_000_000)?;
                let nanos = u64::from_ne_bytes(*nanos.first_chunk()?);
                told.arrived = seconds.checked_add(nanos);
            }
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(size_of::<usize>())..).unwrap_or(&[]);
    }
    Some(told)
}

/// Where a frame goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    /// By a raw socket, a datagram to this address.
    V4(Ipv4Addr),
    /// By a raw socket, a datagram to this address.
    V6(Ipv6Addr),
    /// By a packet socket, a link-layer frame through the interface of this index.
    Link(u32),
}

/// One advert on its way out, with whatever headers it needs before it.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Where it goes.
    pub(super) to: To,
    /// Where in `bytes` it begins; at most [`HEADROOM`].
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Headers up to [`HEADROOM`], then the advert.
    pub(super) bytes: [u8; HEADROOM + MAX_DATAGRAM],
}

impl Frame {
    /// An empty one.
    pub(super) const EMPTY: Self =
        Self { to: To::Link(0), start: 0, end: 0, bytes: [0; HEADROOM + MAX_DATAGRAM] };

    /// What goes out.
    pub(super) fn sent(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }
}

/// A socket address of any of the three kinds.
#[derive(Clone, Copy)]
union Name {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
    link: libc::sockaddr_ll,
}

impl Name {
    /// The address, and how many bytes of it count.
    fn new(to: To) -> (Self, libc::socklen_t) {
        // SAFETY: all-zero is a valid value of each of the three.
        let mut name: Self = unsafe { std::mem::zeroed() };
        let length = match to {
            To::V4(address) => {
                // SAFETY: it was written above, all-zero.
                let v4 = unsafe { &mut name.v4 };
                v4.sin_family = libc::AF_INET as libc::sa_family_t;
                v4.sin_addr.s_addr = u32::from_ne_bytes(address.octets());
                size_of::<libc::sockaddr_in>()
            }
            To::V6(address) => {
                // SAFETY: it was written above, all-zero.
                let v6 = unsafe { &mut name.v6 };
                v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                v6.sin6_addr.s6_addr = address.octets();
                size_of::<libc::sockaddr_in6>()
            }
            To::Link(index) => {
                // SAFETY: it was written above, all-zero.
                let link = unsafe { &mut name.link };
                link.sll_family = libc::AF_PACKET as libc::sa_family_t;
                link.sll_ifindex = index as libc::c_int;
                size_of::<libc::sockaddr_ll>()
            }
        };
        (name, length as libc::socklen_t)
    }
}

/// `sendmmsg(2)` of the first [`OUT_BATCH`] frames without waiting: how many went out. An error is the
/// first frame's.
pub(super) fn send_batch(socket: BorrowedFd<'_>, frames: &[Frame]) -> Result<usize, Errno> {
    let count = frames.len().min(OUT_BATCH);
    // SAFETY: all-zero is a valid Name, iovec and mmsghdr.
    let mut names: [Name; OUT_BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut vectors: [libc::iovec; OUT_BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut headers: [libc::mmsghdr; OUT_BATCH] = unsafe { std::mem::zeroed() };
    let rooms = names.iter_mut().zip(&mut vectors).zip(&mut headers);
    for (frame, ((name, vector), header)) in frames.iter().zip(rooms) {
        let (address, length) = Name::new(frame.to);
        *name = address;
        let sent = frame.sent();
        vector.iov_base = sent.as_ptr().cast_mut().cast();
        vector.iov_len = sent.len();
        header.msg_hdr.msg_name = (&raw mut *name).cast();
        header.msg_hdr.msg_namelen = length;
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
    }
    // SAFETY: `count` headers name live addresses, iovecs and buffers with their true lengths; the
    // kernel only reads what the iovecs name when sending, and keeps none of the pointers.
    Errno::result(unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT,
        )
    })
    .map(|sent| sent as usize)
}
