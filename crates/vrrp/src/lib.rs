//! VRRP on Linux: the wire thread, which runs the election on raw sockets, and the mover thread,
//! which makes the addresses and their announcements follow.
//!
//! [`start`] opens everything, reads the links, and returns once both threads run. Orders go in by
//! [`Vrrp::order`], facts come out of the inbox given at start. No tokio and no logging here, no
//! disk after the start: the wire thread stores what a successor needs into a mapped file.
//!
//! ```text
//!  LAN ◄──► wire thread ── want, announce ──► mover thread ──► addresses, routes, gratuitous ARP
//!   orders ──►  │     ◄── links, settled ──      │      ◄──── netlink notices
//!               └────────────► facts ◄───────────┘
//! ```

#![deny(unsafe_code)]

mod api;
mod leftovers;
mod loops;
pub mod mover;
mod start;
pub mod state;
mod sys;
mod teller;
mod wire;

pub use api::{
    Difference, Fact, MemberReport, Order, RouterReport, RouterSetup, Setup, StartError, Vrrp,
};
pub use start::start;
