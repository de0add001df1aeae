//! A kernel for the mover of crate `vrrp`: keeps links, addresses and routes, records every call,
//! refuses what it is told to refuse, holds back notices and loses answers on demand.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::rc::Rc;

use nix::errno::Errno;
use vrrp::mover::kernel::{Answer, Kernel, Notice, Origin, Request};
use vrrp::mover::picture::{AddressRow, LinkRow};

/// A handle on one kernel; clones share it, so that a test can look while the mover owns one.
#[derive(Clone, Debug, Default)]
pub struct FakeKernel(Rc<RefCell<State>>);

/// One call of the mover.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Call {
    /// One send of requests.
    Requests(Vec<Request>),
    /// One gratuitous ARP.
    Announce(Ipv4Addr),
    /// `arp_ignore` of an interface was set.
    ArpIgnore(String, u8),
    /// Everything was read.
    Dump,
}

/// What the kernel holds, and how it misbehaves.
#[derive(Debug, Default)]
pub struct State {
    /// Links by index.
    pub links: BTreeMap<u32, LinkRow>,
    /// Addresses with the index of their link and their prefix length.
    pub addresses: BTreeSet<(u32, Ipv4Addr, u8)>,
    /// Addresses with a local route of ours.
    pub routes: BTreeSet<Ipv4Addr>,
    /// `arp_ignore` by interface; absent is 0.
    pub arp_ignore: BTreeMap<String, u8>,
    /// Whether `/proc/sys` is read-only.
    pub sysctl_refused: bool,
    /// Requests about these addresses are refused with this.
    pub refused: BTreeMap<Ipv4Addr, Errno>,
    /// So many answers get lost, although the requests are done.
    pub answers_to_lose: usize,
    /// Notices stay in the kernel while this is set.
    pub notices_held: bool,
    /// Notices come one a call.
    pub notices_trickle: bool,
    /// Every call but `notices`, in order.
    pub calls: Vec<Call>,
    notices: VecDeque<Notice>,
    sequence: u32,
}

impl FakeKernel {
    /// A kernel with one Ethernet link, up, with one address of its own.
    pub fn with_link(index: u32, name: &str, address: Ipv4Addr) -> Self {
        let kernel = Self::default();
        let mac = Some([2, 0, 0, 0, 0, index as u8]);
        kernel.state().links.insert(index, LinkRow { index, name: name.into(), up: true, mac });
        kernel.state().addresses.insert((index, address, 24));
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
    pub fn announced(&self) -> Vec<Ipv4Addr> {
        let told = |call: &Call| match call {
            Call::Announce(address) => Some(*address),
            Call::Requests(_) | Call::ArpIgnore(..) | Call::Dump => None,
        };
        self.state().calls.iter().filter_map(told).collect()
    }

    /// Whether the machine answers an ARP request for `address` that comes in on this link.
    pub fn answers_arp(&self, index: u32, address: Ipv4Addr) -> bool {
        let state = self.state();
        let name = state.links.get(&index).map(|link| link.name.clone()).unwrap_or_default();
        let ignores = state.arp_ignore.get(&name).is_some_and(|value| *value > 0);
        has(&state.addresses, index, address) || (state.routes.contains(&address) && !ignores)
    }

    /// Whether the machine takes a packet for `address`.
    pub fn takes_packets(&self, index: u32, address: Ipv4Addr) -> bool {
        let state = self.state();
        has(&state.addresses, index, address) || state.routes.contains(&address)
    }

    /// Somebody else removes an address.
    pub fn delete_by_hand(&self, index: u32, address: Ipv4Addr, prefix: u8) {
        let mut state = self.state();
        assert!(state.addresses.remove(&(index, address, prefix)), "{address} was there");
        let row = AddressRow { index, address, prefix, secondary: false };
        state.notices.push_back(Notice::AddressGone(row, Origin::Foreign));
    }

    /// Somebody else adds an address.
    pub fn add_by_hand(&self, index: u32, address: Ipv4Addr, prefix: u8) {
        let mut state = self.state();
        state.addresses.insert((index, address, prefix));
        let row = AddressRow { index, address, prefix, secondary: false };
        state.notices.push_back(Notice::Address(row, Origin::Foreign));
    }

    /// A link appears or changes.
    pub fn change_link(&self, link: LinkRow) {
        let mut state = self.state();
        state.links.insert(link.index, link.clone());
        state.notices.push_back(Notice::Link(link));
    }

    /// A link goes, with its addresses.
    pub fn remove_link(&self, index: u32) {
        let mut state = self.state();
        state.links.remove(&index);
        state.addresses.retain(|row| row.0 != index);
        state.notices.push_back(Notice::LinkGone(index));
    }

    /// The notices that wait are lost, and that is all that is said of them.
    pub fn overrun(&self) {
        let mut state = self.state();
        state.notices.clear();
        state.notices.push_back(Notice::Overrun);
    }
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
        let row =
            |&(index, address, prefix)| AddressRow { index, address, prefix, secondary: false };
        Ok((state.links.values().cloned().collect(), state.addresses.iter().map(row).collect()))
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

    fn announce(&mut self, index: u32, _mac: [u8; 6], address: Ipv4Addr) -> Result<(), Errno> {
        let mut state = self.state();
        if !state.links.get(&index).is_some_and(|link| link.up) {
            return Err(Errno::ENETDOWN);
        }
        state.calls.push(Call::Announce(address));
        Ok(())
    }

    fn arp_ignore(&mut self, interface: &str) -> Result<u8, Errno> {
        Ok(self.state().arp_ignore.get(interface).copied().unwrap_or(0))
    }

    fn set_arp_ignore(&mut self, interface: &str, value: u8) -> Result<(), Errno> {
        let mut state = self.state();
        if state.sysctl_refused {
            return Err(Errno::EROFS);
        }
        state.calls.push(Call::ArpIgnore(interface.into(), value));
        state.arp_ignore.insert(interface.into(), value);
        Ok(())
    }
}

impl State {
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
            Request::AddAddress { index, address, prefix } => {
                self.allow(index, address)?;
                let row = AddressRow { index, address, prefix, secondary: false };
                changed(self.addresses.insert((index, address, prefix)), Errno::EEXIST)?;
                self.notices.push_back(Notice::Address(row, own));
                Ok(())
            }
            Request::DeleteAddress { index, address, prefix } => {
                self.allow(index, address)?;
                let row = AddressRow { index, address, prefix, secondary: false };
                changed(self.addresses.remove(&(index, address, prefix)), Errno::EADDRNOTAVAIL)?;
                self.notices.push_back(Notice::AddressGone(row, own));
                Ok(())
            }
            Request::AddRoute(address) => changed(self.routes.insert(address), Errno::EEXIST),
            Request::DeleteRoute(address) => changed(self.routes.remove(&address), Errno::ESRCH),
        }
    }

    fn allow(&self, index: u32, address: Ipv4Addr) -> Result<(), Errno> {
        changed(self.links.contains_key(&index), Errno::ENODEV)?;
        self.refused.get(&address).map_or(Ok(()), |errno| Err(*errno))
    }
}

fn changed(did: bool, otherwise: Errno) -> Result<(), Errno> {
    if did { Ok(()) } else { Err(otherwise) }
}

fn has(addresses: &BTreeSet<(u32, Ipv4Addr, u8)>, index: u32, address: Ipv4Addr) -> bool {
    addresses.range((index, address, 0)..=(index, address, u8::MAX)).next().is_some()
}
