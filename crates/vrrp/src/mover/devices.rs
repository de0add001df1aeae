//! The interfaces that addresses stand on, and the virtual MACs' devices among them: made while
//! down, up only while their router is to hold its addresses (vrrp.md 11.1).
//!
//! In bridge mode adverts always arrive at the parent, so a device that is down loses nothing, is
//! silent and answers nothing: setting it down is the mute.

use std::collections::BTreeMap;

use clock::{Duration, Instant};
use nix::errno::Errno;
use vrrp_proto::held::Mac;
use vrrp_proto::{Family, MemberId, RouterId};

use super::kernel::{Kernel, Request, Setting};
use super::picture::Picture;
use super::rows::{LinkKind, LinkRow, Word};
use super::{Asked, Mover, Piece};
use crate::{Fact, RouterSetup};

mod nature;

use nature::{directory, settings, shown, virtual_mac, way_out};

/// The pause before a device that could not be made or set up is tried again.
const MAKE_AGAIN: Duration = Duration::from_secs(5);

/// An interface named by the configuration, there or not.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct DeviceId(usize);

/// The interfaces.
#[derive(Debug, Default)]
pub(super) struct Devices {
    list: Vec<Device>,
    names: BTreeMap<String, DeviceId>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) name: String,
    /// Routers with addresses, routes or a virtual MAC here.
    pub(super) routers: Vec<RouterId>,
    /// What it is, if it is a virtual MAC's.
    pub(super) ours: Option<Virtual>,
}

/// A virtual MAC's device.
#[derive(Debug)]
pub(super) struct Virtual {
    pub(super) member: MemberId,
    pub(super) parent: DeviceId,
    pub(super) family: Family,
    mac: [u8; 6],
    router_name: String,
    /// The index of the device whose settings are done.
    prepared: Option<u32>,
    /// Whether the parent is kept from answering for its addresses.
    pub(super) shades: bool,
    /// Until when what was refused rests.
    pub(super) again_at: Option<Instant>,
    /// What was last told to be wrong.
    told: Option<String>,
}

impl Devices {
    pub(super) fn new(routers: &[RouterSetup]) -> Self {
        let mut devices = Self::default();
        for router in routers {
            for (at, (setup, member)) in
                router.members.iter().zip(&router.settings.members).enumerate()
            {
                let parent = devices.add(&setup.interface, router.id);
                let Mac::Virtual(name) = &setup.mac else { continue };
                let family = member.protocol.family();
                let id = devices.add(name, router.id);
                devices.list[id.0].ours = Some(Virtual {
                    member: MemberId { router: router.id, at },
                    parent,
                    family,
                    mac: virtual_mac(family, member.vrid.get()),
                    router_name: router.name.clone(),
                    prepared: None,
                    shades: false,
                    again_at: None,
                    told: None,
                });
            }
            for address in &router.held.addresses {
                devices.add(&address.interface, router.id);
            }
            for name in router.held.routes.iter().filter_map(|route| route.interface.as_ref()) {
                devices.add(name, router.id);
            }
        }
        devices
    }

    fn add(&mut self, name: &str, router: RouterId) -> DeviceId {
        let id = *self.names.entry(name.to_owned()).or_insert_with(|| {
            self.list.push(Device { name: name.to_owned(), routers: Vec::new(), ours: None });
            DeviceId(self.list.len() - 1)
        });
        let routers = &mut self.list[id.0].routers;
        if routers.last() != Some(&router) {
            routers.push(router);
        }
        id
    }

    /// The interface of this name.
    pub(super) fn id(&self, name: &str) -> Option<DeviceId> {
        self.names.get(name).copied()
    }

    pub(super) fn get(&self, id: DeviceId) -> &Device {
        // Ids are made by `add` alone and nothing is ever taken out.
        &self.list[id.0]
    }

    pub(super) fn virtual_mut(&mut self, id: DeviceId) -> Option<&mut Virtual> {
        self.list[id.0].ours.as_mut()
    }

    /// The virtual MACs' devices.
    pub(super) fn virtuals(&self) -> impl Iterator<Item = (DeviceId, &Virtual)> {
        let all = self.list.iter().enumerate();
        all.filter_map(|(at, device)| Some((DeviceId(at), device.ours.as_ref()?)))
    }

    /// The devices whose addresses are announced through the link of this one: itself and the
    /// virtual MACs' above it.
    pub(super) fn upon(&self, id: DeviceId) -> impl Iterator<Item = DeviceId> {
        let above = self.virtuals().filter(move |(_, ours)| ours.parent == id);
        std::iter::once(id).chain(above.map(|(above, _)| above))
    }

    /// The index of an interface, while it is there and, if it is to be ours, is.
    pub(super) fn index(&self, id: DeviceId, picture: &Picture) -> Option<u32> {
        let device = self.get(id);
        let row = picture.by_name(&device.name)?;
        let fits = device.ours.as_ref().is_none_or(|ours| {
            let parent = picture.by_name(&self.get(ours.parent).name);
            ours.fits(row) && row.lower == parent.map(|parent| parent.index)
        });
        fits.then_some(row.index)
    }

    /// Whether a virtual MAC's device is there and set up.
    pub(super) fn is_prepared(&self, id: DeviceId, picture: &Picture) -> bool {
        let ours = self.get(id).ours.as_ref();
        ours.is_some_and(|ours| ours.prepared.is_some() && ours.prepared == self.index(id, picture))
    }
}

impl Virtual {
    fn fits(&self, row: &LinkRow) -> bool {
        row.kind == LinkKind::BridgeMacvlan && row.mac == Some(self.mac)
    }
}

impl<K: Kernel> Mover<K> {
    /// Makes the devices that can be made now and sets up those that are there.
    pub(super) fn make_devices(&mut self, now: Instant) {
        let ids: Vec<DeviceId> = self.devices.virtuals().map(|(id, _)| id).collect();
        self.devices_at = None;
        for id in ids {
            let problem = self.make_device(now, id);
            let again_at = problem.is_some().then(|| now + MAKE_AGAIN);
            let Some(ours) = self.devices.virtual_mut(id) else { continue };
            ours.again_at = again_at;
            if let Some(text) = problem.clone().filter(|_| ours.told != problem) {
                let router = &ours.router_name;
                self.facts.push(Fact::Warning(format!(
                    "router {router}: {text}; it takes no part until then"
                )));
            }
            ours.told = problem;
            self.devices_at = self.devices_at.into_iter().chain(again_at).min();
        }
    }

    /// One device; what is wrong with it, and the way out.
    fn make_device(&mut self, now: Instant, id: DeviceId) -> Option<String> {
        let Device { name, ours, .. } = self.devices.get(id);
        let ours = ours.as_ref()?;
        let parent_name = &self.devices.get(ours.parent).name;
        let parent = self.picture.by_name(parent_name)?.index;
        if let Some(index) = self.devices.index(id, &self.picture) {
            return if ours.prepared == Some(index) { None } else { self.prepare(id, index) };
        }
        if let Some(row) = self.picture.by_name(name) {
            return Some(format!(
                "an interface {name} is there already and is not its virtual MAC's (no macvlan in \
                 bridge mode on {parent_name} with the MAC address {}, but {:?} with {}): remove it \
                 (`ip link del {name}`) or give the device another name",
                shown(Some(ours.mac)),
                row.kind,
                shown(row.mac),
            ));
        }
        if ours.again_at.is_some_and(|at| at > now) {
            return ours.told.clone();
        }
        let Some(word) = Word::new(name) else {
            return Some(format!("{name} is longer than 15 bytes: give the device another name"));
        };
        let create = Request::CreateMacvlan { name: word, parent, mac: ours.mac };
        let answer = self.kernel.request(&[create]).pop()?;
        match answer.result {
            // Its row comes with the notice of it.
            Ok(()) | Err(Errno::EEXIST | Errno::ENODEV) => None,
            Err(errno) => Some(format!(
                "virtual MAC device {name} on {parent_name}: {}: {}",
                errno.desc(),
                way_out(errno)
            )),
        }
    }

    /// The settings of a device that is there: silent but for what its addresses need. Settings that
    /// do not exist (no IPv6 in this kernel) and those it cannot do without are told apart.
    fn prepare(&mut self, id: DeviceId, index: u32) -> Option<String> {
        let Device { name, ours, .. } = self.devices.get(id);
        let (name, family) = (name.clone(), ours.as_ref()?.family);
        let mut refused = None;
        for &(of, setting, value) in settings(family) {
            let setting = Setting { family: of, interface: &name, name: setting };
            if self.kernel.setting(&setting) != Ok(value)
                && let Err(errno) = self.kernel.set(&setting, value)
                && of == family
            {
                refused = Some(format!(
                    "net.{}.conf.{name}.{} cannot be set to {value}: {}: make /proc/sys writable",
                    directory(of),
                    setting.name,
                    errno.desc()
                ));
            }
        }
        let all = Setting { family: Family::V4, interface: "all", name: "rp_filter" };
        if family == Family::V4 && self.kernel.setting(&all) == Ok(1) {
            self.facts.push(Fact::Warning(format!(
                "net.ipv4.conf.all.rp_filter is 1, which holds for {name} too: its packets are \
                 dropped, since answers leave through the parent; set it to 0 or 2 (`sysctl -w \
                 net.ipv4.conf.all.rp_filter=0`) and set it to 1 for single interfaces"
            )));
        }
        if refused.is_none()
            && let Some(ours) = self.devices.virtual_mut(id)
        {
            ours.prepared = Some(index);
            self.links_changed = true;
        }
        refused
    }

    /// What is to be asked of a router's devices before anything else: up to hold, down to let go.
    pub(super) fn switch_devices(
        &mut self,
        now: Instant,
        router: RouterId,
        up: bool,
    ) -> Vec<Asked> {
        let Some(moved) = self.routers.get(&router) else { return Vec::new() };
        let mut asked = Vec::new();
        for &id in &moved.devices {
            let index = self.devices.index(id, &self.picture);
            let enabled = |index| self.picture.by_index(index).is_some_and(|link| link.enabled);
            let Some(ours) = self.devices.virtual_mut(id) else { continue };
            if up && ours.family == Family::V4 && !ours.shades {
                ours.shades = true;
                let parent = ours.parent;
                let name = self.devices.get(parent).name.clone();
                self.quiet.hush(&mut self.kernel, parent, &name);
                self.quiet.enter(parent);
            }
            let Some(ours) = self.devices.virtual_mut(id) else { continue };
            let rests = ours.again_at.is_some_and(|at| at > now);
            match index {
                Some(index) if up && !enabled(index) && !rests => {
                    asked.push(Asked {
                        router,
                        piece: Piece::Device(id),
                        request: Request::LinkUp(index),
                    });
                }
                Some(index) if !up && enabled(index) && !rests => {
                    let request = Request::LinkDown(index);
                    asked.push(Asked { router, piece: Piece::Device(id), request });
                }
                Some(index) if !up && enabled(index) => {}
                Some(_) | None => {
                    if !up && ours.shades {
                        ours.shades = false;
                        self.quiet.leave(ours.parent);
                    }
                }
            }
        }
        asked
    }

    /// Whether a router's devices are as this wants them.
    pub(super) fn devices_settled(&self, router: RouterId, up: bool) -> bool {
        let Some(moved) = self.routers.get(&router) else { return true };
        moved.devices.iter().all(|&id| {
            let index = self.devices.index(id, &self.picture);
            let link = index.and_then(|index| self.picture.by_index(index));
            link.map_or(!up, |link| link.enabled == up)
        })
    }

    /// A device was asked to go up or down.
    pub(super) fn device_answered(
        &mut self,
        now: Instant,
        id: DeviceId,
        request: Request,
        result: Result<(), Errno>,
    ) {
        let (Request::LinkUp(index) | Request::LinkDown(index)) = request else { return };
        match result {
            Ok(()) => self.picture.enabled(index, matches!(request, Request::LinkUp(_))),
            Err(Errno::ENODEV) => self.picture.link_gone(index),
            Err(errno) => {
                let name = self.devices.get(id).name.clone();
                let Some(ours) = self.devices.virtual_mut(id) else { return };
                ours.again_at = Some(now + MAKE_AGAIN);
                self.devices_at = self.devices_at.into_iter().chain(ours.again_at).min();
                let text = format!(
                    "router {}: virtual MAC device {name} cannot be set up or down: {}; is its MAC \
                     address in use on another device of this machine?",
                    ours.router_name,
                    errno.desc()
                );
                if ours.told.as_ref() != Some(&text) {
                    self.facts.push(Fact::Warning(text.clone()));
                    ours.told = Some(text);
                }
            }
        }
    }
}
