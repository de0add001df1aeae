//! What is tracked, how often it is looked at, and how many samples make a reading.
//!
//! Made from the configuration file by whoever assembles the daemon; valid as it stands.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use clock::Duration;
use coordinator::Source;

/// Everything that is tracked on one director.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// Every tracked source, each once, however many routers track it.
    pub sources: BTreeMap<Source, Timing>,
    /// What each tracked script runs, by its name in the file.
    pub scripts: BTreeMap<String, Command>,
}

/// A program to run. Its standard input, output and error are `/dev/null`; its folder is `/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// An absolute path.
    pub program: String,
    /// Its arguments, without its name.
    pub arguments: Vec<String>,
}

/// When a source is looked at, and when its samples are believed.
///
/// From one look to the next a source is told, too, where the kernel has notices: those samples
/// count at once, and the interval is only the round in which nothing that was missed stays missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// From one look to the next: a gateway is asked, a script is run, a file is read again, routes
    /// and addresses are compared. Interfaces are only told. At least 10 ms.
    pub interval: Duration,
    /// How long a look at a gateway, a file or a script may take; then it counts as a bad sample. At
    /// most the interval.
    pub timeout: Duration,
    /// What makes a good source bad.
    pub fall: Run,
    /// What makes a bad source good again.
    pub rise: Run,
}

/// Samples in a row that say the same: both must hold before they are believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Run {
    /// At least so many.
    pub samples: NonZeroU32,
    /// For at least so long since the first of them.
    pub lasting: Duration,
}

impl Timing {
    /// What an answer from this machine may be late by before it counts as none.
    pub const GRACE: Duration = Duration::from_millis(500);

    /// What a source has unless the file says otherwise.
    ///
    /// What the kernel tells is bad at once and good when it has lasted a second, so that a
    /// flapping link, route or process does not flap a priority. A question to the network may be
    /// lost, so a gateway takes three. A file is bad when a second look soon after the first agrees:
    /// whoever writes it in place leaves it empty for a moment.
    pub fn of(source: &Source) -> Self {
        let told = |interval_s| Self {
            interval: Duration::from_secs(interval_s),
            timeout: Duration::from_secs(1),
            fall: Run::of(1),
            rise: Run { lasting: Duration::from_secs(1), ..Run::of(1) },
        };
        match source {
            Source::Interface(_) | Source::Address(_) | Source::Route(..) => told(10),
            Source::Process(_) => told(1),
            Source::Gateway(..) => Self {
                interval: Duration::from_secs(1),
                timeout: Duration::from_millis(500),
                fall: Run::of(3),
                rise: Run::of(2),
            },
            Source::File(_) => Self {
                interval: Duration::from_secs(5),
                timeout: Duration::from_secs(1),
                fall: Run::of(2),
                rise: Run::of(1),
            },
            Source::Script(_) => Self {
                interval: Duration::from_secs(5),
                timeout: Duration::from_secs(4),
                fall: Run::of(2),
                rise: Run::of(2),
            },
        }
    }

    /// The slowest detection of a loss as of a return: what a cause is held for that the other
    /// director may see too ([`coordinator::Track::hold`]). The two directors notice within one
    /// bound of each other, since neither needs longer.
    pub fn bound(&self) -> Duration {
        let slowest = |run: Run| (self.interval * run.samples.get()).max(run.lasting);
        slowest(self.fall).max(slowest(self.rise)) + self.timeout + Self::GRACE
    }

    /// Whether the other director can lose what this source looks at in the same moment, so that
    /// its cause is held for [`Self::bound`]: a gateway stands outside both machines.
    pub fn is_shared(source: &Source) -> bool {
        match source {
            Source::Gateway(..) => true,
            Source::Interface(_)
            | Source::Address(_)
            | Source::Route(..)
            | Source::File(_)
            | Source::Process(_)
            | Source::Script(_) => false,
        }
    }
}

impl Run {
    /// So many samples, however quickly they come; 0 is taken as 1.
    pub const fn of(samples: u32) -> Self {
        let samples = match NonZeroU32::new(samples) {
            Some(samples) => samples,
            None => NonZeroU32::MIN,
        };
        Self { samples, lasting: Duration::ZERO }
    }
}
