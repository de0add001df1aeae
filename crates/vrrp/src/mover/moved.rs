//! One router's addresses, routes and rules as the mover tracks them.

use std::collections::VecDeque;
use std::net::IpAddr;

use clock::{Duration, Instant};
use nix::errno::Errno;
use vrrp_proto::held::{Mac, VirtualAddress};
use vrrp_proto::router::{Adverts, Holding};

use super::announce::Repeat;
use super::devices::{DeviceId, Devices};
use super::extras::Extra;
use super::picture::Picture;
use super::plan::{Place, Route};
use super::rows::{Manner, Word};
use crate::RouterSetup;

/// The first pause after a refusal; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a virtual MAC must be seen that sends no adverts, lest switches forget where it is:
/// they do after 5 minutes, or within 30 s of a change of the spanning tree.
const VIRTUAL_REFRESH: Duration = Duration::from_secs(30);

/// A router's addresses and what is wanted of them.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) name: String,
    /// The virtual MACs' devices that follow its role.
    pub(super) devices: Vec<DeviceId>,
    /// The revision and the level; `None` until the election has said something.
    pub(super) want: Option<(u64, Holding)>,
    /// The revision that was last told to be settled.
    pub(super) settled: Option<u64>,
    pub(super) spots: Vec<Spot>,
    pub(super) extras: Vec<Extra>,
    /// Copies of an announcement at once.
    pub(super) burst: u8,
    /// Whether it waits in the mover's line of routers to look at.
    pub(super) in_line: bool,
    /// Places of `spots` to look at, in order; each at most once.
    queue: VecDeque<usize>,
    /// How many of `spots` are not known to be as wanted.
    unsettled: usize,
}

/// An address to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Wanted {
    pub(super) address: IpAddr,
    pub(super) prefix: u8,
    pub(super) device: DeviceId,
    manner: Manner,
}

/// One address.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) wanted: Wanted,
    pub(super) route: Route,
    /// The index of the interface where it landed last.
    pub(super) on: Option<u32>,
    /// The sequence number of our last successful request about it: older notices are stale.
    pub(super) sequence: u32,
    /// Whether somebody else removed it while it was held.
    pub(super) lost: bool,
    /// When it landed, if it is held and has.
    pub(super) landed_at: Option<Instant>,
    /// When it is announced next, as the mover's schedule has it.
    pub(super) repeat: Option<Repeat>,
    /// The time between late repeats.
    pub(super) refresh: Option<Duration>,
    /// When it is to be looked at again, as the mover's waits have it.
    pub(super) wait: Option<Instant>,
    /// When somebody else's claim to it was last told.
    pub(super) disputed: Option<Instant>,
    settled: bool,
    queued: bool,
    refused: Option<Refused>,
}

/// A request that was refused, and when it is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    again_at: Instant,
    pause: Duration,
}

impl Refused {
    /// A refusal after those `before`.
    pub(super) fn after(before: Option<Self>, now: Instant) -> Self {
        let longer = |before: Self| (before.pause * 2).min(LONGEST_PAUSE);
        let pause = before.map_or(FIRST_PAUSE, longer);
        Self { again_at: now + pause, pause }
    }

    /// Until when it rests, if it does.
    pub(super) fn rests(self, now: Instant) -> Option<Instant> {
        (self.again_at > now).then_some(self.again_at)
    }
}

impl Moved {
    /// A router as the configuration has it; `devices` knows every interface it names.
    pub(super) fn new(setup: &RouterSetup, devices: &Devices) -> Self {
        let mine = devices.virtuals().filter(|(_, ours)| ours.member.router == setup.id);
        let mine: Vec<DeviceId> = mine.map(|(id, _)| id).collect();
        let mut spots = Vec::with_capacity(setup.held.addresses.len());
        for address in &setup.held.addresses {
            let Some(device) = devices.id(&address.interface) else { continue };
            let refresh = setup.held.announce.refresh;
            spots.push(Spot::new(Wanted::new(address, device, devices), refresh));
        }
        for at in lone_speakers(setup, devices, &spots) {
            let refresh = &mut spots[at].refresh;
            *refresh = Some(refresh.map_or(VIRTUAL_REFRESH, |given| given.min(VIRTUAL_REFRESH)));
        }
        Self {
            name: setup.name.clone(),
            devices: mine,
            want: None,
            settled: None,
            unsettled: spots.len(),
            queue: VecDeque::with_capacity(spots.len()),
            spots,
            extras: Extra::of(setup),
            burst: setup.held.announce.burst.max(1),
            in_line: false,
        }
    }

    pub(super) fn want(&mut self, revision: u64, holding: Holding) {
        self.want = Some((revision, holding));
        self.extras.iter_mut().for_each(|extra| extra.refused = None);
        for spot in &mut self.spots {
            spot.refused = None;
            if holding == Holding::Absent {
                spot.lost = false;
                spot.landed_at = None;
            }
        }
        self.queue_all();
    }

    pub(super) fn holding(&self) -> Option<Holding> {
        self.want.map(|(_, holding)| holding)
    }

    pub(super) fn held(&self) -> bool {
        self.holding() == Some(Holding::Held)
    }

    /// Every address is to be looked at, in the order of the list.
    pub(super) fn queue_all(&mut self) {
        self.queue.clear();
        self.queue.extend(0..self.spots.len());
        self.unsettled = self.spots.len();
        for spot in &mut self.spots {
            (spot.queued, spot.settled) = (true, false);
        }
    }

    /// One address is to be looked at.
    pub(super) fn queue(&mut self, at: usize) {
        let Some(spot) = self.spots.get_mut(at) else { return };
        if !std::mem::replace(&mut spot.queued, true) {
            self.queue.push_back(at);
        }
        if std::mem::replace(&mut spot.settled, false) {
            self.unsettled += 1;
        }
    }

    /// The next address to look at.
    pub(super) fn next(&mut self) -> Option<usize> {
        let at = self.queue.pop_front()?;
        self.spots.get_mut(at)?.queued = false;
        Some(at)
    }

    /// An address is as wanted.
    pub(super) fn settle(&mut self, at: usize) {
        let Some(spot) = self.spots.get_mut(at) else { return };
        if !std::mem::replace(&mut spot.settled, true) {
            self.unsettled -= 1;
        }
    }

    /// Whether every address is as wanted.
    pub(super) fn all_there(&self) -> bool {
        self.unsettled == 0
    }
}

impl Wanted {
    fn new(address: &VirtualAddress, device: DeviceId, devices: &Devices) -> Self {
        let label = address.label.as_deref().and_then(Word::new);
        let virtual_mac = devices.get(device).ours.is_some();
        let manner = Manner { label, scope: address.scope, prefix_route: !virtual_mac };
        Self { address: address.address, prefix: address.prefix, device, manner }
    }
}

impl Spot {
    fn new(wanted: Wanted, refresh: Option<Duration>) -> Self {
        // Where no local route is ever placed, none is looked for.
        let route = if wanted.manner.prefix_route { Route::Unknown } else { Route::Never };
        Self {
            wanted,
            route,
            on: None,
            sequence: 0,
            lost: false,
            landed_at: None,
            repeat: None,
            refresh,
            wait: None,
            disputed: None,
            settled: false,
            queued: false,
            refused: None,
        }
    }

    /// Where it is; `room` takes its prefix lengths.
    pub(super) fn place<'a>(
        &self,
        index: Option<u32>,
        picture: &Picture,
        room: &'a mut [u8; 129],
    ) -> Place<'a> {
        let Wanted { address, prefix, manner, .. } = self.wanted;
        let mut count = 0;
        let found = index.into_iter().flat_map(|index| picture.prefixes(index, address));
        for (slot, present) in room.iter_mut().zip(found) {
            *slot = present;
            count += 1;
        }
        let elsewhere = self.on.filter(|on| Some(*on) != index);
        let stray = elsewhere.and_then(|on| Some((on, picture.prefixes(on, address).next()?)));
        let present = &room[..count];
        Place { address, prefix, manner, index, present, stray, route: self.route }
    }

    /// Until when a refused request rests.
    pub(super) fn retry_after(&self, now: Instant) -> Option<Instant> {
        self.refused.and_then(|refused| refused.rests(now))
    }

    /// A request about it was done.
    pub(super) fn accepted(&mut self, sequence: u32) {
        self.sequence = sequence;
        self.refused = None;
    }

    /// A request about it was refused; the errno if that is news.
    pub(super) fn refused(&mut self, now: Instant, errno: Errno) -> Option<Errno> {
        let before = self.refused.replace(Refused::after(self.refused, now));
        before.is_none().then_some(errno)
    }
}

/// The first address on each virtual MAC's device whose adverts leave from another MAC address.
fn lone_speakers(setup: &RouterSetup, devices: &Devices, spots: &[Spot]) -> Vec<usize> {
    let members = setup.members.iter().zip(&setup.settings.members);
    let unicast = members.filter(|(_, m)| matches!(m.adverts, Adverts::Unicast { .. }));
    let names = unicast.filter_map(|(setup, _)| match &setup.mac {
        Mac::Virtual(name) => Some(name),
        Mac::Interface => None,
    });
    let ids = names.filter_map(|name| devices.id(name));
    ids.filter_map(|id| spots.iter().position(|spot| spot.wanted.device == id)).collect()
}
