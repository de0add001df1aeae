//! Many seeds on all cores.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::{Broken, run};

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How many seeds ran.
    pub seeds: u64,
    /// The rules that were broken.
    pub broken: Vec<Broken>,
    /// Virtual seconds of all runs.
    pub virtual_seconds: f64,
    /// Faults of all runs.
    pub faults: u64,
    /// The fewest faults of a run.
    pub fewest: u32,
    /// Steps of all runs.
    pub steps: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// Runs the seeds from `first` to `last`; tells each broken one when it is found.
pub fn many(first: u64, last: u64, tell: impl Fn(&Broken) + Sync) -> Report {
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let report = Mutex::new(Report { fewest: u32::MAX, ..Report::default() });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last {
                        return;
                    }
                    let result = run(seed, false);
                    if let Err(broken) = &result {
                        tell(broken);
                    }
                    // Nothing panics while it is held.
                    let mut report = report.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    report.add(result);
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    report.seconds = began.elapsed().as_secs_f64();
    report.broken.sort_by_key(|broken| broken.seed);
    report
}

impl Report {
    fn add(&mut self, result: Result<crate::Summary, Broken>) {
        self.seeds += 1;
        match result {
            Ok(summary) => {
                self.virtual_seconds += summary.virtual_time.as_secs_f64();
                self.faults += u64::from(summary.faults);
                self.fewest = self.fewest.min(summary.faults);
                self.steps += summary.steps;
            }
            Err(broken) => self.broken.push(broken),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, broken, virtual_seconds, faults, steps, seconds, .. } = self;
        let hours = virtual_seconds / 3600.0;
        write!(
            f,
            "sim: {seeds} seeds in {seconds:.1} s, {} broken: {hours:.0} virtual hours, \
             {faults} faults, {steps} steps",
            broken.len()
        )
    }
}
