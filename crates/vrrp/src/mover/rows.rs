//! What the kernel says of links, addresses, routes and rules, as far as the mover looks at it.

use std::net::IpAddr;

use vrrp_proto::Family;
use vrrp_proto::held::{Scope, VirtualRule};

/// One link.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LinkRow {
    /// Its index, which a new interface of the same name does not share.
    pub index: u32,
    /// Its name at present.
    pub name: String,
    /// Whether it is up and running (IFF_UP and IFF_RUNNING).
    pub up: bool,
    /// Whether it is meant to be up (IFF_UP), cable or not.
    pub enabled: bool,
    /// Its MAC address, if it is Ethernet.
    pub mac: Option<[u8; 6]>,
    /// The bridge, bond or VRF that it is a part of (IFLA_MASTER).
    pub master: Option<u32>,
    /// The link that it stands on (IFLA_LINK).
    pub lower: Option<u32>,
    /// What it is.
    pub kind: LinkKind,
}

/// What a link is, as far as that matters here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LinkKind {
    /// Anything else.
    #[default]
    Other,
    /// A macvlan in bridge mode.
    BridgeMacvlan,
    /// A macvlan in another mode, where adverts arrive elsewhere (vrrp.md 11.1).
    OtherMacvlan,
}

/// One address of a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AddressRow {
    /// The link's index.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Its prefix length.
    pub prefix: u8,
    /// Whether it can be the source of adverts.
    pub standing: Standing,
}

/// Whether an address can be a source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Yes.
    Primary,
    /// An IPv4 address after another one of its subnet (IFA_F_SECONDARY): only for want of one.
    Secondary,
    /// An IPv6 address that is not known to be the only one of its kind on the link
    /// (IFA_F_TENTATIVE, IFA_F_DADFAILED).
    Unusable,
}

/// How an address is put on a link.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Manner {
    /// IFA_LABEL.
    pub label: Option<Word>,
    /// `ifa_scope`.
    pub scope: Scope,
    /// Whether a route to its subnet comes with it (no IFA_F_NOPREFIXROUTE).
    pub prefix_route: bool,
}

/// A name of at most 15 bytes: of an interface, or a label (IFNAMSIZ less its zero).
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct Word {
    length: u8,
    bytes: [u8; 15],
}

/// One route of ours (RTPROT 112). As asked, `None` is "not said"; as read, "has none".
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RouteRow {
    /// Where to; the family's unspecified address and 0 for the default route.
    pub to: (IpAddr, u8),
    /// The next hop.
    pub via: Option<IpAddr>,
    /// The index of the device.
    pub index: Option<u32>,
    /// The preferred source.
    pub source: Option<IpAddr>,
    /// The table.
    pub table: u32,
    /// The metric.
    pub metric: Option<u32>,
}

/// One policy rule of ours (FRA_PROTOCOL 112).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RuleRow {
    /// Its family.
    pub family: Family,
    /// Packets from here.
    pub from: Option<(IpAddr, u8)>,
    /// Packets to there.
    pub to: Option<(IpAddr, u8)>,
    /// Packets with this mark.
    pub mark: Option<u32>,
    /// Look here.
    pub table: u32,
    /// Its place among the rules.
    pub priority: Option<u32>,
}

impl Word {
    /// `None` if it is longer than 15 bytes.
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; 15];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { length: text.len() as u8, bytes })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length.into()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

impl RouteRow {
    /// Whether `there`, as the kernel has it, is this route as asked for: what was not said is the
    /// kernel's to fill in.
    pub fn is(&self, there: &Self) -> bool {
        let said = |asked: Option<IpAddr>, found: Option<IpAddr>| asked.is_none() || asked == found;
        self.to == there.to
            && self.table == there.table
            && said(self.via, there.via)
            && said(self.source, there.source)
            && (self.index.is_none() || self.index == there.index)
            && (self.metric.is_none() || self.metric == there.metric)
    }
}

impl RuleRow {
    /// The rules of the file are of the family of their addresses; one with none is told which.
    pub fn new(rule: &VirtualRule, family: Family) -> Self {
        let VirtualRule { from, to, mark, table, priority } = *rule;
        Self { family, from, to, mark, table, priority }
    }

    /// As [`RouteRow::is`].
    pub fn is(&self, there: &Self) -> bool {
        let Self { priority, .. } = *self;
        *self == Self { priority, ..*there } && (priority.is_none() || priority == there.priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_at_most_15_bytes() {
        assert_eq!(
            Word::new("eth0:web").map(|word| word.as_str().to_owned()),
            Some("eth0:web".into())
        );
        assert_eq!(Word::new("123456789012345").map(|word| word.as_str().len()), Some(15));
        assert_eq!(Word::new("1234567890123456"), None);
    }

    #[test]
    fn what_a_route_does_not_say_is_the_kernels_to_fill_in() {
        let to = (IpAddr::from([0, 0, 0, 0]), 0);
        let via = Some(IpAddr::from([192, 0, 2, 254]));
        let asked = RouteRow { to, via, index: None, source: None, table: 254, metric: None };
        let there = RouteRow { index: Some(7), metric: Some(0), ..asked };
        assert!(asked.is(&there));
        assert!(!RouteRow { index: Some(8), ..asked }.is(&there));
        assert!(!asked.is(&RouteRow { via: None, ..there }));
        assert!(!asked.is(&RouteRow { table: 100, ..there }));
    }
}
