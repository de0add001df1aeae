//! Orders on their way to another loop: levels that wait, in order, while its mailbox is full.

use std::collections::VecDeque;

use mailbox::{Outbox, Refused};

/// One loop's mailbox and what did not fit yet. Bounded because an order that supersedes another
/// takes its place: what waits is at most one order for each thing configured.
#[derive(Debug)]
pub(crate) struct Outgoing<T> {
    outbox: Outbox<T>,
    waiting: VecDeque<T>,
}

impl<T> Outgoing<T> {
    pub(crate) fn new(outbox: Outbox<T>) -> Self {
        Self { outbox, waiting: VecDeque::new() }
    }

    /// Passes an order on, now or when there is room. `merge` puts a later order into an earlier
    /// one about the same thing, and gives it back when it is about another.
    pub(crate) fn push(&mut self, order: T, merge: impl Fn(&mut T, T) -> Option<T>) {
        let merged =
            self.waiting.iter_mut().try_fold(order, |order, earlier| merge(earlier, order));
        self.waiting.extend(merged);
        self.flush();
    }

    /// Passes on what there is room for.
    pub(crate) fn flush(&mut self) {
        while let Some(order) = self.waiting.pop_front() {
            match self.outbox.post(order) {
                Ok(()) => {}
                Err(Refused::Full(order)) => return self.waiting.push_front(order),
                // The loop has ended: its Ended fact, or the end of the process, says so.
                Err(Refused::Closed(_)) => self.waiting.clear(),
            }
        }
    }

    /// Whether everything went.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// For orders that supersede nothing.
pub(crate) fn apart<T>(_earlier: &mut T, order: T) -> Option<T> {
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_order_takes_the_place_of_the_one_that_waits() {
        let (outbox, mut inbox) = mailbox::mailbox(1).unwrap();
        let mut outgoing = Outgoing::new(outbox);
        let newest = |earlier: &mut (u8, u8), order: (u8, u8)| {
            if earlier.0 != order.0 {
                return Some(order);
            }
            *earlier = order;
            None
        };
        for order in [(1, 1), (2, 1), (3, 1), (2, 2)] {
            outgoing.push(order, newest);
        }
        let mut seen = Vec::new();
        while let Some(order) = inbox.take() {
            seen.push(order);
            outgoing.flush();
        }
        assert_eq!(seen, [(1, 1), (2, 2), (3, 1)]);
        assert!(outgoing.is_idle());
    }
}
