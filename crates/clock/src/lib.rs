//! Time as plain numbers, so that a run can be printed, stored and replayed.
//!
//! [`Instant`] is a moment on one monotonic clock (the daemon uses `CLOCK_BOOTTIME`, the simulator a
//! counter); [`Interval`] is VRRP's Advertisement_Interval. Nothing here reads a clock: the loop
//! that owns a machine does, once a wakeup, and passes the value in.

#![no_std]
#![forbid(unsafe_code)]

mod instant;
mod interval;

pub use core::time::Duration;
pub use instant::Instant;
pub use interval::Interval;
