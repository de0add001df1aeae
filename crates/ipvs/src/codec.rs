//! Bytes of netlink messages to and from the values of `ipvs-table`. No IO, and nothing here can
//! panic whatever the bytes are. The client is the one caller in the product; it is public for the fuzz
//! target.
//!
//! A message is `nlmsghdr` (16 bytes), `genlmsghdr` (4 bytes), attributes, all in native byte order
//! but for ports, addresses and IPv4 masks. Each attribute is padded to 4 bytes.

#![deny(clippy::indexing_slicing)]

mod emit;
mod parse;

pub use emit::{dump, family_lookup, request};
pub use parse::{Reply, destination, family_id, replies, service};

/// Top bit of an attribute's type: it holds attributes (`NLA_F_NESTED`).
const NESTED: u16 = 0x8000;
/// The rest of an attribute's type (`NLA_TYPE_MASK`).
const TYPE: u16 = 0x3fff;
/// Everything starts at a multiple of this (`NLMSG_ALIGNTO`, `NLA_ALIGNTO`).
const ALIGN: usize = 4;

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests;
