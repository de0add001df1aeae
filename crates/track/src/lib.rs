//! Facts about this machine: what the samples of a tracked source add up to; pure.
//!
//! 1. Make a [`Tracker`] from [`Settings`].
//! 2. Call [`Tracker::handle`] with the time and a sample as it comes, or with nothing but the time.
//! 3. Do what it returns: look at a source now, or pass a new reading on to the coordinator.
//! 4. Call it again no later than [`Tracker::deadline`].
//!
//! It looks at nothing itself: `watch` does, over the kernel. Interfaces are told by the mover, so
//! the engine owns a tracker of its own for them.

#![forbid(unsafe_code)]

mod belief;
mod settings;
mod tracker;

pub use settings::{Command, Run, Settings, Timing};
pub use tracker::{Event, Output, Sample, State, Tracker};
