//! VRRP on Linux: the wire thread, which runs the election on raw sockets, and the mover thread,
//! which makes the addresses and their announcements follow.
//!
//! [`start`] opens everything, reads the links, and returns once both threads run. Orders go in by
//! [`Vrrp::order`], facts come out of the inbox given at start. No tokio, no logging, no disk here.

#![deny(unsafe_code)]

mod api;

pub use api::{Fact, Order, RouterReport, RouterSetup, Setup, StartError, VirtualAddress, Vrrp, start};
