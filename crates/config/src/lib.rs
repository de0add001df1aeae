//! The one file for both directors: text to [`Settings`], or all its problems at once.
//!
//! [`check`] reads text and returns settings with warnings, or every problem with file, line,
//! column, caret and suggestion. Nothing here reads a file or knows which director we are;
//! [`Settings::for_director`] turns settings into what the machines of one director need.

#![forbid(unsafe_code)]

mod director;
mod settings;

pub use director::{Assembly, RouterPlan};
pub use settings::{
    Adverts, CheckSettings, Director, Problem, Report, Router, Server, Service, Settings, Severity,
    Track, check,
};
