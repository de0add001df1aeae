//! Checks over real sockets: the health thread, which owns the Schedule.
//!
//! [`start`] runs it; orders go in and facts come out through mailboxes, nothing else. What a check
//! says on the wire is the health crate's: a new protocol changes nothing here.

#![deny(unsafe_code)]

mod api;
mod ask;
mod fault;
mod pending;
mod prober;
mod spawn;
mod sys;

pub use api::{Fact, Order, StartError, start};
