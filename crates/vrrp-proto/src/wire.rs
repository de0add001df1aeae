//! CONTRACT (to be written): IPv4 header and VRRPv3 message, bytes to values and back.

/// The longest datagram: an IPv4 header without options, 8 bytes and 255 addresses.
pub const MAX_DATAGRAM: usize = 20 + 8 + 4 * 255;
