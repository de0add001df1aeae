//! How the mover follows what others do to links, addresses and routes.

use clock::{Duration, Instant};
use vrrp_proto::router::Holding;

use super::announce::Who;
use super::devices::DeviceId;
use super::kernel::{Kernel, Notice, Origin};
use super::rows::{AddressRow, LinkRow};
use super::{Mover, VERIFY_EVERY};
use crate::Fact;

/// The pause after a dump that failed.
const DUMP_AGAIN: Duration = Duration::from_secs(1);

impl<K: Kernel> Mover<K> {
    /// Takes in all waiting notices. True if there were any.
    pub(super) fn watch(&mut self, now: Instant) -> bool {
        let notices = self.kernel.notices();
        let any = !notices.is_empty();
        for notice in notices {
            match notice {
                Notice::Link(link) => self.link_changed(now, link),
                Notice::LinkGone(index) => self.link_gone(now, index),
                Notice::Port { index, bridge, forwards } => {
                    let before = self.ports.insert(index, forwards);
                    if forwards && before == Some(false) {
                        self.port_rises(now, bridge);
                    }
                }
                Notice::Address(row, origin) if self.is_news(row, origin) => {
                    self.picture.address(row);
                    self.touched(row);
                }
                Notice::AddressGone(row, origin) if self.is_news(row, origin) => {
                    self.picture.address_gone(row.index, row.address, row.prefix);
                    self.lost(row);
                    self.touched(row);
                    self.suspect_paths(now);
                }
                Notice::Address(..) | Notice::AddressGone(..) => {}
                Notice::PathGone(_, Origin::Foreign) => self.suspect_paths(now),
                Notice::PathGone(_, Origin::Own(_)) => {}
                Notice::Overrun => self.verify_at = now,
            }
        }
        if any {
            self.compare_links();
        }
        any
    }

    /// Compares the picture with a dump when that is due. True if it was.
    pub(super) fn verify(&mut self, now: Instant) -> bool {
        if now < self.verify_at {
            return false;
        }
        match self.kernel.dump() {
            Ok((links, addresses)) => {
                self.verify_at = now + VERIFY_EVERY;
                self.blind = false;
                self.picture.replace(links, addresses);
                self.links_changed = true;
                self.note_missing();
                self.make_devices(now);
                self.suspect_paths(now);
                self.ears.changed();
                true
            }
            Err(errno) => {
                self.verify_at = now + DUMP_AGAIN;
                if !std::mem::replace(&mut self.blind, true) {
                    self.facts.push(Fact::Warning(format!(
                        "links and addresses cannot be read: {}; trying again every second",
                        errno.desc()
                    )));
                }
                false
            }
        }
    }

    /// A link changed. Held addresses are announced anew when it comes up or has another MAC.
    fn link_changed(&mut self, now: Instant, link: LinkRow) {
        let before = self.picture.by_index(link.index);
        if before == Some(&link) {
            return;
        }
        // Also one that is only tracked: no address of ours stands on it.
        self.links_changed = true;
        let was_up = before.is_some_and(|before| before.up && before.mac == link.mac);
        let rises = link.up && !was_up;
        let old_name = before.map(|before| before.name.clone());
        let (name, master) = (link.name.clone(), link.master);
        self.picture.link(link);
        for name in old_name.iter().filter(|old| **old != name).chain([&name]) {
            if let Some(id) = self.devices.id(name) {
                self.device_changed(now, id);
            }
        }
        if rises {
            if let Some(id) = self.devices.id(&name) {
                self.announce_upon(now, id);
            }
            if let Some(master) = master {
                self.port_rises(now, master);
            }
        }
    }

    fn link_gone(&mut self, now: Instant, index: u32) {
        let name = self.picture.by_index(index).map(|link| link.name.clone());
        self.picture.link_gone(index);
        self.ports.remove(&index);
        self.links_changed = true;
        if let Some(id) = name.and_then(|name| self.devices.id(&name)) {
            self.device_changed(now, id);
        }
    }

    /// The neighbours behind this port may know another way to our addresses.
    fn port_rises(&mut self, now: Instant, bridge: u32) {
        let bridge = self.picture.by_index(bridge);
        if let Some(id) = bridge.and_then(|link| self.devices.id(&link.name)) {
            self.announce_upon(now, id);
        }
    }

    /// Everything on an interface is to be looked at anew.
    fn device_changed(&mut self, now: Instant, id: DeviceId) {
        self.links_changed = true;
        self.ears.changed();
        self.suspect_paths(now);
        let devices: Vec<DeviceId> = self.devices.upon(id).collect();
        for &device in &devices {
            if let Some(ours) = self.devices.virtual_mut(device) {
                // Whatever was in the way may be gone.
                ours.again_at = None;
            }
        }
        self.make_devices(now);
        for device in devices {
            for router in self.devices.get(device).routers.clone() {
                if let Some(moved) = self.routers.get_mut(&router) {
                    moved.queue_all();
                }
                self.line_up(router);
            }
        }
    }

    /// Whose address this is.
    pub(super) fn spot_of(&self, index: u32, address: std::net::IpAddr) -> Option<Who> {
        let name = &self.picture.by_index(index)?.name;
        self.spots.get(&(self.devices.id(name)?, address)).copied()
    }

    /// Whether a notice tells more than the answers to our own requests did: a notice of our own
    /// request is stale once a later one about the same address was answered.
    fn is_news(&self, row: AddressRow, origin: Origin) -> bool {
        let Origin::Own(sequence) = origin else { return true };
        let spot = self.spot_of(row.index, row.address).and_then(|(router, at)| {
            self.routers.get(&router).and_then(|moved| moved.spots.get(at))
        });
        spot.is_none_or(|spot| sequence.wrapping_sub(spot.sequence) as i32 > 0)
    }

    /// A router that owns this address may have something to do; if none does, it may be a source.
    fn touched(&mut self, row: AddressRow) {
        if !self.picture.is_ours(row.address) {
            self.links_changed = true;
            return;
        }
        if let Some((router, at)) = self.spot_of(row.index, row.address) {
            if let Some(moved) = self.routers.get_mut(&router) {
                moved.queue(at);
            }
            self.line_up(router);
        }
    }

    /// A held address went by somebody else's hand.
    fn lost(&mut self, row: AddressRow) {
        let Some((router, at)) = self.spot_of(row.index, row.address) else { return };
        if let Some(moved) = self.routers.get_mut(&router).filter(|moved| moved.held())
            && let Some(spot) = moved.spots.get_mut(at)
            && spot.wanted.prefix == row.prefix
        {
            spot.lost |= spot.landed_at.is_some();
        }
    }

    /// After a dump: which held addresses are gone that had landed; every router looks again.
    fn note_missing(&mut self) {
        let ids: Vec<_> = self.routers.keys().copied().collect();
        for router in ids {
            let Some(moved) = self.routers.get_mut(&router) else { continue };
            moved.queue_all();
            if let Some((_, Holding::Held)) = moved.want {
                for spot in &mut moved.spots {
                    let wanted = spot.wanted;
                    let index = self.devices.index(wanted.device, &self.picture);
                    let mut there = index
                        .into_iter()
                        .flat_map(|index| self.picture.prefixes(index, wanted.address));
                    spot.lost |=
                        spot.landed_at.is_some() && !there.any(|prefix| prefix == wanted.prefix);
                }
            }
            self.line_up(router);
        }
    }
}
