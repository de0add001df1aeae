//! What each loop does with a message: hands it to its machine, and does what that says.
//!
//! This is the daemon's executor in virtual time; the machines are the daemon's own.

use std::net::{IpAddr, Ipv4Addr};

use coordinator::{Effect, Reading, Source};
use vrrp_proto::router::{self, Holding, Link, Output};
use vrrp_proto::wire::Datagram;
use vrrp_proto::{Family, Priority, Role, election, wire};

use super::{PLAN, World};
use crate::message::{Interface, Item, Loop, Message, Order, Signal};
use crate::setup::{LINK, MEMBER, ROUTER, Side, TRACKED, address};

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
            waiting.partition(|message| matches!(message, Message::Datagram(_)));
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
                let tracked = self.hosts[side].tracked;
                let facts = tracked_fact(tracked);
                self.coordinate(side, facts);
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
            Message::Datagram(bytes) => self.hear(side, &bytes),
            Message::Link(up) => {
                self.elect(side, election::Event::Link(LINK, Family::V4, link(side, up)))
            }
            Message::Order(order) => self.order(side, order),
            Message::Want(holding) => self.want(side, holding),
            Message::Moved => self.moved(side),
            Message::Monitor(Interface::Own, up) => {
                self.send(side, to, Loop::Wire, Message::Link(up));
            }
            Message::Monitor(Interface::Tracked, up) => {
                let event = tracked_fact(up);
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
        let Some(process) = &self.hosts[side].process else { return };
        if process.deadline(which).is_none_or(|at| at > self.now) {
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
        let (life, Some(process)) = (host.life, &mut host.process) else { return };
        let Some(deadline) = process.deadline(which) else { return };
        let at = deadline.max(now) + late;
        let alarm = &mut process.at(which).alarm;
        if alarm.is_none_or(|set| deadline < set && at < set) {
            *alarm = Some(at);
            self.put(at, Item::Wake(side, life, which));
        }
    }
}

/// The wire loop and the mover.
impl World {
    /// Opens the router, drains the socket, then takes part: again as Active if it may.
    fn begin_wire(&mut self, side: Side, datagrams: Vec<Message>) {
        let settings = self.setup.router(side);
        let up = self.hosts[side].link;
        self.elect(side, election::Event::Link(LINK, Family::V4, link(side, up)));
        self.elect(side, election::Event::Add(ROUTER, settings));
        datagrams.into_iter().for_each(|message| self.take(side, Loop::Wire, message));
        let sent = self.hosts[side].state_file;
        let event = sent.map_or(router::Event::Startup, router::Event::Resume);
        self.judge.enters(side, sent);
        if let Some(process) = &mut self.hosts[side].process {
            process.entered = true;
        }
        self.elect(side, election::Event::Router(ROUTER, event));
    }

    fn hear(&mut self, side: Side, bytes: &[u8]) {
        self.judge.hears(self.now, side, bytes, &self.hosts[side]);
        self.elect(side, election::Event::Datagram(LINK, Datagram::V4(bytes)));
    }

    fn order(&mut self, side: Side, order: Order) {
        let Some(process) = &mut self.hosts[side].process else { return };
        let event = match order {
            Order::Priority(priority) => {
                process.told = priority;
                self.judge.told(self.now, side);
                router::Event::Priority(priority)
            }
            Order::Ready => {
                process.claims_from = process.claims_from.min(self.now);
                router::Event::Ready
            }
            Order::Release => router::Event::Shutdown,
            Order::Keep => router::Event::Keep,
        };
        self.elect(side, election::Event::Router(ROUTER, event));
        if matches!(order, Order::Keep) {
            self.leave(side);
        }
    }

    fn elect(&mut self, side: Side, event: election::Event<'_>) {
        let now = self.now;
        let Some(process) = &mut self.hosts[side].process else { return };
        let outputs = process.election.handle(now, event).to_vec();
        let entered = process.entered;
        for (_, output) in outputs {
            match output {
                Output::Advertise(priority) => self.advertise(side, priority),
                Output::Want(holding) => {
                    self.send(side, Loop::Wire, Loop::Mover, Message::Want(holding));
                }
                // The mover repeats its gratuitous ARP: nothing here depends on it.
                Output::Announce => {}
                Output::Became(role, reason) => self.became(side, role, reason),
            }
        }
        let host = &mut self.hosts[side];
        let router = host.process.as_ref().and_then(|process| process.election.router(ROUTER));
        // Before it takes part, what an earlier process left there stands.
        if let Some(router) = router.filter(|_| entered) {
            host.state_file = router.last_advert();
        }
        self.released(side);
    }

    fn became(&mut self, side: Side, role: Role, reason: router::Reason) {
        self.tell(|w| format!("lb{side} is {role} ({reason:?}), the other {:?}", w.role(1 - side)));
        self.judge.became(self.now, side, role, reason, &self.hosts, &self.setup);
        let event = coordinator::Event::Role(ROUTER, role, reason);
        self.send(side, Loop::Wire, Loop::Engine, Message::Coordinator(event));
    }

    fn advertise(&mut self, side: Side, priority: Priority) {
        let mut buffer = [0; wire::MAX_DATAGRAM];
        let Some(process) = &self.hosts[side].process else { return };
        let Some(length) = process.election.emit(MEMBER, priority, ALL_ROUTERS, &mut buffer) else {
            return;
        };
        self.judge.advertises(buffer[22], process.told);
        self.transmit(side, buffer[..length].into());
    }

    fn want(&mut self, side: Side, holding: Holding) {
        let Some(process) = &mut self.hosts[side].process else { return };
        process.holding = Some(holding);
        let time = self.rng.micros(50, PLAN.as_micros() as u64);
        self.later(side, Loop::Mover, time, Message::Moved);
    }

    fn moved(&mut self, side: Side) {
        let host = &mut self.hosts[side];
        let holding = host.process.as_ref().and_then(|process| process.holding);
        let held = holding == Some(Holding::Held);
        if std::mem::replace(&mut host.addresses, held) != held {
            let what = if held { "holds" } else { "lets go of" };
            self.tell(|_| format!("lb{side} {what} the addresses"));
        }
        self.released(side);
    }

    /// After a release: once nothing of ours is left, the process ends.
    fn released(&mut self, side: Side) {
        let host = &self.hosts[side];
        let done = host.process.as_ref().is_some_and(|process| {
            process.releasing && process.role() == Some(Role::Init) && !host.addresses
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

/// The engine.
impl World {
    fn coordinate(&mut self, side: Side, event: coordinator::Event) {
        let now = self.now;
        let Some(process) = &mut self.hosts[side].process else { return };
        let effects = process.coordinator.handle(now, event);
        self.judge.coordinated(side, &effects, &process.coordinator, &self.setup);
        for effect in effects {
            match effect {
                Effect::Priority(_, priority) => {
                    self.tell(|_| format!("lb{side} priority {priority}"));
                    let order = Message::Order(Order::Priority(priority));
                    self.send(side, Loop::Engine, Loop::Wire, order);
                }
                Effect::Fault(..) => {}
                Effect::Ready(_) => {
                    self.send(side, Loop::Engine, Loop::Wire, Message::Order(Order::Ready));
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

    fn signalled(&mut self, side: Side, signal: Signal) {
        let Some(process) = &mut self.hosts[side].process else { return };
        let order = match signal {
            Signal::Term => {
                process.releasing = true;
                Order::Release
            }
            Signal::Usr2 => Order::Keep,
            Signal::Reload => {
                let score = process.coordinator.score(ROUTER);
                let priority = score.map_or(process.told, |score| score.priority());
                for (id, check) in self.setup.checks() {
                    let event = health::Event::Set(id, check);
                    self.send(side, Loop::Engine, Loop::Health, Message::Schedule(event));
                }
                let up = self.hosts[side].link;
                self.send(side, Loop::Mover, Loop::Wire, Message::Link(up));
                let tracked = self.hosts[side].tracked;
                let event = tracked_fact(tracked);
                self.send(side, Loop::Mover, Loop::Engine, Message::Coordinator(event));
                Order::Priority(priority)
            }
        };
        self.send(side, Loop::Engine, Loop::Wire, Message::Order(order));
    }
}

fn link(side: Side, up: bool) -> Link {
    if up { Link::Up(address(side).into()) } else { Link::Down }
}

const ALL_ROUTERS: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));

fn tracked_fact(up: bool) -> coordinator::Event {
    let reading = if up { Reading::Good } else { Reading::Bad };
    coordinator::Event::Tracked(Source::Interface(TRACKED.into()), reading)
}
