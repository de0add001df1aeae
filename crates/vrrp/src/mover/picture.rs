//! The mover's picture of links and IPv4 addresses: filled by dumps, kept by notices and own
//! answers. Pure; says what is there, not what should be.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// One link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LinkRow {
    /// Its index, which a new interface of the same name does not share.
    pub index: u32,
    /// Its name at present.
    pub name: String,
    /// Whether it is up and running (IFF_UP and IFF_RUNNING).
    pub up: bool,
    /// Its MAC address, if it is Ethernet.
    pub mac: Option<[u8; 6]>,
}

/// One IPv4 address of a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AddressRow {
    /// The link's index.
    pub index: u32,
    /// The address.
    pub address: Ipv4Addr,
    /// Its prefix length.
    pub prefix: u8,
    /// Whether another address of the same subnet comes before it (IFA_F_SECONDARY).
    pub secondary: bool,
}

/// Links and addresses as last known.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// The addresses that are ours to move; they are never a source.
    ours: BTreeSet<Ipv4Addr>,
    links: BTreeMap<u32, LinkRow>,
    names: BTreeMap<String, u32>,
    moved: BTreeSet<(u32, Ipv4Addr, u8)>,
    hosts: BTreeMap<u32, Vec<AddressRow>>,
}

impl Picture {
    /// Knows nothing yet, but which addresses are ours to move.
    pub(super) fn new(ours: impl IntoIterator<Item = Ipv4Addr>) -> Self {
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
    pub(super) fn address_gone(&mut self, index: u32, address: Ipv4Addr, prefix: u8) {
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
    pub(super) fn prefixes(&self, index: u32, address: Ipv4Addr) -> impl Iterator<Item = u8> {
        self.moved.range((index, address, 0)..=(index, address, u8::MAX)).map(|row| row.2)
    }

    /// The link's own address that adverts come from: its first that is not secondary, if any.
    pub(super) fn primary(&self, index: u32) -> Option<Ipv4Addr> {
        let rows = self.hosts.get(&index)?;
        rows.iter().find(|row| !row.secondary).or_else(|| rows.first()).map(|row| row.address)
    }

    /// Whether the link has this address of its own.
    pub(super) fn has_host(&self, index: u32, address: Ipv4Addr) -> bool {
        self.hosts.get(&index).is_some_and(|rows| rows.iter().any(|row| row.address == address))
    }

    fn forget_name(&mut self, index: u32) {
        if let Some(old) = self.links.get(&index)
            && self.names.get(&old.name) == Some(&index)
        {
            self.names.remove(&old.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str) -> LinkRow {
        LinkRow { index, name: name.into(), up: true, mac: None }
    }

    fn row(index: u32, last: u8, secondary: bool) -> AddressRow {
        AddressRow { index, address: [192, 0, 2, last].into(), prefix: 24, secondary }
    }

    #[test]
    fn adverts_come_from_the_first_address_that_is_not_virtual() {
        let mut picture = Picture::new([[192, 0, 2, 80].into()]);
        picture.replace(vec![link(7, "eth0")], vec![row(7, 80, false), row(7, 2, true)]);
        assert_eq!(picture.primary(7), Some([192, 0, 2, 2].into()));
        picture.address(row(7, 3, false));
        assert_eq!(picture.primary(7), Some([192, 0, 2, 3].into()));
        picture.address_gone(7, [192, 0, 2, 3].into(), 24);
        picture.address_gone(7, [192, 0, 2, 2].into(), 24);
        assert_eq!(picture.primary(7), None);
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
