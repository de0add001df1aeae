//! Facts on their way to the engine: levels, so that an engine that is behind loses none.
//!
//! The latest verdict of each check waits here until the mailbox takes it. The prober puts facts in
//! and flushes after every wakeup.

use std::collections::BTreeMap;

use health::{CheckId, Internal, Outcome, Verdict};
use mailbox::{Outbox, Refused};

use crate::Fact;

/// What the mailbox has not taken yet; at most one of each kind for each check.
#[derive(Debug)]
pub(crate) struct Pending {
    outbox: Outbox<Fact>,
    verdicts: BTreeMap<CheckId, (Verdict, Outcome)>,
    impaired: BTreeMap<CheckId, Internal>,
    report_wanted: bool,
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flushed {
    /// Nothing waits any more.
    All,
    /// The mailbox is full: flush again a little later.
    Behind,
    /// Nobody listens any more.
    Closed,
}

impl Pending {
    pub(crate) fn new(outbox: Outbox<Fact>) -> Self {
        let (verdicts, impaired) = (BTreeMap::new(), BTreeMap::new());
        Self { outbox, verdicts, impaired, report_wanted: false }
    }

    /// A verdict is new; it replaces one that still waits.
    pub(crate) fn verdict(&mut self, check: CheckId, verdict: Verdict, why: Outcome) {
        self.verdicts.insert(check, (verdict, why));
    }

    /// A check fails by our own fault.
    pub(crate) fn impaired(&mut self, check: CheckId, why: Internal) {
        self.impaired.insert(check, why);
    }

    /// Somebody wants to know how everything stands; it is drawn up when it can be posted.
    pub(crate) fn report(&mut self) {
        self.report_wanted = true;
    }

    /// A check has left: nothing more about it.
    pub(crate) fn forget(&mut self, check: CheckId) {
        self.verdicts.remove(&check);
        self.impaired.remove(&check);
    }

    /// Posts what waits, as far as there is room.
    pub(crate) fn flush(&mut self, report: impl FnOnce() -> Fact) -> Flushed {
        while let Some(entry) = self.verdicts.first_entry() {
            let (check, (verdict, why)) = (*entry.key(), *entry.get());
            match post(&self.outbox, Fact::Verdict { check, verdict, why }) {
                Flushed::All => entry.remove(),
                stuck @ (Flushed::Behind | Flushed::Closed) => return stuck,
            };
        }
        while let Some(entry) = self.impaired.first_entry() {
            match post(&self.outbox, Fact::Impaired(*entry.key(), *entry.get())) {
                Flushed::All => entry.remove(),
                stuck @ (Flushed::Behind | Flushed::Closed) => return stuck,
            };
        }
        if self.report_wanted {
            let flushed = post(&self.outbox, report());
            self.report_wanted = flushed == Flushed::Behind;
            return flushed;
        }
        Flushed::All
    }

    /// Posts that the thread has ended.
    pub(crate) fn ended(&self) -> Flushed {
        post(&self.outbox, Fact::Ended)
    }
}

fn post(outbox: &Outbox<Fact>, fact: Fact) -> Flushed {
    match outbox.post(fact) {
        Ok(()) => Flushed::All,
        Err(Refused::Full(_)) => Flushed::Behind,
        Err(Refused::Closed(_)) => Flushed::Closed,
    }
}

#[cfg(test)]
mod tests {
    use health::Failure;
    use mailbox::mailbox;

    use super::*;

    #[test]
    fn an_engine_that_is_behind_gets_the_latest_verdict_of_each_check() {
        let (outbox, mut inbox) = mailbox(1).unwrap();
        let mut pending = Pending::new(outbox);
        pending.verdict(CheckId(1), Verdict::Up, Outcome::Pass);
        assert_eq!(pending.flush(no_report), Flushed::All);

        let refused = Outcome::Fail(Failure::Refused);
        pending.verdict(CheckId(1), Verdict::Down, refused);
        pending.verdict(CheckId(2), Verdict::Down, refused);
        pending.verdict(CheckId(3), Verdict::Down, refused);
        assert_eq!(pending.flush(no_report), Flushed::Behind);
        pending.verdict(CheckId(2), Verdict::Up, Outcome::Pass);
        pending.forget(CheckId(3));
        pending.impaired(CheckId(4), Internal::Memory);
        pending.report();

        let mut heard = Vec::new();
        loop {
            let flushed = pending.flush(no_report);
            heard.extend(std::iter::from_fn(|| inbox.take()).map(|fact| format!("{fact:?}")));
            if flushed == Flushed::All {
                break;
            }
        }
        let expected = [
            "Verdict { check: CheckId(1), verdict: Up, why: Pass }",
            "Verdict { check: CheckId(1), verdict: Down, why: Fail(Refused) }",
            "Verdict { check: CheckId(2), verdict: Up, why: Pass }",
            "Impaired(CheckId(4), Memory)",
            "Report { checks: {}, skipped: 0 }",
        ];
        assert_eq!(heard, expected);
    }

    #[test]
    fn nobody_listening_is_told_apart_from_being_behind() {
        let (outbox, inbox) = mailbox(1).unwrap();
        let mut pending = Pending::new(outbox);
        drop(inbox);
        pending.report();
        assert_eq!(pending.flush(no_report), Flushed::Closed);
        assert_eq!(pending.ended(), Flushed::Closed);
    }

    fn no_report() -> Fact {
        Fact::Report { checks: BTreeMap::new(), skipped: 0 }
    }
}
