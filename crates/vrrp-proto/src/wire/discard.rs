//! Why a datagram was thrown away.

use core::fmt;

/// Why a datagram was thrown away. No state changes but the counter of that name.
///
/// The names are the leaves of RFC 8347 where it has one. In every case the sender, or somebody on
/// the path, is at fault or configured differently from us.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Discard {
    /// Not a whole IPv4 datagram of protocol 112 with a right header sum. A kernel delivers none.
    Header,
    /// The TTL or hop limit is not 255, or below what unicast asks for: it came through a router
    /// (RFC 9568 5.1.1.3, RFC 5082).
    Ttl,
    /// Shorter or longer than its headers say.
    Length,
    /// Another version of VRRP than the virtual router speaks.
    Version,
    /// Not an ADVERTISEMENT.
    Type,
    /// No right sum, or one that the settings refuse.
    Checksum,
    /// No virtual router of this number on the link; or 0, which none can have.
    Vrid,
    /// VRRPv2 with an authentication other than none or a password (RFC 2338 5.3.6).
    AuthType,
    /// VRRPv2 that authenticates otherwise than we do.
    AuthMismatch,
    /// VRRPv2 with another password than ours.
    AuthFailure,
    /// It names no virtual address (RFC 9568 5.2.5).
    NoAddresses,
    /// An interval of 0, or in version 2 another than ours (RFC 3768 7.1): the two would time each
    /// other out.
    Interval,
    /// Strict only: over IPv6 its first address is not link-local (RFC 9568 5.2.9), or in version 2
    /// its addresses are not ours and it does not own them (RFC 3768 7.1).
    AddressList,
    /// From our own address: looped by the network, or a duplicate address.
    OwnSource,
    /// Multicast to a router that is told to use unicast, or the other way round.
    DestMode,
    /// From none of the configured unicast peers.
    UnknownPeer,
}

impl Discard {
    /// The counter's name.
    pub const fn counter(self) -> &'static str {
        match self {
            Self::Header => "ip-header-errors",
            Self::Ttl => "ip-ttl-errors",
            Self::Length => "packet-length-errors",
            Self::Version => "version-errors",
            Self::Type => "invalid-type-pkts-rcvd",
            Self::Checksum => "checksum-errors",
            Self::Vrid => "vrid-errors",
            Self::AuthType => "auth-invalid-type",
            Self::AuthMismatch => "auth-type-mismatch",
            Self::AuthFailure => "auth-failure",
            Self::NoAddresses | Self::AddressList => "address-list-errors",
            Self::Interval => "interval-errors",
            Self::OwnSource => "own-source",
            Self::DestMode => "dest-mode",
            Self::UnknownPeer => "unknown-peer",
        }
    }
}

impl fmt::Display for Discard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "not a whole IPv4 datagram of protocol 112",
            Self::Ttl => "the TTL or hop limit is too low: it came through a router",
            Self::Length => "shorter or longer than its headers say",
            Self::Version => "another version of VRRP than ours",
            Self::Type => "not an advertisement",
            Self::Checksum => "wrong checksum",
            Self::Vrid => "no such virtual router on this link",
            Self::AuthType => "an authentication that does not exist any more",
            Self::AuthMismatch => "authenticated otherwise than we are told to",
            Self::AuthFailure => "another password than ours",
            Self::NoAddresses => "no virtual address",
            Self::Interval => "an interval of 0, or in version 2 another than ours",
            Self::AddressList => "an address list that the strict rules refuse",
            Self::OwnSource => "from our own address",
            Self::DestMode => "multicast where unicast is configured, or the other way round",
            Self::UnknownPeer => "from none of the configured peers",
        })
    }
}

impl core::error::Error for Discard {}
