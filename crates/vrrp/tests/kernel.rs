//! The crate against kernels: the mover against a fake one in virtual time, and whole directors
//! against the real one, in network namespaces (needs root and `ip`; see `kernel/net.rs`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "kernel/bench.rs"]
mod bench;
#[path = "kernel/claims.rs"]
mod claims;
#[path = "kernel/devices.rs"]
mod devices;
#[path = "kernel/directors.rs"]
mod directors;
#[path = "kernel/ear.rs"]
mod ear;
#[path = "kernel/handover.rs"]
mod handover;
#[path = "kernel/ipv6.rs"]
mod ipv6;
#[path = "kernel/load.rs"]
mod load;
#[path = "kernel/moving.rs"]
mod moving;
#[path = "kernel/net.rs"]
mod net;
#[path = "kernel/parents.rs"]
mod parents;
#[path = "kernel/real.rs"]
mod real;
#[path = "kernel/speed.rs"]
mod speed;
#[path = "kernel/stall.rs"]
mod stall;
#[path = "kernel/vmac.rs"]
mod vmac;
#[path = "kernel/witness.rs"]
mod witness;
