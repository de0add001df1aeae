//! Classic BPF for sockets: what is not ours never wakes the thread.

use socket2::SockFilter;

/// Loads 1, 2 or 4 bytes at an offset; absent bytes drop the packet. The kernel reads them big-endian.
pub(crate) const fn load8(at: u32) -> SockFilter {
    step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, at)
}

/// See [`load8`].
pub(crate) const fn load16(at: u32) -> SockFilter {
    step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 0, at)
}

/// See [`load8`].
pub(crate) const fn load32(at: u32) -> SockFilter {
    step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at)
}

/// Skips `otherwise` steps unless what was loaded is this.
pub(crate) const fn is(value: u32, otherwise: u8) -> SockFilter {
    step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, otherwise, value)
}

/// Skips so many steps if what was loaded is this.
pub(crate) const fn skip_if(value: u32, steps: u8) -> SockFilter {
    step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, steps, 0, value)
}

/// Skips `otherwise` steps unless what was loaded is what [`keep`] kept.
pub(crate) const fn is_kept(otherwise: u8) -> SockFilter {
    step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_X, 0, otherwise, 0)
}

/// Keeps what was loaded.
pub(crate) const fn keep() -> SockFilter {
    step(libc::BPF_MISC | libc::BPF_TAX, 0, 0, 0)
}

/// The end: the whole packet.
pub(crate) const fn accept() -> SockFilter {
    step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX)
}

/// The end: nothing.
pub(crate) const fn drop_it() -> SockFilter {
    step(libc::BPF_RET | libc::BPF_K, 0, 0, 0)
}

const fn step(code: u32, yes: u8, no: u8, value: u32) -> SockFilter {
    SockFilter::new(code as u16, yes, no, value)
}
