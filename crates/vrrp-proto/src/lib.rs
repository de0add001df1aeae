//! VRRP without IO: bytes to adverts and back, and who of the directors holds the addresses.
//!
//! 1. Make an [`Election`]; it owns every router of this director.
//! 2. Call [`Election::handle`] with the time and what happened: a datagram, a link fact, an order.
//! 3. Do what it returns, in order; packets are built by [`Election::emit`] when they are sent.
//! 4. Call it again with [`election::Event::Tick`] no later than [`Election::deadline`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod election;
pub mod held;
pub mod router;
mod types;
pub mod wire;

pub use election::Election;
pub use router::Router;
pub use types::{
    Checksum, ChecksumPolicy, DownFactor, Family, LinkId, MemberId, Priority, Role, RouterId, Vrid,
};
