//! The virtual-server table, without IO: what it is, what is wanted, and how to get from one to
//! the other.
//!
//! [`Table`] is a value; [`plan`] says which requests turn one into another and in which order; the
//! [`Reconciler`] owns the wanted table and what is known of the kernel's, and says what to ask next.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod model;
mod plan;
mod reconciler;

pub use model::{
    Family, Forward, Protocol, Scheduler, Server, ServerKey, Service, ServiceKey, Table, Weight,
};
pub use plan::{Request, plan};
pub use reconciler::{Event, Output, Reconciler, Refusal};
