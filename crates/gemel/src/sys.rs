//! The one promise to tokio that it cannot check itself.
#![allow(unsafe_code)]

use std::io;

use mailbox::Inbox;
use tokio::io::unix::AsyncFd;

/// Registers an inbox's bell with the runtime of this thread.
pub(crate) fn listen<T>(inbox: Inbox<T>) -> io::Result<AsyncFd<Inbox<T>>> {
    // SAFETY: an Inbox owns its eventfd from birth to drop and names no other one.
    let registered = unsafe { AsyncFd::register(inbox) };
    registered.map_err(|error| error.into_parts().1)
}
