//! What is counted for all virtual routers together, and which counter a discard belongs to.

use super::seat;
use crate::wire::Discard;

/// Discarded datagrams that concern no single router (RFC 8347, `/vrrp/statistics`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// For one of ours, with a wrong checksum or one that its settings refuse.
    pub checksum_errors: u64,
    /// That came through a router: TTL not 255, or too low for unicast.
    pub ip_ttl_errors: u64,
    /// For one of ours, of another version of VRRP than it speaks.
    pub version_errors: u64,
    /// For a virtual router we do not have on that link.
    pub vrid_errors: u64,
    /// That are not even whole IPv4 datagrams of protocol 112, or too short to name a router.
    pub ip_header_errors: u64,
}

impl Counters {
    /// Each of them with its name.
    pub const fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("checksum-errors", self.checksum_errors),
            ("ip-ttl-errors", self.ip_ttl_errors),
            ("version-errors", self.version_errors),
            ("vrid-errors", self.vrid_errors),
            ("ip-header-errors", self.ip_header_errors),
        ]
    }

    /// Counts a discard once: here, or at the router that the datagram names if there is one.
    pub(super) fn discard(&mut self, router: Option<&mut seat::Counters>, discard: Discard) {
        *match (discard, router) {
            (Discard::Checksum, _) => &mut self.checksum_errors,
            (Discard::Ttl, _) => &mut self.ip_ttl_errors,
            (Discard::Version, _) => &mut self.version_errors,
            (Discard::Vrid, _) => &mut self.vrid_errors,
            (Discard::Header, _) | (Discard::Length, None) => &mut self.ip_header_errors,
            (Discard::Length, Some(router)) => &mut router.packet_length_errors,
            (Discard::Type, Some(router)) => &mut router.invalid_type_pkts_rcvd,
            (Discard::NoAddresses | Discard::AddressList, Some(router)) => {
                &mut router.address_list_errors
            }
            (Discard::Interval, Some(router)) => &mut router.interval_errors,
            (Discard::OwnSource, Some(router)) => &mut router.own_source,
            (Discard::DestMode, Some(router)) => &mut router.dest_mode,
            (Discard::UnknownPeer, Some(router)) => &mut router.unknown_peer,
            (Discard::AuthType, Some(router)) => &mut router.auth_invalid_type,
            (Discard::AuthMismatch, Some(router)) => &mut router.auth_type_mismatch,
            (Discard::AuthFailure, Some(router)) => &mut router.auth_failure,
            (
                Discard::Type
                | Discard::NoAddresses
                | Discard::AddressList
                | Discard::Interval
                | Discard::OwnSource
                | Discard::DestMode
                | Discard::UnknownPeer
                | Discard::AuthType
                | Discard::AuthMismatch
                | Discard::AuthFailure,
                None,
            ) => &mut self.vrid_errors,
        } += 1;
    }
}
