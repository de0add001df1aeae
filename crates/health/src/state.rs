//! How one check stands: its verdict, and the run of answers that may turn it.
//!
//! Counting only; when to ask is the timetable's. The Schedule calls it with each outcome.

use clock::Instant;

use crate::{Internal, Outcome, Timing, Verdict};

/// How one check stands, for status and for judging the next answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CheckState {
    /// What we conclude and since when; `None` until the first answer, unless one was assumed.
    pub verdict: Option<(Verdict, Instant)>,
    /// The last outcome, ours included, and when it came.
    pub last: Option<(Outcome, Instant)>,
    /// Passes in a row; 0 while failures run. Outcomes of our own making leave it as it is.
    pub passes: u32,
    /// Failures in a row; 0 while passes run. Outcomes of our own making leave it as it is.
    pub failures: u32,
}

/// What an outcome changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Conclusion {
    /// The verdict is new or changed.
    Verdict(Verdict),
    /// A series of outcomes of our own making begins.
    Impaired(Internal),
}

impl CheckState {
    /// Takes in one outcome.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        timing: &Timing,
        outcome: Outcome,
    ) -> Option<Conclusion> {
        let before = self.last.replace((outcome, now));
        match outcome {
            Outcome::Pass => self.passed(now, timing),
            Outcome::Fail(_) => self.failed(now, timing),
            Outcome::Internal(internal) => {
                let series = matches!(before, Some((Outcome::Internal(_), _)));
                (!series).then_some(Conclusion::Impaired(internal))
            }
        }
    }

    /// Takes a verdict for granted. One that answers have given stands: whoever assumes has not
    /// heard of it yet and soon will.
    pub(crate) fn assume(&mut self, now: Instant, verdict: Verdict) {
        self.verdict.get_or_insert((verdict, now));
    }

    /// The next answers come from elsewhere: no run continues, but the verdict stands.
    pub(crate) fn begin_anew(&mut self) {
        self.passes = 0;
        self.failures = 0;
    }

    fn passed(&mut self, now: Instant, timing: &Timing) -> Option<Conclusion> {
        self.failures = 0;
        self.passes = self.passes.saturating_add(1);
        match self.verdict {
            Some((Verdict::Up, _)) => None,
            Some((Verdict::Down, _)) if self.passes < timing.rise => None,
            Some((Verdict::Down, _)) | None => Some(self.conclude(now, Verdict::Up)),
        }
    }

    fn failed(&mut self, now: Instant, timing: &Timing) -> Option<Conclusion> {
        self.passes = 0;
        self.failures = self.failures.saturating_add(1);
        match self.verdict {
            Some((Verdict::Down, _)) => None,
            Some((Verdict::Up, _)) if self.failures < timing.fall => None,
            Some((Verdict::Up, _)) | None => Some(self.conclude(now, Verdict::Down)),
        }
    }

    fn conclude(&mut self, now: Instant, verdict: Verdict) -> Conclusion {
        self.verdict = Some((verdict, now));
        Conclusion::Verdict(verdict)
    }
}
