//! What is asked of each real server, when, and what the answers mean; without IO.
//!
//! [`Schedule`] owns every check: it says which to ask now and turns outcomes into verdicts. An
//! [`exchange::Exchange`] is the dialogue of one check as bytes in and out, whoever moves the bytes.
//! Jitter is a hash of check and round, so that a run can be replayed.
//!
//! A new protocol is one file here: its settings, its exchange, its tests; then a variant of
//! [`Question`] and its two arms in `exchange.rs`.

#![forbid(unsafe_code)]

mod check;
pub mod exchange;
mod http;
mod outcome;
mod schedule;
mod state;
mod tcp;
mod timetable;

pub use check::{Check, CheckId, Question, Timing};
pub use http::HttpGet;
pub use outcome::{Failure, Internal, Outcome, Verdict};
pub use schedule::{Event, Output, Schedule};
pub use state::CheckState;
