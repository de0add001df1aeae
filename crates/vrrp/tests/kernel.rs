//! The crate against kernels: the mover against a fake one in virtual time, and whole directors
//! against the real one, in network namespaces (root; see `kernel/net.rs`).

#[path = "kernel/moving.rs"]
mod moving;
