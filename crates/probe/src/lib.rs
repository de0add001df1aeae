//! Checks over real sockets: the health thread, which owns the Schedule.

#![deny(unsafe_code)]

mod api;

pub use api::{Fact, Order, StartError, start};
