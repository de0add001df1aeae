//! What needs unsafe: one system call, and one promise to tokio.
#![allow(unsafe_code)]

use std::io;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::spawn::Orders;

/// Gives the calling thread this nice value, -20 to 19.
///
/// # Errors
/// `EACCES` or `EPERM` when it is lower than now and the process may not do that.
pub(crate) fn set_nice(nice: i32) -> io::Result<()> {
    // SAFETY: takes and returns plain integers. On Linux, who = 0 is the calling thread.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has tokio watch a mailbox for readability. Within a runtime.
///
/// # Errors
/// What `epoll_ctl(2)` says: out of memory or watches.
pub(crate) fn watch(orders: Orders) -> io::Result<AsyncFd<Orders>> {
    // SAFETY: the mailbox owns its eventfd as long as it lives, always names the same one, and
    // nobody puts another mailbox into its place.
    unsafe { AsyncFd::register_with_interest(orders, Interest::READABLE) }.map_err(Into::into)
}
