//! Tracked sources over the kernel: the `gemel-track` thread, which owns a Tracker.
//!
//! [`start`] runs it; orders go in and facts come out through mailboxes, nothing else. What the
//! samples add up to is the track crate's.

#![deny(unsafe_code)]

mod api;

pub use api::{Fact, Order, SourceReport, StartError};
