//! What one virtual router counts.

/// Events since it was made, by their names in RFC 8347 where it has one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Valid adverts heard, those of priority 0 included.
    pub advertisement_rcvd: u64,
    /// Adverts asked to be sent; one to several unicast peers counts once.
    pub advertisement_sent: u64,
    /// Valid adverts of priority 0 heard.
    pub priority_zero_pkts_rcvd: u64,
    /// Adverts of priority 0 asked to be sent.
    pub priority_zero_pkts_sent: u64,
    /// How often it became Active.
    pub master_transitions: u64,
    /// Datagrams discarded for their length.
    pub packet_length_errors: u64,
    /// Datagrams discarded for their type.
    pub invalid_type_pkts_rcvd: u64,
    /// Adverts of another interval than ours: kept in version 3, discarded in version 2; and those
    /// of interval 0, discarded.
    pub interval_errors: u64,
    /// Adverts of other addresses than ours, or over IPv6 without a link-local one first: kept unless
    /// strict; and those of none, discarded.
    pub address_list_errors: u64,
    /// Adverts discarded because they came from our own address.
    pub own_source: u64,
    /// Multicast adverts discarded in unicast mode, and unicast ones in multicast mode.
    pub dest_mode: u64,
    /// Unicast adverts discarded because their sender is not a peer.
    pub unknown_peer: u64,
    /// VRRPv2 adverts discarded for an authentication that does not exist any more.
    pub auth_invalid_type: u64,
    /// VRRPv2 adverts discarded because they authenticate otherwise than we do.
    pub auth_type_mismatch: u64,
    /// VRRPv2 adverts discarded for another password than ours.
    pub auth_failure: u64,
}

impl Counters {
    /// Each of them with its name.
    pub const fn named(&self) -> [(&'static str, u64); 15] {
        [
            ("advertisement-rcvd", self.advertisement_rcvd),
            ("advertisement-sent", self.advertisement_sent),
            ("priority-zero-pkts-rcvd", self.priority_zero_pkts_rcvd),
            ("priority-zero-pkts-sent", self.priority_zero_pkts_sent),
            ("master-transitions", self.master_transitions),
            ("packet-length-errors", self.packet_length_errors),
            ("invalid-type-pkts-rcvd", self.invalid_type_pkts_rcvd),
            ("interval-errors", self.interval_errors),
            ("address-list-errors", self.address_list_errors),
            ("own-source", self.own_source),
            ("dest-mode", self.dest_mode),
            ("unknown-peer", self.unknown_peer),
            ("auth-invalid-type", self.auth_invalid_type),
            ("auth-type-mismatch", self.auth_type_mismatch),
            ("auth-failure", self.auth_failure),
        ]
    }
}
