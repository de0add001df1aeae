//! Stopping, as design.md 6 has it: release lets go of everything in order, keep of nothing.
//!
//! ```text
//!   release: wire (priority 0, addresses until the winner speaks) ─► table (our services) ─► end
//!   keep:    wire and table at once, nothing touched ─► end
//! ```

use std::process::ExitCode;

use clock::{Duration, Instant};

use super::Engine;
use crate::time::now;

/// The slowest release: two intervals of 40.95 s, and some for the kernel.
const PATIENCE: Duration = Duration::from_secs(90);

/// How far stopping is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stopping {
    No,
    /// Waiting for the loops that are named by their own Ended facts.
    Yes {
        how: Stop,
        wire: bool,
        table: bool,
        sources: bool,
        until: Instant,
    },
}

/// Which way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    Release,
    Keep,
}

impl Stopping {
    pub(super) fn until(self) -> Option<Instant> {
        match self {
            Self::No => None,
            Self::Yes { until, .. } => Some(until),
        }
    }
}

impl Engine {
    /// Begins to stop. A second signal changes nothing.
    pub(super) fn stop(&mut self, how: Stop) {
        if self.stopping != Stopping::No {
            return;
        }
        let (table, sources) = (self.loops.table.is_some(), self.loops.sources.is_some());
        let until = now() + PATIENCE;
        self.stopping = Stopping::Yes { how, wire: true, table, sources, until };
        let word = match how {
            Stop::Release => "release",
            Stop::Keep => "keep",
        };
        self.writer.line(format!("INFO daemon=stopping how={word}"));
        match how {
            Stop::Release => self.order(vrrp::Order::Release),
            Stop::Keep => {
                self.order(vrrp::Order::Keep);
                self.tell_table(ipvs::Order::Keep);
            }
        }
        self.check(probe::Order::Stop);
        self.tell_sources(watch::Order::Stop);
        // Nobody to notify without systemd.
        drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    }

    pub(super) fn wire_ended(&mut self) {
        match &mut self.stopping {
            Stopping::No => {
                // A loop that ends unasked is a bug; a restart resumes where this process stood.
                self.warn("loop=wire state=ended");
                self.stop(Stop::Keep);
                self.wire_ended();
            }
            Stopping::Yes { how, wire, .. } => {
                *wire = false;
                if *how == Stop::Release {
                    self.tell_table(ipvs::Order::Release);
                }
            }
        }
    }

    pub(super) fn table_ended(&mut self) {
        match &mut self.stopping {
            Stopping::No => {
                self.warn("loop=table state=ended");
                self.loops.table = None;
                self.stop(Stop::Keep);
            }
            Stopping::Yes { table, .. } => *table = false,
        }
    }

    pub(super) fn sources_ended(&mut self) {
        match &mut self.stopping {
            Stopping::No => {
                self.warn("loop=track state=ended");
                self.loops.sources = None;
                self.stop(Stop::Keep);
            }
            Stopping::Yes { sources, .. } => *sources = false,
        }
    }

    /// How the process ends, once it may.
    pub(super) fn ended(&self) -> Option<ExitCode> {
        match self.stopping {
            Stopping::Yes { wire: false, table: false, sources: false, .. } => {
                Some(ExitCode::SUCCESS)
            }
            Stopping::Yes { until, .. } if now() >= until => {
                self.warn("daemon=stopped why=\"a loop did not end in time\"");
                Some(ExitCode::FAILURE)
            }
            Stopping::Yes { .. } | Stopping::No => None,
        }
    }
}
