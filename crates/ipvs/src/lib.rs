//! IPVS over generic netlink: the client, and the table thread that owns the Reconciler.
//!
//! [`start`] looks the family up (which loads the module where it exists), dumps the table, and
//! returns it with the running thread. What should be in the table is decided elsewhere (the
//! coordinator) and how to get there in `ipvs-table`; here are the bytes, the socket and the loop.
//!
//! ```text
//!  Order ──► mailbox ──► table thread: Reconciler ──► Kernel (Client, or a fake) ──► genetlink
//!  Fact  ◄── mailbox ◄──
//! ```

#![forbid(unsafe_code)]

mod api;
mod client;
pub mod codec;
mod explain;
mod kernel;
mod thread;

pub use api::{Fact, Order, Setup, StartError, Started, start, start_on};
pub use client::Client;
pub use explain::{explain, lo_up};
pub use kernel::{Connections, Kernel, Lost};
