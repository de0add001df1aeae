//! IPVS over generic netlink: the client, and the table thread that owns the Reconciler.
//!
//! [`start`] looks the family up (which loads the module where it exists), dumps the table, and
//! returns it with the running thread.

#![deny(unsafe_code)]

mod api;

pub use api::{Fact, Order, Setup, StartError, Started, start};
