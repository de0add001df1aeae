//! What befalls the machines: faults as the plan draws them, and the life of a process.

use clock::Duration;
use coordinator::Reading;

use super::World;
use crate::host::{Host, Process};
use crate::message::{Entry, Item, Loop, Message, Signal};
use crate::plan::{Action, Clock, Stop};
use crate::setup::{Fact, Side};

/// Faults.
impl World {
    pub(super) fn act(&mut self, action: Action) {
        self.tell(|_| format!("fault {action:?}"));
        match action {
            Action::Wire(at, wire) => self.wires[at] = wire,
            Action::Crash(side, pause) => self.kill(side, pause),
            Action::PowerCut(side, pause) => {
                self.kill(side, pause);
                let fresh = Host::new(&self.setup);
                let host = &mut self.hosts[side];
                (host.powered, host.paused_until) = (false, None);
                (host.held, host.kernel) = (fresh.held, fresh.kernel);
                (host.state_file, host.ours) = (fresh.state_file, fresh.ours);
            }
            Action::Keep(side, pause) => self.signal(side, Signal::Usr2, Some(pause)),
            Action::Release(side, pause) => self.signal(side, Signal::Term, Some(pause)),
            Action::Roll(side, pause, stop) => {
                self.hosts[side].extra = !self.hosts[side].extra;
                let signal = match stop {
                    Stop::Keep => Signal::Usr2,
                    Stop::Release => Signal::Term,
                };
                self.signal(side, signal, Some(pause));
            }
            Action::Pause(side, lasts, clock) => self.pause(side, lasts, clock),
            Action::Foreign(what) => self.foreign_changes(what),
            Action::Reload(side) => self.signal(side, Signal::Reload, None),
            Action::Freeze(side, which, lasts) => self.freeze(side, which, lasts),
            Action::Server(server, alive) => self.servers[server] = alive,
            Action::Reach(side, server, whole) => self.hosts[side].reach[server] = whole,
            Action::Link(side, wire, up) => {
                self.hosts[side].links[wire] = up;
                self.send(side, Loop::Mover, Loop::Mover, Message::Monitor(wire, up));
            }
            Action::Fact(side, fact, reading) => self.fact(side, fact, reading),
            Action::Meddle(side, what) => {
                self.hosts[side].kernel.meddle(&mut self.rng, what);
                self.judge.meddled(side, self.now);
            }
            Action::Netlink(side, how) => self.hosts[side].kernel.netlink = how,
        }
    }

    fn kill(&mut self, side: Side, pause: Duration) {
        if self.hosts[side].process.take().is_some() {
            self.put(self.now + pause, Item::Spawn(side));
        }
    }

    /// A signal ends the process sooner or later; another one before that changes nothing.
    fn signal(&mut self, side: Side, signal: Signal, pause: Option<Duration>) {
        let host = &mut self.hosts[side];
        if host.process.is_some() && host.restart.is_none() {
            host.restart = pause;
            let engine = Loop::Engine;
            self.send(side, engine, engine, Message::Signal(signal));
        }
    }

    fn freeze(&mut self, side: Side, which: Option<Loop>, lasts: Duration) {
        let (until, life) = (self.now + lasts, self.hosts[side].life);
        let Some(process) = &mut self.hosts[side].process else { return };
        for each in Loop::ALL.into_iter().filter(|each| which.is_none_or(|w| w == *each)) {
            let state = process.at(each);
            state.frozen_until = state.frozen_until.max(until);
            self.number += 1;
            let item = Item::Thaw(side, life, each);
            self.queue.push(Entry { at: until, number: self.number, item });
        }
    }

    /// Nothing of the machine runs; what comes over the wires is lost, what its kernel and its
    /// servers have to say waits.
    fn pause(&mut self, side: Side, lasts: Duration, clock: Clock) {
        let until = self.now + lasts;
        let host = &mut self.hosts[side];
        if !host.is_awake() {
            return;
        }
        host.paused_until = Some(until);
        let stopped = if clock == Clock::Stops { lasts } else { Duration::ZERO };
        // Before the loops run again, so that they find the clock as it is then.
        self.put(until, Item::Resume(side, stopped));
        self.freeze(side, None, lasts);
        self.judge.paused(until, side);
    }

    pub(super) fn resume(&mut self, side: Side, stopped: Duration) {
        let host = &mut self.hosts[side];
        if host.paused_until == Some(self.now) {
            host.paused_until = None;
            host.behind += stopped;
        }
    }

    fn fact(&mut self, side: Side, fact: Fact, reading: Reading) {
        self.hosts[side].facts.insert(fact, reading);
        self.send(side, Loop::Mover, Loop::Mover, Message::Learn(fact, reading));
    }
}

/// The life of a process.
impl World {
    pub(super) fn spawn(&mut self, side: Side) {
        let host = &mut self.hosts[side];
        if host.process.is_some() {
            return;
        }
        if let Some(until) = host.paused_until {
            return self.put(until, Item::Spawn(side));
        }
        host.powered = true;
        host.restart = None;
        host.life += 1;
        let life = host.life;
        let ours = host.ours.clone();
        host.process = Some(Process::new(self.now, &self.setup, side, ours));
        self.tell(|w| format!("lb{side} starts, state file {:?}", w.hosts[side].state_file));
        let wire = self.now + self.rng.millis(2, 30);
        // The table is dumped before the engine is told what is in it (ipvs::start).
        let table = wire + self.rng.millis(0, 40);
        let engine = table + self.rng.millis(0, 10);
        let begins = [wire, wire, engine, table, wire];
        for (which, begin) in Loop::ALL.into_iter().zip(begins) {
            if let Some(process) = &mut self.hosts[side].process {
                process.at(which).frozen_until = begin;
            }
            self.put(begin, Item::Thaw(side, life, which));
        }
    }

    pub(super) fn exit(&mut self, side: Side, life: u32) {
        let host = &mut self.hosts[side];
        if host.life != life {
            return;
        }
        let Some(process) = host.process.take() else { return };
        if process.releasing {
            let ours = self.setup.ours();
            host.kernel.table.retain(|key, _| !ours.contains(key));
            host.ours.clear();
        }
        let pause = host.restart.take().unwrap_or_default();
        self.tell(|_| format!("lb{side} has ended"));
        self.put(self.now + pause, Item::Spawn(side));
    }
}
