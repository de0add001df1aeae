//! What each loop does with a message: hands it to its machine, and does what that says.
//!
//! This is the daemon's executor in virtual time; the machines are the daemon's own.

use vrrp_proto::router::{self, Fault, Holding, Link, Output};
use vrrp_proto::{Family, MemberId, Priority, Role, election, wire};

use super::{PLAN, World};
use crate::message::{Item, Loop, Message, Order, Packet};
use crate::setup::{Side, WIRES, link_id, router_id};

/// Running: messages, timers, freezes.
impl World {
    pub(super) fn deliver(&mut self, side: Side, life: u32, to: Loop, message: Message) {
        let (now, host) = (self.now, &mut self.hosts[side]);
        let Some(process) = host.process.as_mut().filter(|_| host.life == life) else { return };
        if !process.runs(now, to) {
            return process.at(to).inbox.push_back(message);
        }
        self.take(side, to, message);
        self.rearm(side, to);
    }

    pub(super) fn wake(&mut self, side: Side, life: u32, which: Loop) {
        let (now, host) = (self.now, &mut self.hosts[side]);
        let Some(process) = host.process.as_mut().filter(|_| host.life == life) else { return };
        if process.at(which).alarm.is_some_and(|at| at <= now) {
            process.at(which).alarm = None;
        }
        if process.runs(now, which) {
            self.tick(side, which);
            self.rearm(side, which);
        }
    }

    /// A loop runs again, or for the first time. The wire loop drains its socket before anything
    /// else, so that no deadline is acted on with adverts unread (design.md 2).
    pub(super) fn thaw(&mut self, side: Side, life: u32, which: Loop) {
        let (now, host) = (self.now, &mut self.hosts[side]);
        let Some(process) = host.process.as_mut().filter(|_| host.life == life) else { return };
        let state = process.at(which);
        if state.frozen_until > now {
            return;
        }
        let begins = !std::mem::replace(&mut state.begun, true);
        let waiting = std::mem::take(&mut state.inbox).into_iter();
        let (datagrams, rest): (Vec<_>, Vec<_>) =
            waiting.partition(|message| matches!(message, Message::Datagram(..)));
        if begins {
            self.begin(side, which, datagrams);
        } else {
            datagrams.into_iter().for_each(|message| self.take(side, which, message));
        }
        rest.into_iter().for_each(|message| self.take(side, which, message));
        self.tick(side, which);
        self.rearm(side, which);
    }

    fn begin(&mut self, side: Side, which: Loop, datagrams: Vec<Message>) {
        match which {
            Loop::Wire => self.begin_wire(side, datagrams),
            Loop::Mover => {}
            Loop::Engine => {
                let ours = self.setup.ours();
                let mut table = self.hosts[side].kernel.table.clone();
                table.retain(|key, _| ours.contains(key));
                for (fact, reading) in self.hosts[side].facts.clone() {
                    let event = coordinator::Event::Tracked(fact.source(), reading);
                    self.coordinate(side, event);
                }
                self.coordinate(side, coordinator::Event::Started(table));
            }
            Loop::Table => {
                let table = self.hosts[side].kernel.table.clone();
                self.reconcile(side, ipvs_table::Event::Dumped(table));
            }
            Loop::Health => {
                for (id, check) in self.setup.checks() {
                    self.schedule(side, health::Event::Set(id, check));
                }
            }
        }
    }

    fn take(&mut self, side: Side, to: Loop, message: Message) {
        match message {
            Message::Datagram(wire, packet) => self.hear(side, wire, &packet),
            Message::Link(wire, up) => self.link(side, wire, up),
            Message::Order(order) => self.order(side, order),
            Message::Want(at, holding) => self.want(side, at, holding),
            Message::Moved(at, member) => self.moved(side, at, member),
            Message::Monitor(wire, up) => {
                self.send(side, to, Loop::Wire, Message::Link(wire, up));
            }
            Message::Learn(fact, reading) => {
                let event = coordinator::Event::Tracked(fact.source(), reading);
                self.send(side, to, Loop::Engine, Message::Coordinator(event));
            }
            Message::Coordinator(event) => self.coordinate(side, event),
            Message::Signal(signal) => self.signalled(side, signal),
            Message::Reconciler(event) => self.reconcile(side, event),
            Message::Kernel(question) => {
                let patience = self.hosts[side].kernel.patience(&mut self.rng);
                if let Some(answer) = self.hosts[side].kernel.answer(&mut self.rng, &question) {
                    self.later(side, to, patience / 2, Message::Reconciler(answer));
                }
            }
            Message::Schedule(event) => self.schedule(side, event),
            Message::Asked { check, round, outcome } => {
                self.schedule(side, health::Event::Answered { check, round, outcome });
            }
        }
    }

    fn tick(&mut self, side: Side, which: Loop) {
        let host = &self.hosts[side];
        let Some(process) = &host.process else { return };
        if process.deadline(which).is_none_or(|at| at > host.clock(self.now)) {
            return;
        }
        match which {
            Loop::Wire => self.elect(side, election::Event::Tick),
            Loop::Mover => {}
            Loop::Engine => self.coordinate(side, coordinator::Event::Tick),
            Loop::Table => self.reconcile(side, ipvs_table::Event::Tick),
            Loop::Health => self.schedule(side, health::Event::Tick),
        }
    }

    /// Sets the loop's timer if it would go off too late, or not at all. Timers are late, the
    /// real-time loops' a little, the others' more.
    fn rearm(&mut self, side: Side, which: Loop) {
        let late = match which {
            Loop::Wire | Loop::Mover => self.rng.micros(1, 200),
            Loop::Engine | Loop::Table | Loop::Health => self.rng.micros(1, 1_500),
        };
        let (now, host) = (self.now, &mut self.hosts[side]);
        let (life, behind, Some(process)) = (host.life, host.behind, &mut host.process) else {
            return;
        };
        let Some(deadline) = process.deadline(which).map(|at| at + behind) else { return };
        let at = deadline.max(now) + late;
        let alarm = &mut process.at(which).alarm;
        if alarm.is_none_or(|set| deadline < set && at < set) {
            *alarm = Some(at);
            self.put(at, Item::Wake(side, life, which));
        }
    }
}

/// The wire loop.
impl World {
    /// Opens the routers, drains the socket, then takes part: again as Active where it may.
    fn begin_wire(&mut self, side: Side, datagrams: Vec<Message>) {
        for wire in 0..WIRES {
            self.link(side, wire, self.hosts[side].links[wire]);
        }
        let extra = self.hosts[side].extra;
        for at in 0..self.setup.routers.len() {
            let settings = self.setup.router(at, side, extra);
            self.elect(side, election::Event::Add(router_id(at), settings));
        }
        datagrams.into_iter().for_each(|message| self.take(side, Loop::Wire, message));
        let now = self.now;
        let host = &mut self.hosts[side];
        let sent = host.state_file.clone();
        if let Some(process) = &mut host.process {
            process.entered = true;
            for (router, plan) in process.routers.iter_mut().zip(&self.setup.routers) {
                router.starts_at = now + plan.startup_delay;
            }
        }
        for (at, sent) in sent.into_iter().enumerate() {
            self.judge.enters(side, at, sent);
            let event = sent.map_or(router::Event::Startup, router::Event::Resume);
            self.elect(side, election::Event::Router(router_id(at), event));
        }
    }

    fn link(&mut self, side: Side, wire: usize, up: bool) {
        for family in [Family::V4, Family::V6] {
            let address = self.setup.address(side, wire, family);
            let link = if up { Link::Up(address) } else { Link::Down };
            self.elect(side, election::Event::Link(link_id(wire), family, link));
        }
    }

    fn hear(&mut self, side: Side, wire: usize, packet: &Packet) {
        self.judge.hears(self.now, side, wire, packet, &self.hosts[side], &self.setup);
        self.elect(side, election::Event::Datagram(link_id(wire), packet.datagram()));
    }

    fn order(&mut self, side: Side, order: Order) {
        let count = self.setup.routers.len();
        match order {
            Order::Priority(at, priority) => {
                let told = self.setup.routers[at].effective(side, priority);
                if let Some(process) = &mut self.hosts[side].process {
                    process.routers[at].told = told;
                }
                self.judge.told(self.now, side, at);
                self.order_one(side, at, router::Event::Priority(priority));
            }
            Order::Fault(at, fault) => {
                let since = (fault == Fault::Present).then_some(self.now);
                if let Some(process) = &mut self.hosts[side].process {
                    process.routers[at].fault = since;
                }
                self.order_one(side, at, router::Event::Fault(fault));
            }
            Order::Ready(at) => {
                if let Some(process) = &mut self.hosts[side].process {
                    let router = &mut process.routers[at];
                    router.claims_from = router.claims_from.min(self.now);
                }
                self.order_one(side, at, router::Event::Ready);
            }
            Order::Release => {
                (0..count).for_each(|at| self.order_one(side, at, router::Event::Shutdown));
            }
            Order::Keep => {
                (0..count).for_each(|at| self.order_one(side, at, router::Event::Keep));
                self.leave(side);
            }
        }
    }

    fn order_one(&mut self, side: Side, at: usize, event: router::Event) {
        self.elect(side, election::Event::Router(router_id(at), event));
    }

    fn elect(&mut self, side: Side, event: election::Event<'_>) {
        let host = &mut self.hosts[side];
        let clock = host.clock(self.now);
        let Some(process) = &mut host.process else { return };
        let outputs = process.election.handle(clock, event).to_vec();
        let entered = process.entered;
        for (router, output) in outputs {
            let at = router.0 as usize - 1;
            match output {
                Output::Advertise(priority) => self.advertise(side, at, priority),
                Output::Want(holding) => {
                    self.send(side, Loop::Wire, Loop::Mover, Message::Want(at, holding));
                }
                // The mover repeats its announcements: nothing here depends on it.
                Output::Announce => {}
                Output::Became(role, reason) => self.became(side, at, role, reason),
            }
        }
        // Before it takes part, what an earlier process left there stands.
        let host = &mut self.hosts[side];
        if let Some(process) = host.process.as_ref().filter(|_| entered) {
            for (router, entry) in process.election.routers().zip(&mut host.state_file) {
                *entry = router.1.last_advert();
            }
        }
        self.released(side);
    }

    fn became(&mut self, side: Side, at: usize, role: Role, reason: router::Reason) {
        self.tell(|w| {
            let other = w.hosts[1 - side].role(at);
            format!("lb{side} is {role} of {at} ({reason:?}), the other {other:?}")
        });
        self.judge.became(self.now, (side, at), (role, reason), &self.hosts, &self.setup);
        let event = coordinator::Event::Role(router_id(at), role, reason);
        self.send(side, Loop::Wire, Loop::Engine, Message::Coordinator(event));
    }

    /// Out of every member whose link is up.
    fn advertise(&mut self, side: Side, at: usize, priority: Priority) {
        for (member, place) in self.setup.routers[at].members.clone().into_iter().enumerate() {
            let mut buffer = [0; wire::MAX_DATAGRAM];
            let Some(process) = &self.hosts[side].process else { return };
            let family = place.protocol.family();
            let id = MemberId { router: router_id(at), at: member };
            let length = process.election.emit(id, priority, wire::multicast(family), &mut buffer);
            let seat = process.election.seats(router_id(at)).get(member);
            let up = seat.is_some_and(|seat| seat.link() != Link::Down);
            let Some(length) = length else {
                self.judge.silent(side, at, member, up);
                continue;
            };
            let from = self.setup.address(side, place.wire, family);
            let packet = Packet { from, bytes: buffer[..length].into(), damaged: false };
            self.judge.advertises(&packet, process.routers[at].told);
            self.transmit(side, place.wire, packet);
        }
    }
}

/// The mover.
impl World {
    fn want(&mut self, side: Side, at: usize, holding: Holding) {
        let Some(process) = &mut self.hosts[side].process else { return };
        process.routers[at].holding = Some(holding);
        for member in 0..self.setup.routers[at].members.len() {
            let time = self.rng.micros(50, PLAN.as_micros() as u64);
            self.later(side, Loop::Mover, time, Message::Moved(at, member));
        }
    }

    fn moved(&mut self, side: Side, at: usize, member: usize) {
        let host = &mut self.hosts[side];
        let holding = host.process.as_ref().and_then(|process| process.routers[at].holding);
        let held = holding == Some(Holding::Held);
        if std::mem::replace(&mut host.held[at][member], held) != held {
            let what = if held { "holds" } else { "lets go of" };
            self.tell(|_| format!("lb{side} {what} member {member} of {at}"));
        }
        self.released(side);
    }

    /// After a release: once nothing of ours is left, the process ends.
    fn released(&mut self, side: Side) {
        let host = &self.hosts[side];
        let count = self.setup.routers.len();
        let done = host.process.as_ref().is_some_and(|process| {
            let out = |at| process.role(at) == Some(Role::Init) && !host.holds_any(at);
            process.releasing && (0..count).all(out)
        });
        if done {
            self.leave(side);
        }
    }

    fn leave(&mut self, side: Side) {
        let after = self.rng.millis(1, 20);
        let host = &mut self.hosts[side];
        let life = host.life;
        let Some(process) = &mut host.process else { return };
        if !std::mem::replace(&mut process.exiting, true) {
            self.put(self.now + after, Item::Exit(side, life));
        }
    }
}
