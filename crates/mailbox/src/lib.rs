//! A bounded queue with an eventfd, between two loops: values pass, nothing is shared.
//!
//! The sending loop never waits: a full queue gives the value back, and the sender decides (count
//! it and drop it when it is an edge; keep it and post the latest later when it is a level). The
//! receiving loop polls the [`Inbox`]'s descriptor beside its sockets and drains it on a wakeup.

#![forbid(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};

/// A queue of at most `bound` values.
///
/// # Errors
/// What `eventfd(2)` says: the process is out of descriptors.
pub fn mailbox<T>(bound: usize) -> Result<(Outbox<T>, Inbox<T>), Errno> {
    let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
    let bell = Arc::new(EventFd::from_value_and_flags(0, flags)?);
    let (sender, receiver) = sync_channel(bound);
    Ok((Outbox { sender, bell: Arc::clone(&bell) }, Inbox { receiver, bell }))
}

/// The sending end; clone it for more senders.
#[derive(Debug)]
pub struct Outbox<T> {
    sender: SyncSender<T>,
    bell: Arc<EventFd>,
}

/// Why a value did not pass; it comes back.
#[derive(Debug, Eq, PartialEq)]
pub enum Refused<T> {
    /// The receiver is behind. Nobody's fault yet; a level may be posted again later.
    Full(T),
    /// The receiving loop has ended.
    Closed(T),
}

impl<T> Outbox<T> {
    /// Passes a value on without waiting.
    ///
    /// # Errors
    /// Gives the value back when the queue is full or the receiver is gone.
    pub fn post(&self, value: T) -> Result<(), Refused<T>> {
        self.sender.try_send(value).map_err(|error| match error {
            TrySendError::Full(value) => Refused::Full(value),
            TrySendError::Disconnected(value) => Refused::Closed(value),
        })?;
        // EAGAIN: the counter is at its end, so the bell rings already. Nothing else can fail here.
        self.bell.write(1).map(drop).or(Ok(()))
    }
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), bell: Arc::clone(&self.bell) }
    }
}

/// The receiving end, owned by one loop.
#[derive(Debug)]
pub struct Inbox<T> {
    receiver: Receiver<T>,
    bell: Arc<EventFd>,
}

impl<T> Inbox<T> {
    /// The next value, if one waits. Call until `None` on every wakeup.
    ///
    /// The bell is quieted when the queue is found empty, and the queue looked at once more, so that
    /// a value posted in between is never left without a bell.
    pub fn take(&mut self) -> Option<T> {
        match self.receiver.try_recv() {
            Ok(value) => Some(value),
            Err(TryRecvError::Disconnected) => self.quiet(),
            Err(TryRecvError::Empty) => {
                self.quiet();
                self.receiver.try_recv().ok()
            }
        }
    }

    fn quiet(&self) -> Option<T> {
        // EAGAIN: it was quiet already.
        self.bell.read().map(|_| None).unwrap_or(None)
    }
}

impl<T> AsFd for Inbox<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl<T> AsRawFd for Inbox<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.bell.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_arrive_in_order_and_ring() {
        let (outbox, mut inbox) = mailbox(4).unwrap();
        outbox.post(1).unwrap();
        outbox.clone().post(2).unwrap();
        assert_eq!(inbox.bell.read(), Ok(2));
        assert_eq!([inbox.take(), inbox.take(), inbox.take()], [Some(1), Some(2), None]);
        assert_eq!(inbox.bell.read(), Err(Errno::EAGAIN));
    }

    #[test]
    fn a_full_queue_gives_the_value_back() {
        let (outbox, mut inbox) = mailbox(1).unwrap();
        outbox.post(1).unwrap();
        assert_eq!(outbox.post(2), Err(Refused::Full(2)));
        assert_eq!(inbox.take(), Some(1));
        drop(inbox);
        assert_eq!(outbox.post(3), Err(Refused::Closed(3)));
    }
}
