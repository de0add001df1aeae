//! What is believed of one source: a state changes when a run of samples says so.
//!
//! ```text
//!            fall: samples, lasting                  the first good sample is believed at once,
//!   good ────────────────────────────► bad           the first bad one as any other;
//!     ▲ ◄──────────────────────────────┘             a number that is fine is good, whatever it is
//!            rise: samples, lasting x 2^flaps
//! ```
//!
//! Flaps: whoever falls soon after it rose must show itself good for twice as long the next time, up
//! to 32 times. So a link that flaps for an hour moves a priority a few times, not a thousand; and a
//! fall is never delayed by it.

use clock::{Duration, Instant};
use coordinator::{Reading, Source};

use crate::{Run, Sample, State, Timing};

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Belief {
    fall: Run,
    rise: Run,
    reading: Option<Reading>,
    since: Instant,
    /// The last sample.
    last: String,
    doubt: Option<Doubt>,
    flaps: Flaps,
}

/// A run of samples that contradict what is believed.
#[derive(Debug)]
struct Doubt {
    reading: Reading,
    since: Instant,
    samples: u32,
}

/// How often it fell soon after it rose.
#[derive(Debug)]
struct Flaps {
    /// Whether flaps count at all.
    damped: Damped,
    count: u32,
    risen: Option<Instant>,
}

/// Whether a return is delayed after flaps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Damped {
    Yes,
    /// The other director sees the same and may have counted other flaps: the two would return at
    /// different times, further apart than a cause is held.
    No,
}

impl Belief {
    pub(crate) fn new(now: Instant, source: &Source, timing: &Timing) -> Self {
        // What is only told is told once.
        let told = matches!(source, Source::Interface(_));
        let run = |run: Run| if told { Run { lasting: run.lasting, ..Run::of(1) } } else { run };
        let damped = if Timing::is_shared(source) { Damped::No } else { Damped::Yes };
        Self {
            fall: run(timing.fall),
            rise: run(timing.rise),
            reading: None,
            since: now,
            last: "nothing is known yet".to_owned(),
            doubt: None,
            flaps: Flaps { damped, count: 0, risen: None },
        }
    }

    /// Takes in one sample; true if the reading changed.
    pub(crate) fn learn(&mut self, now: Instant, sample: Sample) -> bool {
        let Sample { reading, why } = sample;
        self.last = why;
        let agrees = match self.reading {
            Some(believed) => is_bad(believed) == is_bad(reading),
            None => !is_bad(reading),
        };
        if agrees {
            self.doubt = None;
            return self.believe(now, reading);
        }
        let (since, samples) = self.doubt.as_ref().map_or((now, 0), |d| (d.since, d.samples));
        self.doubt = Some(Doubt { reading, since, samples: samples.saturating_add(1) });
        self.ripen(now)
    }

    /// Believes a run that is complete; true if the reading changed.
    pub(crate) fn ripen(&mut self, now: Instant) -> bool {
        let ripe = self.ripe_at().is_some_and(|at| at <= now);
        match self.doubt.take_if(|_| ripe) {
            Some(doubt) => self.believe(now, doubt.reading),
            None => false,
        }
    }

    /// When a run that has its samples will have lasted.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.ripe_at()
    }

    /// Whether the samples contradict what is believed, and a few more would decide.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubt.is_some()
    }

    pub(crate) fn state(&self) -> State {
        let mut detail = self.last.clone();
        if let Some(Doubt { reading, samples, .. }) = &self.doubt {
            let (run, lasting) = self.run_to(*reading);
            let word = if is_bad(*reading) { "bad" } else { "good" };
            let needed = run.samples;
            detail += &match lasting {
                Duration::ZERO => format!("; {samples} of {needed} to be believed {word}"),
                lasting => format!("; believed {word} after {lasting:?}"),
            };
        }
        State { reading: self.reading, since: self.since, detail }
    }

    fn believe(&mut self, now: Instant, reading: Reading) -> bool {
        let before = self.reading.replace(reading);
        if before == Some(reading) {
            return false;
        }
        self.since = now;
        match before {
            Some(before) if !is_bad(before) && is_bad(reading) => self.fell(now),
            Some(before) if is_bad(before) && !is_bad(reading) => self.flaps.risen = Some(now),
            Some(_) | None => {}
        }
        true
    }

    fn fell(&mut self, now: Instant) {
        let calm = self.patience() * CALM;
        let flaps = &mut self.flaps;
        let soon = flaps.risen.is_some_and(|risen| now.since(risen) < calm);
        let damped = flaps.damped == Damped::Yes;
        flaps.count = if soon && damped { (flaps.count + 1).min(MOST_FLAPS) } else { 0 };
    }

    fn ripe_at(&self) -> Option<Instant> {
        let doubt = self.doubt.as_ref()?;
        let (run, lasting) = self.run_to(doubt.reading);
        (doubt.samples >= run.samples.get()).then(|| doubt.since + lasting)
    }

    fn run_to(&self, reading: Reading) -> (Run, Duration) {
        if is_bad(reading) { (self.fall, self.fall.lasting) } else { (self.rise, self.patience()) }
    }

    /// How long it must have been good.
    fn patience(&self) -> Duration {
        self.rise.lasting * (1 << self.flaps.count)
    }
}

fn is_bad(reading: Reading) -> bool {
    match reading {
        Reading::Bad => true,
        Reading::Good | Reading::Number(_) => false,
    }
}

/// A fall within so many times the patience after a rise is a flap.
const CALM: u32 = 10;
/// The patience doubles so often at most: 32 times the configured one.
const MOST_FLAPS: u32 = 5;
