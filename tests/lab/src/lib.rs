//! The lab: the real binary on a real kernel.
//!
//! Hosts are network namespaces joined by bridges ([`net`]); in them run the daemons under
//! test and their peers ([`daemon`]); an independent witness on the wire timestamps what they
//! say ([`witness`]) and clients count what is lost ([`client`]). Needs root and iproute2, on
//! this machine or inside a micro-VM.
//!
//! It links nothing of gemel: what it knows of the daemon is its command line, its file and its
//! packets.

pub mod bench_failover;
pub mod bench_vrrp;
pub mod client;
pub mod daemon;
pub mod demo;
pub mod freeze;
pub mod net;
pub mod pair;
pub mod peers;
pub mod prober;
pub mod programs;
pub mod rig;
pub mod servers;
mod sys;
pub mod table;
pub mod vm;
pub mod witness;
