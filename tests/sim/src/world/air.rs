//! The wires, and the router on them that is not ours.

use vrrp_proto::Priority;

use super::{WIRE, World};
use crate::foreign::ForeignRouter;
use crate::message::{Item, Loop, Message, Packet};
use crate::plan::Foreign;
use crate::setup::Side;

impl World {
    /// A director puts an advert on a wire.
    pub(super) fn transmit(&mut self, from: Side, wire: usize, packet: Packet) {
        if !self.hosts[from].links[wire] || self.wires[wire].cut[from] {
            return;
        }
        if self.foreign.as_ref().is_some_and(|f| self.foreign_wire(f) == wire) {
            let at = self.now + self.rng.micros(30, WIRE.as_micros() as u64);
            self.put(at, Item::Foreign(packet.clone()));
        }
        self.carry(1 - from, wire, packet);
    }

    /// What the wire does to it on its way to a director.
    fn carry(&mut self, to: Side, at: usize, mut packet: Packet) {
        let wire = self.wires[at];
        if self.rng.chance(wire.loss) {
            return;
        }
        if self.rng.chance(wire.damage) {
            let bit = self.rng.index(packet.bytes.len() * 8);
            packet.bytes[bit / 8] ^= 1 << (bit % 8);
            packet.damaged = true;
        }
        for _ in 0..1 + u8::from(self.rng.chance(wire.twice)) {
            let late = self.rng.micros(0, wire.delay.as_micros() as u64);
            let arrives = self.now + self.rng.micros(30, WIRE.as_micros() as u64) + late;
            self.put(arrives, Item::Arrive(to, at, packet.clone()));
        }
    }

    /// A datagram is lost if nobody has a socket open, and on a machine that does nothing.
    pub(super) fn arrive(&mut self, side: Side, wire: usize, packet: Packet) {
        let host = &self.hosts[side];
        if host.links[wire] && host.is_awake() && host.process.is_some() {
            self.deliver(side, host.life, Loop::Wire, Message::Datagram(wire, packet));
        }
    }

    // --- the router that is not ours ---

    /// It comes, if there is none yet, or goes.
    pub(super) fn foreign_changes(&mut self, what: Foreign) {
        match what {
            Foreign::Joins(stranger) if self.foreign.is_none() => {
                let foreign = ForeignRouter::new(self.now, stranger, &self.setup);
                self.put(foreign.deadline(), Item::ForeignTimer);
                self.foreign = Some(foreign);
            }
            Foreign::Joins(_) => {}
            Foreign::Resigns => {
                if self.foreign.as_ref().is_some_and(ForeignRouter::answers) {
                    self.foreign_says(Some(Priority::RELEASE));
                }
                self.foreign = None;
            }
            Foreign::Dies => self.foreign = None,
        }
    }

    pub(super) fn foreign_hears(&mut self, packet: &Packet) {
        let Some(foreign) = &mut self.foreign else { return };
        if foreign.hear(self.now, packet, &self.setup) {
            self.foreign_says(None);
        }
        self.foreign_rearms();
    }

    pub(super) fn foreign_timer(&mut self) {
        let Some(foreign) = &mut self.foreign else { return };
        if foreign.tick(self.now, &self.setup) {
            self.tell(|_| "the foreign router speaks".into());
            self.foreign_says(None);
            self.foreign_rearms();
        }
    }

    fn foreign_rearms(&mut self) {
        let Some(foreign) = &self.foreign else { return };
        self.put(foreign.deadline(), Item::ForeignTimer);
    }

    /// Its advert, of its own priority unless another is given.
    fn foreign_says(&mut self, priority: Option<Priority>) {
        let Some(foreign) = &self.foreign else { return };
        let wire = self.foreign_wire(foreign);
        let priority = priority.unwrap_or(foreign.stranger.priority);
        let Some(packet) = foreign.advert(priority, &self.setup) else { return };
        for side in 0..2 {
            self.carry(side, wire, packet.clone());
        }
    }

    fn foreign_wire(&self, foreign: &ForeignRouter) -> usize {
        self.setup.routers[foreign.stranger.router].members[0].wire
    }
}
