//! One of the kernel's lists: what is looked for in it, and how far its dump is.

use std::collections::BTreeSet;

use clock::{Duration, Instant};
use coordinator::{Reading, Source};
use nix::errno::Errno;
use track::Sample;

use super::message::{Kind, Message};

/// See the file's text.
#[derive(Debug)]
pub(super) struct List {
    pub(super) kind: Kind,
    /// What is looked for.
    pub(super) sources: BTreeSet<Source>,
    /// Something may have changed since the last dump began.
    pub(super) wanted: bool,
    /// Not before then: dumps must not become all that this thread and the kernel do.
    pub(super) not_before: Instant,
    pub(super) state: State,
    /// Dumps in a row that changed while they were read.
    interrupted: u32,
    /// Whether a failure was told since the last dump that went well.
    has_failed: bool,
}

/// How far a dump is.
#[derive(Debug)]
pub(super) enum State {
    Idle,
    /// Being read.
    Running {
        sequence: u32,
        began: Instant,
        found: BTreeSet<Source>,
        /// The list changed meanwhile, and what is absent may have been passed over.
        is_torn: bool,
    },
}

impl List {
    /// Of those sources that stand in such a list; `None` if there are none.
    pub(super) fn of(kind: Kind, sources: &BTreeSet<Source>) -> Option<Self> {
        let ours = sources.iter().filter(|source| kind.holds(source)).cloned();
        let list = Self {
            kind,
            sources: ours.collect(),
            wanted: true,
            not_before: Instant::ZERO,
            state: State::Idle,
            interrupted: 0,
            has_failed: false,
        };
        (!list.sources.is_empty()).then_some(list)
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    pub(super) fn runs_as(&self, number: u32) -> bool {
        matches!(self.state, State::Running { sequence, .. } if sequence == number)
    }

    pub(super) fn begin(&mut self, now: Instant, sequence: u32) {
        self.wanted = false;
        self.state =
            State::Running { sequence, began: now, found: BTreeSet::new(), is_torn: false };
    }

    pub(super) fn row(&mut self, message: &Message<'_>) {
        let State::Running { found, is_torn, .. } = &mut self.state else { return };
        *is_torn |= message.is_torn;
        if let Some(source) = message.row().filter(|row| self.sources.contains(row)) {
            found.insert(source);
        }
    }

    /// The dump is whole. What it holds is there; what it lacks is not, unless it is torn: then
    /// another one decides, or the third in a row.
    pub(super) fn end(&mut self, now: Instant) -> Vec<(Source, Sample)> {
        let State::Running { began, found, is_torn, .. } =
            std::mem::replace(&mut self.state, State::Idle)
        else {
            return Vec::new();
        };
        self.not_before = now + PAUSE.max(now.since(began) * SHARE);
        self.has_failed = false;
        self.interrupted = if is_torn { self.interrupted + 1 } else { 0 };
        let is_believed = !is_torn || self.interrupted >= TORN;
        self.wanted |= !is_believed;
        let sources = self.sources.iter().filter(|one| is_believed || found.contains(*one));
        sources.map(|source| (source.clone(), sample(source, found.contains(source)))).collect()
    }

    /// The dump did not come about; it is tried again. The text to tell, but only once.
    pub(super) fn failed(&mut self, now: Instant, errno: Errno) -> Option<String> {
        self.state = State::Idle;
        self.wanted = true;
        self.not_before = now + AGAIN;
        let is_news = !std::mem::replace(&mut self.has_failed, true);
        let (list, why) = (self.kind.name(), errno.desc());
        is_news.then(|| format!("{list} cannot be read: {why}; trying again every second"))
    }
}

fn sample(source: &Source, is_there: bool) -> Sample {
    let what = match source {
        Source::Address(_) => "on an interface",
        Source::Interface(_)
        | Source::Route(..)
        | Source::Gateway(..)
        | Source::File(_)
        | Source::Process(_)
        | Source::Script(_) => "in the main table",
    };
    let (reading, is) = if is_there { (Reading::Good, "is") } else { (Reading::Bad, "is not") };
    Sample { reading, why: format!("{is} {what}") }
}

/// Between two dumps of one list.
const PAUSE: Duration = Duration::from_millis(10);
/// So many times as long as the last dump took.
const SHARE: u32 = 10;
/// After a failure.
const AGAIN: Duration = Duration::from_secs(1);
/// Torn dumps after which the last one is believed.
const TORN: u32 = 3;
