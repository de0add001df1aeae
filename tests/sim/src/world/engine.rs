//! What the engine does: the coordinator's effects become orders, signals become orders.

use coordinator::{Effect, Reading};
use vrrp_proto::router::Fault;

use super::World;
use crate::message::{Loop, Message, Order, Signal};
use crate::setup::{Fact, Side, WIRES, router_id};

impl World {
    pub(super) fn coordinate(&mut self, side: Side, event: coordinator::Event) {
        let host = &mut self.hosts[side];
        let clock = host.clock(self.now);
        let Some(process) = &mut host.process else { return };
        let effects = process.coordinator.handle(clock, event);
        self.judge.coordinated(side, &effects, &process.coordinator, &self.setup);
        for effect in effects {
            match effect {
                Effect::Priority(router, priority) => {
                    self.tell(|_| format!("lb{side} priority {priority} of {router:?}"));
                    let at = router.0 as usize - 1;
                    self.tell_wire(side, Order::Priority(at, priority));
                }
                Effect::Fault(router, fault) => {
                    self.tell(|_| format!("lb{side} fault {fault:?} of {router:?}"));
                    self.tell_wire(side, Order::Fault(router.0 as usize - 1, fault));
                }
                Effect::Ready(router) => {
                    self.tell_wire(side, Order::Ready(router.0 as usize - 1));
                }
                Effect::Want { revision, changed } => {
                    let event = ipvs_table::Event::Want { revision, changed };
                    self.send(side, Loop::Engine, Loop::Table, Message::Reconciler(event));
                }
                Effect::Assume(check, verdict) => {
                    let event = health::Event::Assume(check, verdict);
                    self.send(side, Loop::Engine, Loop::Health, Message::Schedule(event));
                }
                Effect::Notice(notice) => self.tell(|_| format!("lb{side} notice {notice:?}")),
            }
        }
    }

    pub(super) fn signalled(&mut self, side: Side, signal: Signal) {
        let Some(process) = &mut self.hosts[side].process else { return };
        let order = match signal {
            Signal::Term => {
                process.releasing = true;
                Order::Release
            }
            Signal::Usr2 => Order::Keep,
            Signal::Reload => return self.reloaded(side),
        };
        self.tell_wire(side, order);
    }

    /// A reload that changes nothing: every level is sent again.
    fn reloaded(&mut self, side: Side) {
        for (id, check) in self.setup.checks() {
            let event = health::Event::Set(id, check);
            self.send(side, Loop::Engine, Loop::Health, Message::Schedule(event));
        }
        for wire in 0..WIRES {
            let up = self.hosts[side].links[wire];
            self.send(side, Loop::Mover, Loop::Wire, Message::Link(wire, up));
        }
        for (fact, reading) in self.hosts[side].facts.clone() {
            let event = coordinator::Event::Tracked(fact.source(), reading);
            self.send(side, Loop::Mover, Loop::Engine, Message::Coordinator(event));
        }
        for at in 0..self.setup.routers.len() {
            let Some(process) = &self.hosts[side].process else { return };
            let score = process.coordinator.score(router_id(at));
            let told = process.routers[at].told;
            let priority = score.map_or(told, |score| score.priority());
            let fault = self.hosts[side].facts.get(&Fact::Process);
            let fault = if fault == Some(&Reading::Bad) { Fault::Present } else { Fault::Clear };
            self.tell_wire(side, Order::Priority(at, priority));
            self.tell_wire(side, Order::Fault(at, fault));
        }
    }

    fn tell_wire(&mut self, side: Side, order: Order) {
        self.send(side, Loop::Engine, Loop::Wire, Message::Order(order));
    }
}
