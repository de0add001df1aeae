//! Every system call of this crate that has no safe wrapper elsewhere: one function a call, with
//! the reason why it is sound. Nothing here decides anything; called by the wire and mover threads.
#![allow(unsafe_code)]

use std::fs::File;
use std::mem::size_of;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// `setsockopt(2)` IP_MULTICAST_IF by interface index.
pub(crate) fn set_multicast_index(socket: BorrowedFd<'_>, index: u32) -> Result<(), Errno> {
    let request = libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: 0 },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: index as libc::c_int,
    };
    // SAFETY: the option value is a live ip_mreqn of the length given.
    Errno::result(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MULTICAST_IF,
            (&raw const request).cast(),
            size_of::<libc::ip_mreqn>() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// `getsockopt(2)` SO_MEMINFO: datagrams this socket dropped because its queue was full.
pub(crate) fn receive_drops(socket: BorrowedFd<'_>) -> Result<u32, Errno> {
    // <linux/sock_diag.h>: SK_MEMINFO_DROPS is the ninth and last value.
    let mut values = [0_u32; 9];
    let mut length = size_of::<[u32; 9]>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes into a live array of that size.
    Errno::result(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            values.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    Ok(values[8])
}

/// `sched_setscheduler(2)`: SCHED_FIFO of this priority for the calling thread, not for its children.
pub(crate) fn run_as_fifo(priority: i32) -> Result<(), Errno> {
    // SAFETY: all-zero is a valid sched_param.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = priority;
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 is the calling thread, and the parameters are live.
    Errno::result(unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) }).map(drop)
}

/// `mlockall(2)` of what is and what will be mapped, each page once it is touched.
pub(crate) fn lock_memory() -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    Errno::result(unsafe {
        libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT)
    })
    .map(drop)
}

/// A file mapped and shared with whoever maps it after us.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<AtomicU64>,
    words: usize,
}

impl Mapping {
    /// Maps the first `words` 64-bit words of a file that is at least that long.
    pub(crate) fn new(file: &File, words: NonZeroUsize) -> Result<Self, Errno> {
        let length = words.saturating_mul(const { NonZeroUsize::new(8).expect("8 is not 0") });
        // SAFETY: a new mapping at an address the kernel chooses; it aliases no Rust object.
        let start = unsafe {
            mmap(
                None,
                length,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
                file.as_fd(),
                0,
            )
        }?;
        Ok(Self { start: start.cast(), words: words.get() })
    }

    /// The mapped words. Atomic, since another process may read them at any time.
    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, readable and writable, `words` long, and lives as
        // long as `self`; every bit pattern is an AtomicU64.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }
}

// SAFETY: the mapping belongs to this value alone and is only reached through atomics.
unsafe impl Send for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the very range that `new` mapped; no slice of it outlives `self`.
        let unmapped = unsafe { munmap(self.start.cast(), self.words * 8) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}
