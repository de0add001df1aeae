//! Facts on their way to the engine: readings are levels, so that an engine that is behind loses
//! none; warnings are edges, told once each.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::{Reading, Source};
use mailbox::{Outbox, Refused};

use crate::{Fact, SourceReport};

/// What the mailbox has not taken yet.
#[derive(Debug)]
pub(crate) struct Teller {
    outbox: Outbox<Fact>,
    readings: BTreeMap<Source, (Reading, String)>,
    warnings: Vec<String>,
    warned: BTreeSet<String>,
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

impl Teller {
    pub(crate) fn new(outbox: Outbox<Fact>) -> Self {
        Self {
            outbox,
            readings: BTreeMap::new(),
            warnings: Vec::new(),
            warned: BTreeSet::new(),
            report_wanted: false,
        }
    }

    /// A reading is new; it replaces one that still waits.
    pub(crate) fn reading(&mut self, source: Source, reading: Reading, why: String) {
        self.readings.insert(source, (reading, why));
    }

    /// Told once for each text, and no more than 64 texts.
    pub(crate) fn warn(&mut self, text: String) {
        if self.warned.len() < TEXTS && self.warned.insert(text.clone()) {
            self.warnings.push(text);
        }
    }

    /// Somebody wants to know how everything stands; it is drawn up when it can be posted.
    pub(crate) fn report(&mut self) {
        self.report_wanted = true;
    }

    /// Posts what waits, as far as there is room.
    pub(crate) fn flush(&mut self, report: impl FnOnce() -> Vec<SourceReport>) -> Flushed {
        while let Some(entry) = self.readings.first_entry() {
            let (source, (reading, why)) = (entry.key().clone(), entry.get().clone());
            match self.outbox.post(Fact::Reading { source, reading, why }) {
                Ok(()) => drop(entry.remove()),
                Err(refused) => return stuck(&refused),
            }
        }
        while let Some(text) = self.warnings.first() {
            match self.outbox.post(Fact::Warning(text.clone())) {
                Ok(()) => drop(self.warnings.remove(0)),
                Err(refused) => return stuck(&refused),
            }
        }
        if self.report_wanted {
            match self.outbox.post(Fact::Report(report())) {
                Ok(()) => self.report_wanted = false,
                Err(refused) => return stuck(&refused),
            }
        }
        Flushed::All
    }

    /// Posts that the thread has ended; true if somebody will know or nobody wants to.
    pub(crate) fn ended(&self) -> bool {
        !matches!(self.outbox.post(Fact::Ended), Err(Refused::Full(_)))
    }
}

fn stuck(refused: &Refused<Fact>) -> Flushed {
    match refused {
        Refused::Full(_) => Flushed::Behind,
        Refused::Closed(_) => Flushed::Closed,
    }
}

/// Warnings that are told in the life of the thread.
const TEXTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_behind_gets_the_latest_reading_of_each_source() {
        let (outbox, mut inbox) = mailbox::mailbox(1).unwrap();
        let mut teller = Teller::new(outbox);
        let file = |name: &str| Source::File(name.into());
        teller.reading(file("a"), Reading::Number(1), "says 1".into());
        assert_eq!(teller.flush(Vec::new), Flushed::All);
        teller.reading(file("a"), Reading::Number(2), "says 2".into());
        teller.reading(file("b"), Reading::Bad, "gone".into());
        teller.warn("once".into());
        teller.warn("once".into());
        teller.report();
        assert_eq!(teller.flush(Vec::new), Flushed::Behind);
        teller.reading(file("a"), Reading::Number(3), "says 3".into());
        let mut heard = Vec::new();
        loop {
            heard.extend(std::iter::from_fn(|| inbox.take()));
            if teller.flush(Vec::new) == Flushed::All && heard.len() >= 5 {
                break;
            }
        }
        let said = |name: &str, reading, why: &str| Fact::Reading {
            source: file(name),
            reading,
            why: why.into(),
        };
        let want = [
            said("a", Reading::Number(1), "says 1"),
            said("a", Reading::Number(3), "says 3"),
            said("b", Reading::Bad, "gone"),
            Fact::Warning("once".into()),
            Fact::Report(vec![]),
        ];
        assert_eq!(heard, want);
    }

    #[test]
    fn nobody_listening_is_told_apart_from_being_behind() {
        let (outbox, inbox) = mailbox::mailbox(1).unwrap();
        let mut teller = Teller::new(outbox);
        drop(inbox);
        teller.report();
        assert_eq!(teller.flush(Vec::new), Flushed::Closed);
        assert!(teller.ended());
    }
}
