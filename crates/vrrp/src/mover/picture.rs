//! The mover's picture of links and addresses: filled by dumps, kept by notices and own answers.
//! Pure; says what is there, not what should be.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use vrrp_proto::Family;

use super::rows::{AddressRow, LinkRow, Standing};

/// Links and addresses as last known.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// The addresses that are ours to move; they are never a source.
    ours: BTreeSet<IpAddr>,
    links: BTreeMap<u32, LinkRow>,
    names: BTreeMap<String, u32>,
    moved: BTreeSet<(u32, IpAddr, u8)>,
    hosts: BTreeMap<u32, Vec<AddressRow>>,
}

impl Picture {
    /// Knows nothing yet, but which addresses are ours to move.
    pub(super) fn new(ours: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { ours: ours.into_iter().collect(), ..Self::default() }
    }

    /// Starts over from a dump.
    pub(super) fn replace(&mut self, links: Vec<LinkRow>, addresses: Vec<AddressRow>) {
        let ours = std::mem::take(&mut self.ours);
        *self = Self { ours, ..Self::default() };
        links.into_iter().for_each(|link| self.link(link));
        addresses.into_iter().for_each(|row| self.address(row));
    }

    /// A link appeared or changed.
    pub(super) fn link(&mut self, link: LinkRow) {
        self.forget_name(link.index);
        self.names.insert(link.name.clone(), link.index);
        self.links.insert(link.index, link);
    }

    /// A link vanished, and its addresses with it.
    pub(super) fn link_gone(&mut self, index: u32) {
        self.forget_name(index);
        self.links.remove(&index);
        self.hosts.remove(&index);
        self.moved.retain(|(on, ..)| *on != index);
    }

    /// An address appeared or changed.
    pub(super) fn address(&mut self, row: AddressRow) {
        if self.ours.contains(&row.address) {
            self.moved.insert((row.index, row.address, row.prefix));
            return;
        }
        let rows = self.hosts.entry(row.index).or_default();
        match rows
            .iter_mut()
            .find(|known| (known.address, known.prefix) == (row.address, row.prefix))
        {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }

    /// An address vanished.
    pub(super) fn address_gone(&mut self, index: u32, address: IpAddr, prefix: u8) {
        self.moved.remove(&(index, address, prefix));
        if let Some(rows) = self.hosts.get_mut(&index) {
            rows.retain(|row| (row.address, row.prefix) != (address, prefix));
        }
    }

    /// The link of this name.
    pub(super) fn by_name(&self, name: &str) -> Option<&LinkRow> {
        self.names.get(name).and_then(|index| self.links.get(index))
    }

    /// With which prefix lengths an address of ours is on a link.
    pub(super) fn prefixes(&self, index: u32, address: IpAddr) -> impl Iterator<Item = u8> {
        self.moved.range((index, address, 0)..=(index, address, u8::MAX)).map(|row| row.2)
    }

    /// The link's own address that adverts of a family come from, if any: its first IPv4 address
    /// that is not secondary, its first link-local IPv6 address.
    pub(super) fn source(&self, index: u32, family: Family) -> Option<IpAddr> {
        let rows = self.hosts.get(&index)?;
        let mut usable = rows.iter().filter(|row| {
            row.standing != Standing::Unusable
                && match row.address {
                    IpAddr::V4(_) => family == Family::V4,
                    IpAddr::V6(address) => family == Family::V6 && is_link_local(address),
                }
        });
        let first = usable.clone().find(|row| row.standing == Standing::Primary);
        first.or_else(|| usable.next()).map(|row| row.address)
    }

    /// Whether the link has this address of its own, and can use it.
    pub(super) fn has_host(&self, index: u32, address: IpAddr) -> bool {
        let is_it = |row: &AddressRow| row.address == address && row.standing != Standing::Unusable;
        self.hosts.get(&index).is_some_and(|rows| rows.iter().any(is_it))
    }

    /// Whether an address is one that we move.
    pub(super) fn is_ours(&self, address: IpAddr) -> bool {
        self.ours.contains(&address)
    }

    /// The link of this index.
    pub(super) fn by_index(&self, index: u32) -> Option<&LinkRow> {
        self.links.get(&index)
    }

    /// Whether a link of this machine has this MAC address.
    pub(super) fn has_mac(&self, mac: [u8; 6]) -> bool {
        self.links.values().any(|link| link.mac == Some(mac))
    }

    /// We set a link up or down ourselves; whether it runs, its notice tells.
    pub(super) fn enabled(&mut self, index: u32, enabled: bool) {
        if let Some(link) = self.links.get_mut(&index) {
            link.enabled = enabled;
            link.up &= enabled;
        }
    }

    fn forget_name(&mut self, index: u32) {
        if let Some(old) = self.links.get(&index)
            && self.names.get(&old.name) == Some(&index)
        {
            self.names.remove(&old.name);
        }
    }
}

/// fe80::/10
fn is_link_local(address: Ipv6Addr) -> bool {
    address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str) -> LinkRow {
        LinkRow { index, name: name.into(), up: true, enabled: true, ..LinkRow::default() }
    }

    fn row(index: u32, last: u8, standing: Standing) -> AddressRow {
        AddressRow { index, address: [192, 0, 2, last].into(), prefix: 24, standing }
    }

    #[test]
    fn adverts_come_from_the_first_address_that_is_not_virtual() {
        use Standing::{Primary, Secondary};
        let mut picture = Picture::new([[192, 0, 2, 80].into()]);
        picture.replace(vec![link(7, "eth0")], vec![row(7, 80, Primary), row(7, 2, Secondary)]);
        assert_eq!(picture.source(7, Family::V4), Some([192, 0, 2, 2].into()));
        picture.address(row(7, 3, Primary));
        assert_eq!(picture.source(7, Family::V4), Some([192, 0, 2, 3].into()));
        picture.address_gone(7, [192, 0, 2, 3].into(), 24);
        picture.address_gone(7, [192, 0, 2, 2].into(), 24);
        assert_eq!(picture.source(7, Family::V4), None);
    }

    #[test]
    fn ipv6_adverts_come_from_the_first_usable_link_local_address_that_is_not_virtual() {
        let at = |text: &str, standing| AddressRow {
            index: 7,
            address: text.parse().unwrap(),
            prefix: 64,
            standing,
        };
        let mut picture = Picture::new(["fe80::5e00:233".parse().unwrap()]);
        picture.address(at("2001:db8::2", Standing::Primary));
        picture.address(at("fe80::5e00:233", Standing::Primary));
        picture.address(at("fe80::2", Standing::Unusable));
        assert_eq!(picture.source(7, Family::V6), None, "tentative");
        picture.address(at("fe80::3", Standing::Primary));
        picture.address(at("fe80::2", Standing::Primary));
        assert_eq!(picture.source(7, Family::V6), Some("fe80::2".parse().unwrap()));
        assert_eq!(picture.source(7, Family::V4), None);
    }

    #[test]
    fn a_name_can_move_to_another_link() {
        let mut picture = Picture::new([]);
        picture.link(link(7, "eth0"));
        picture.link(link(7, "old0"));
        picture.link(link(8, "eth0"));
        assert_eq!(picture.by_name("eth0").map(|link| link.index), Some(8));
        picture.link_gone(7);
        assert_eq!(picture.by_name("eth0").map(|link| link.index), Some(8));
        assert_eq!(picture.by_name("old0"), None);
    }
}
