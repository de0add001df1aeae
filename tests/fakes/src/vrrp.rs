//! A kernel for the mover of crate `vrrp`: keeps links, addresses, routes and settings, records
//! every call, refuses what it is told to refuse, holds back notices and loses answers on demand.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::rc::Rc;

use nix::errno::Errno;
use vrrp::mover::kernel::{
    Alike, Announcement, Answer, Claim, Kernel, Notice, Origin, Path, Request, Setting,
};
use vrrp::mover::rows::{AddressRow, LinkKind, LinkRow, Standing};

/// A handle on one kernel; clones share it, so that a test can look while the mover owns one.
#[derive(Clone, Debug, Default)]
pub struct FakeKernel(Rc<RefCell<State>>);

/// One call of the mover.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Call {
    /// One send of requests.
    Requests(Vec<Request>),
    /// One announcement.
    Announce(Announcement),
    /// `NAME` of an interface was set.
    Set(String, String, u8),
    /// Everything was read.
    Dump,
}

/// What the kernel holds, and how it misbehaves.
#[derive(Debug, Default)]
pub struct State {
    /// Links by index.
    pub links: BTreeMap<u32, LinkRow>,
    /// Addresses with the index of their link and their prefix length.
    pub addresses: BTreeSet<(u32, IpAddr, u8)>,
    /// Addresses with a local route of ours.
    pub routes: BTreeSet<IpAddr>,
    /// Routes and rules of ours.
    pub paths: BTreeSet<Path>,
    /// Settings of the IPv4 and IPv6 side of interfaces alike, by interface and name; absent is 0.
    pub settings: BTreeMap<(String, String), u8>,
    /// Whether `/proc/sys` is read-only.
    pub sysctl_refused: bool,
    /// Requests about these addresses are refused with this.
    pub refused: BTreeMap<IpAddr, Errno>,
    /// Devices cannot be made, for this reason.
    pub devices_refused: Option<Errno>,
    /// So many answers get lost, although the requests are done.
    pub answers_to_lose: usize,
    /// Notices stay in the kernel while this is set.
    pub notices_held: bool,
    /// Notices come one a call.
    pub notices_trickle: bool,
    /// Where what is listened for.
    pub ears: BTreeMap<u32, Alike>,
    /// What others say, not yet heard.
    pub claims: Vec<Claim>,
    /// Every call but `notices` and those about claims, in order.
    pub calls: Vec<Call>,
    notices: VecDeque<Notice>,
    sequence: u32,
}

impl FakeKernel {
    /// A kernel with one Ethernet link, up, with one address of its own.
    pub fn with_link(index: u32, name: &str, address: impl Into<IpAddr>) -> Self {
        let kernel = Self::default();
        kernel.state().links.insert(index, ethernet(index, name));
        kernel.state().addresses.insert((index, address.into(), 24));
        kernel
    }

    /// What it holds.
    pub fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    /// The calls since the last time this was asked.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// The addresses announced since calls were last taken.
    pub fn announced(&self) -> Vec<IpAddr> {
        let told = |call: &Call| match call {
            Call::Announce(one) => Some(one.address),
            Call::Requests(_) | Call::Set(..) | Call::Dump => None,
        };
        self.state().calls.iter().filter_map(told).collect()
    }

    /// A setting of an interface.
    pub fn setting_of(&self, interface: &str, name: &str) -> u8 {
        self.state().setting(interface, name)
    }

    /// Whether the machine answers an ARP request or neighbour solicitation for `address` that comes
    /// in on this link, and with the MAC address of which link.
    pub fn answers(&self, index: u32, address: impl Into<IpAddr>) -> Option<u32> {
        let (state, address) = (self.state(), address.into());
        let name = state.links.get(&index).map(|link| link.name.clone()).unwrap_or_default();
        let quiet = state.setting(&name, "arp_ignore") > 0 || address.is_ipv6();
        // Broadcasts arrive at every device upon this one.
        let upon = state.links.values().filter(|link| link.lower == Some(index) && link.enabled);
        let mut own = upon.map(|link| link.index).chain([index]);
        let holder = own.find(|&at| has(&state.addresses, at, address));
        let anywhere = state.addresses.iter().any(|row| row.1 == address);
        match holder {
            Some(at) if at == index || quiet => Some(at),
            _ => ((anywhere || state.routes.contains(&address)) && !quiet).then_some(index),
        }
    }

    /// Whether the machine takes a packet for `address`.
    pub fn takes_packets(&self, index: u32, address: impl Into<IpAddr>) -> bool {
        let (state, address) = (self.state(), address.into());
        has(&state.addresses, index, address) || state.routes.contains(&address)
    }

    /// Somebody else removes an address.
    pub fn delete_by_hand(&self, index: u32, address: impl Into<IpAddr>, prefix: u8) {
        let (mut state, address) = (self.state(), address.into());
        assert!(state.addresses.remove(&(index, address, prefix)), "{address} was there");
        let row = row(&(index, address, prefix));
        state.notices.push_back(Notice::AddressGone(row, Origin::Foreign));
    }

    /// Somebody else adds an address.
    pub fn add_by_hand(&self, index: u32, address: impl Into<IpAddr>, prefix: u8) {
        let (mut state, address) = (self.state(), address.into());
        state.addresses.insert((index, address, prefix));
        let row = row(&(index, address, prefix));
        state.notices.push_back(Notice::Address(row, Origin::Foreign));
    }

    /// Somebody else removes a route or rule of ours.
    pub fn delete_path_by_hand(&self, path: Path) {
        let mut state = self.state();
        assert!(state.paths.remove(&path), "{path:?} was there");
        state.notices.push_back(Notice::PathGone(path, Origin::Foreign));
    }

    /// A link appears or changes.
    pub fn change_link(&self, link: LinkRow) {
        let mut state = self.state();
        state.links.insert(link.index, link.clone());
        state.notices.push_back(Notice::Link(link));
    }

    /// A port of a bridge forwards, or no longer does.
    pub fn change_port(&self, index: u32, bridge: u32, forwards: bool) {
        self.state().notices.push_back(Notice::Port { index, bridge, forwards });
    }

    /// A link goes, with its addresses.
    pub fn remove_link(&self, index: u32) {
        self.state().remove_link(index);
    }

    /// The notices that wait are lost, and that is all that is said of them.
    pub fn overrun(&self) {
        let mut state = self.state();
        state.notices.clear();
        state.notices.push_back(Notice::Overrun);
    }

    /// Somebody says that an address is theirs; lost where nobody listens for it.
    pub fn claim(&self, index: u32, address: impl Into<IpAddr>, mac: [u8; 6]) {
        let (mut state, address) = (self.state(), address.into());
        let alike = state.ears.get(&index).copied().unwrap_or_default();
        let heard = match address {
            IpAddr::V4(address) => alike.v4.is_some_and(|(m, v)| address.to_bits() & m == v),
            IpAddr::V6(address) => alike.v6.is_some_and(|(m, v)| address.to_bits() as u32 & m == v),
        };
        if heard {
            state.claims.push(Claim { index, address, mac });
        }
    }
}

/// An Ethernet link that is up, with a MAC address made of its index.
pub fn ethernet(index: u32, name: &str) -> LinkRow {
    let mac = Some([2, 0, 0, 0, 0, index as u8]);
    LinkRow { index, name: name.into(), up: true, enabled: true, mac, ..LinkRow::default() }
}

impl Kernel for FakeKernel {
    fn request(&mut self, requests: &[Request]) -> Vec<Answer> {
        let mut state = self.state();
        state.calls.push(Call::Requests(requests.to_vec()));
        requests.iter().map(|request| state.answer(*request)).collect()
    }

    fn dump(&mut self) -> Result<(Vec<LinkRow>, Vec<AddressRow>), Errno> {
        let mut state = self.state();
        state.calls.push(Call::Dump);
        Ok((state.links.values().cloned().collect(), state.addresses.iter().map(row).collect()))
    }

    fn dump_paths(&mut self) -> Result<Vec<Path>, Errno> {
        Ok(self.state().paths.iter().copied().collect())
    }

    fn notices(&mut self) -> Vec<Notice> {
        let mut state = self.state();
        let count = match (state.notices_held, state.notices_trickle) {
            (true, _) => 0,
            (false, true) => state.notices.len().min(1),
            (false, false) => state.notices.len(),
        };
        state.notices.drain(..count).collect()
    }

    fn watch_paths(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    fn announce(&mut self, announcements: &[Announcement]) -> Result<usize, Errno> {
        let mut state = self.state();
        let leaves = |one: &&Announcement| {
            let link = state.links.get(&one.index);
            link.is_some_and(|link| link.enabled && link.mac == Some(one.mac))
        };
        let count = announcements.iter().take_while(leaves).count();
        let sent = announcements.iter().take(count).map(|one| Call::Announce(*one));
        state.calls.extend(sent);
        if count == 0 && !announcements.is_empty() { Err(Errno::ENETDOWN) } else { Ok(count) }
    }

    fn setting(&mut self, setting: &Setting<'_>) -> Result<u8, Errno> {
        Ok(self.state().setting(setting.interface, setting.name))
    }

    fn set(&mut self, setting: &Setting<'_>, value: u8) -> Result<(), Errno> {
        let mut state = self.state();
        if state.sysctl_refused {
            return Err(Errno::EROFS);
        }
        let key = (setting.interface.to_owned(), setting.name.to_owned());
        state.calls.push(Call::Set(key.0.clone(), key.1.clone(), value));
        state.settings.insert(key, value);
        Ok(())
    }

    fn listen(&mut self, index: u32, alike: Option<Alike>) -> Result<(), Errno> {
        let mut state = self.state();
        match alike {
            Some(alike) => state.ears.insert(index, alike),
            None => state.ears.remove(&index),
        };
        Ok(())
    }

    fn claims(&mut self) -> Vec<Claim> {
        std::mem::take(&mut self.state().claims)
    }
}

impl State {
    fn setting(&self, interface: &str, name: &str) -> u8 {
        self.settings.get(&(interface.to_owned(), name.to_owned())).copied().unwrap_or(0)
    }

    fn answer(&mut self, request: Request) -> Answer {
        self.sequence += 1;
        let result = self.apply(request);
        let lost = self.answers_to_lose > 0;
        self.answers_to_lose = self.answers_to_lose.saturating_sub(1);
        let result = if lost { Err(Errno::ENOBUFS) } else { result };
        Answer { sequence: self.sequence, result }
    }

    fn apply(&mut self, request: Request) -> Result<(), Errno> {
        let own = Origin::Own(self.sequence);
        match request {
            Request::AddAddress { index, address, prefix, .. } => {
                self.allow(index, address)?;
                changed(self.addresses.insert((index, address, prefix)), Errno::EEXIST)?;
                self.notices.push_back(Notice::Address(row(&(index, address, prefix)), own));
                Ok(())
            }
            Request::DeleteAddress { index, address, prefix } => {
                self.allow(index, address)?;
                changed(self.addresses.remove(&(index, address, prefix)), Errno::EADDRNOTAVAIL)?;
                self.notices.push_back(Notice::AddressGone(row(&(index, address, prefix)), own));
                Ok(())
            }
            Request::AddLocal(address) => changed(self.routes.insert(address), Errno::EEXIST),
            Request::DeleteLocal(address) => changed(self.routes.remove(&address), Errno::ESRCH),
            Request::AddPath(path) => changed(self.paths.insert(path), Errno::EEXIST),
            Request::DeletePath(path) => changed(self.paths.remove(&path), Errno::ESRCH),
            Request::CreateMacvlan { name, parent, mac } => {
                changed(self.links.contains_key(&parent), Errno::ENODEV)?;
                self.devices_refused.map_or(Ok(()), Err)?;
                let index = self.links.keys().max().map_or(1, |last| last + 1);
                let link = LinkRow {
                    index,
                    name: name.as_str().into(),
                    mac: Some(mac),
                    lower: Some(parent),
                    kind: LinkKind::BridgeMacvlan,
                    ..LinkRow::default()
                };
                self.links.insert(index, link.clone());
                self.notices.push_back(Notice::Link(link));
                Ok(())
            }
            Request::DeleteLink(index) => {
                changed(self.links.contains_key(&index), Errno::ENODEV)?;
                self.remove_link(index);
                Ok(())
            }
            Request::LinkUp(index) => self.switch(index, true),
            Request::LinkDown(index) => self.switch(index, false),
        }
    }

    /// Down, a link loses its IPv6 addresses.
    fn switch(&mut self, index: u32, up: bool) -> Result<(), Errno> {
        let link = self.links.get_mut(&index).ok_or(Errno::ENODEV)?;
        (link.enabled, link.up) = (up, up);
        self.notices.push_back(Notice::Link(link.clone()));
        let lost = |row: &&(u32, IpAddr, u8)| !up && row.0 == index && row.1.is_ipv6();
        let lost: Vec<_> = self.addresses.iter().filter(lost).copied().collect();
        for gone in lost {
            self.addresses.remove(&gone);
            self.notices.push_back(Notice::AddressGone(row(&gone), Origin::Foreign));
        }
        Ok(())
    }

    fn remove_link(&mut self, index: u32) {
        self.links.remove(&index);
        self.addresses.retain(|row| row.0 != index);
        self.notices.push_back(Notice::LinkGone(index));
        let upon = self.links.values().filter(|link| link.lower == Some(index));
        for above in upon.map(|link| link.index).collect::<Vec<_>>() {
            self.remove_link(above);
        }
    }

    fn allow(&self, index: u32, address: IpAddr) -> Result<(), Errno> {
        changed(self.links.contains_key(&index), Errno::ENODEV)?;
        self.refused.get(&address).map_or(Ok(()), |errno| Err(*errno))
    }
}

fn changed(did: bool, otherwise: Errno) -> Result<(), Errno> {
    if did { Ok(()) } else { Err(otherwise) }
}

fn has(addresses: &BTreeSet<(u32, IpAddr, u8)>, index: u32, address: IpAddr) -> bool {
    addresses.range((index, address, 0)..=(index, address, u8::MAX)).next().is_some()
}

fn row(&(index, address, prefix): &(u32, IpAddr, u8)) -> AddressRow {
    AddressRow { index, address, prefix, standing: Standing::Primary }
}
