//! Tracked sources over the kernel: the `gemel-track` thread, which owns a Tracker.
//!
//! [`start`] runs it; orders go in and facts come out through mailboxes, nothing else. What the
//! samples add up to is the track crate's. Each kind of source has a file of its own; what may block
//! runs as an errand beside the thread, so that no source can stall another.
//!
//! ```text
//!   rtnetlink (addresses, routes) ─┐                      ┌─ errands: files, scripts, /proc
//!   ARP, neighbour discovery ──────┼─► gemel-track ◄──────┤
//!   process events, inotify ───────┘   epoll, Tracker     └─ orders        ──facts──► engine
//! ```

#![deny(unsafe_code)]

mod api;
mod errand;
mod file;
mod filter;
mod gateway;
mod process;
mod rtnetlink;
mod script;
mod sys;
mod teller;
mod thread;

pub use api::{Fact, Order, SourceReport, StartError};
pub use errand::start;

/// Messages that are taken from one descriptor in one wakeup.
const DRAIN: usize = 64;
