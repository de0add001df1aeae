//! What was last wrong with what came in on a seat: why our peer does not hear us, or we not it.

use core::net::IpAddr;

use clock::Instant;

use crate::wire::Discard;

/// What was last wrong. A few words, each overwritten by the next of its kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Noted {
    pub(super) discard: Option<(Discard, Instant, Option<IpAddr>)>,
    pub(super) interval: Option<Instant>,
    pub(super) addresses: Option<Instant>,
}

/// What an advert that is kept may say otherwise than we do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::election) enum Difference {
    /// Its interval.
    Interval,
    /// Its addresses, or that one of IPv6 does not begin with a link-local one.
    Addresses,
}
