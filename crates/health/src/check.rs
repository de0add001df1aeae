//! What one check asks, of whom, and how often.

use std::net::SocketAddr;

use clock::Duration;

use crate::HttpGet;

/// One check of one real server. Given by whoever assembles the daemon; stable over reloads.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CheckId(pub u32);

/// One check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// Who is asked.
    pub target: SocketAddr,
    /// What is asked.
    pub question: Question,
    /// When, and how often an answer must repeat to be believed.
    pub timing: Timing,
}

/// What is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// Does it accept a TCP connection?
    Tcp,
    /// Does it answer an HTTP GET as it should?
    Http(HttpGet),
}

/// When to ask, and how often an answer must repeat to be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// From the start of one check to the start of the next, before jitter.
    pub interval: Duration,
    /// For the whole exchange: connecting, sending, receiving. At most the interval.
    pub timeout: Duration,
    /// Consecutive failures that turn Up into Down, 1 or more.
    pub fall: u32,
    /// Consecutive passes that turn Down into Up, 1 or more.
    pub rise: u32,
}

impl Timing {
    /// Each round starts up to this much later than the interval says: a tenth of it.
    pub fn jitter(&self) -> Duration {
        self.interval / 10
    }

    /// The longest from a server's failure to the verdict: fall intervals with jitter, one timeout.
    pub fn fall_bound(&self) -> Duration {
        (self.interval + self.jitter()) * self.fall + self.timeout
    }

    /// The longest from a server's return to the verdict.
    pub fn rise_bound(&self) -> Duration {
        (self.interval + self.jitter()) * self.rise + self.timeout
    }
}
