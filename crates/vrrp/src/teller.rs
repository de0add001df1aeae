//! Facts on their way to the engine: kept in order in a bounded ring until its inbox takes them, so
//! that the wire and mover threads never wait for the engine. Not a log: the engine decides.

use std::collections::VecDeque;

use mailbox::{Outbox, Refused};

use crate::api::Fact;

/// Facts kept while the engine's inbox is full.
const BOUND: usize = 4_096;

/// One thread's way to tell facts.
#[derive(Debug)]
pub(crate) struct Teller {
    outbox: Outbox<Fact>,
    waiting: VecDeque<Fact>,
    lost: u64,
}

impl Teller {
    /// Tells through `outbox`.
    pub(crate) fn new(outbox: Outbox<Fact>) -> Self {
        Self { outbox, waiting: VecDeque::with_capacity(BOUND), lost: 0 }
    }

    /// Queues a fact; [`Self::flush`] passes it on. Beyond the bound it is counted and dropped.
    pub(crate) fn tell(&mut self, fact: Fact) {
        if self.waiting.len() < BOUND {
            self.waiting.push_back(fact);
        } else {
            self.lost += 1;
        }
    }

    /// Passes on what the engine takes. False if something still waits: flush again soon.
    pub(crate) fn flush(&mut self) -> bool {
        while let Some(fact) = self.waiting.pop_front() {
            match self.outbox.post(fact) {
                Ok(()) => {}
                Err(Refused::Full(fact)) => {
                    self.waiting.push_front(fact);
                    return false;
                }
                // Nobody listens any more; nothing is left to tell.
                Err(Refused::Closed(_)) => self.waiting.clear(),
            }
        }
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            self.tell(Fact::Warning(format!(
                "{lost} facts were dropped while the engine was behind"
            )));
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use mailbox::mailbox;

    use super::*;

    #[test]
    fn facts_wait_in_order_and_the_lost_are_counted() {
        let (outbox, mut inbox) = mailbox(2).unwrap();
        let mut teller = Teller::new(outbox);
        for number in 0..BOUND + 3 {
            teller.tell(Fact::Warning(number.to_string()));
        }
        let mut told = Vec::new();
        while !teller.flush() {
            while let Some(Fact::Warning(text)) = inbox.take() {
                told.push(text);
            }
        }
        while let Some(Fact::Warning(text)) = inbox.take() {
            told.push(text);
        }
        assert_eq!(told.len(), BOUND + 1);
        assert_eq!(told.first().map(String::as_str), Some("0"));
        assert!(told.last().unwrap().starts_with("3 facts were dropped"));
    }
}
