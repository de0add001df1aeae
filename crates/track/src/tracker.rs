//! The machine: every tracked source, looked at on time, and what its samples add up to.
//!
//! It joins when to look (rounds, open looks) with each source's belief. The executor looks where
//! [`Output::Look`] says and brings back [`Event::Sample`]; what the kernel tells of its own accord
//! is a sample like any other.

use std::collections::BTreeMap;

use clock::{Duration, Instant};
use coordinator::{Reading, Source};

use crate::belief::Belief;
use crate::{Settings, Timing};

/// Owns what is believed of every tracked source.
#[derive(Debug)]
pub struct Tracker {
    sources: BTreeMap<Source, Tracked>,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A look was answered, or the kernel told something: what the source says at this moment. A
    /// source that is not tracked is ignored.
    Sample(Source, Sample),
    /// Time has passed.
    Tick,
}

/// What one look showed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sample {
    /// What the source says.
    pub reading: Reading,
    /// How that was seen, for people.
    pub why: String,
}

/// What the executor must do, or tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Look now, and answer with [`Event::Sample`] within the timeout. A look of the same source
    /// that is still open may be left to answer for this one.
    Look(Source),
    /// The reading is new or changed.
    Reading {
        /// Whose.
        source: Source,
        /// What it says now.
        reading: Reading,
        /// The sample that decided.
        why: String,
    },
}

/// How one source stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// What it says; `None`: nothing believed yet.
    pub reading: Option<Reading>,
    /// Since when.
    pub since: Instant,
    /// The last sample, and what is still missing until it is believed.
    pub detail: String,
}

#[derive(Debug)]
struct Tracked {
    timing: Timing,
    belief: Belief,
    rounds: Rounds,
}

/// When a source is looked at.
#[derive(Debug)]
struct Rounds {
    /// The next look; `None` for what is only told.
    next: Option<Instant>,
    /// Until when the open look may be answered.
    open_until: Option<Instant>,
}

impl Tracker {
    /// Believes nothing yet; every source but interfaces is looked at in the first call of
    /// [`Self::handle`].
    pub fn new(now: Instant, settings: &Settings) -> Self {
        let tracked = |(source, timing): (&Source, &Timing)| {
            let rounds = Rounds { next: is_looked_at(source).then_some(now), open_until: None };
            let belief = Belief::new(now, source, timing);
            (source.clone(), Tracked { timing: *timing, belief, rounds })
        };
        Self { sources: settings.sources.iter().map(tracked).collect() }
    }

    /// Takes in one event; returns what to do. Whatever the event, all that is due by now is done
    /// as well.
    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Output> {
        let mut outputs = Vec::new();
        if let Event::Sample(source, sample) = event
            && let Some(tracked) = self.sources.get_mut(&source)
        {
            tracked.rounds.open_until = None;
            outputs.extend(tracked.learn(now, &source, sample));
        }
        for (source, tracked) in &mut self.sources {
            outputs.extend(tracked.due(now, source));
        }
        outputs
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let of = |tracked: &Tracked| {
            let Rounds { next, open_until } = tracked.rounds;
            [next, open_until, tracked.belief.deadline()].into_iter().flatten().min()
        };
        self.sources.values().filter_map(of).min()
    }

    /// How every source stands.
    pub fn states(&self) -> impl Iterator<Item = (&Source, State)> {
        self.sources.iter().map(|(source, tracked)| (source, tracked.belief.state()))
    }
}

impl Tracked {
    fn learn(&mut self, now: Instant, source: &Source, sample: Sample) -> Option<Output> {
        let changed = self.belief.learn(now, sample);
        if self.belief.is_doubted() {
            let soon = now + pause_while_doubted(source, &self.timing);
            self.rounds.next = self.rounds.next.map(|next| next.min(soon));
        }
        changed.then(|| self.told(source))
    }

    /// Whatever time alone brings: an answer that is overdue, a run that has lasted, the next look.
    fn due(&mut self, now: Instant, source: &Source) -> Vec<Output> {
        let mut outputs = Vec::new();
        if self.rounds.open_until.is_some_and(|until| until <= now) {
            self.rounds.open_until = None;
            let why = format!("no answer within {:?}", self.timing.timeout);
            outputs.extend(self.learn(now, source, Sample { reading: Reading::Bad, why }));
        }
        if self.belief.ripen(now) {
            outputs.push(self.told(source));
        }
        if let Some(at) = self.rounds.next.filter(|at| *at <= now) {
            // Deadlines are absolute; whoever slept through a whole round looks once.
            let next = at + self.timing.interval;
            let next = if next > now { next } else { now + self.timing.interval };
            let open_until = patience(source, &self.timing).map(|patience| now + patience);
            self.rounds = Rounds { next: Some(next), open_until };
            outputs.push(Output::Look(source.clone()));
        }
        outputs
    }

    fn told(&self, source: &Source) -> Output {
        let State { reading, detail: why, .. } = self.belief.state();
        // Told is only what is believed; before that there is nothing to tell.
        let reading = reading.unwrap_or(Reading::Good);
        Output::Reading { source: source.clone(), reading, why }
    }
}

/// Whether it is looked at in rounds; the mover tells of interfaces.
fn is_looked_at(source: &Source) -> bool {
    !matches!(source, Source::Interface(_))
}

/// The pause before the next look while a new state is not believed yet. A file is read again soon:
/// nobody is asked for it, and its number should not be old.
fn pause_while_doubted(source: &Source, timing: &Timing) -> Duration {
    match source {
        Source::File(_) => timing.interval.min(SOON),
        Source::Interface(_)
        | Source::Address(_)
        | Source::Route(..)
        | Source::Gateway(..)
        | Source::Process(_)
        | Source::Script(_) => timing.interval,
    }
}

/// How long a look may stay open before it counts as bad. From the network nothing comes later than
/// the timeout; a script that is killed at its timeout still says so itself. A list of the kernel's
/// is read until it is read: slowness is ours, and no fact about what stands in it.
fn patience(source: &Source, timing: &Timing) -> Option<Duration> {
    match source {
        Source::Gateway(..) => Some(timing.timeout),
        Source::File(_) | Source::Script(_) => Some(timing.timeout + Timing::GRACE),
        Source::Interface(_) | Source::Address(_) | Source::Route(..) | Source::Process(_) => None,
    }
}

const SOON: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
