//! What the table loop and the health loop do: they talk to the kernel and to the real servers.

use health::{CheckId, Failure, Outcome, Verdict};

use super::World;
use crate::message::{Loop, Message};
use crate::setup::{Side, asked};

impl World {
    pub(super) fn reconcile(&mut self, side: Side, event: ipvs_table::Event) {
        use coordinator::Event;
        use ipvs_table::Output;

        let host = &mut self.hosts[side];
        let clock = host.clock(self.now);
        let Some(process) = &mut host.process else { return };
        for output in process.reconciler.handle(clock, event) {
            let news = match output {
                Output::Ask(_) | Output::Dump | Output::ListServices | Output::DumpServers(_) => {
                    if let Output::Ask(requests) = &output {
                        self.tell(|_| format!("lb{side} asks {requests:?}"));
                        self.judge.asks(side);
                    }
                    let patience = self.hosts[side].kernel.patience(&mut self.rng);
                    let question = Message::Kernel(Box::new(output));
                    self.later(side, Loop::Table, patience / 2, question);
                    continue;
                }
                Output::Ours(ours) => {
                    self.hosts[side].ours = ours;
                    continue;
                }
                Output::Applied(revision) => Event::Applied(revision),
                Output::Refused(refusal) => Event::Refused(refusal),
                Output::Cured(service, server) => Event::Cured(service, server),
                Output::Drift(service, server) => Event::Drift(service, server),
            };
            self.send(side, Loop::Table, Loop::Engine, Message::Coordinator(news));
        }
    }

    pub(super) fn schedule(&mut self, side: Side, event: health::Event) {
        let host = &mut self.hosts[side];
        let clock = host.clock(self.now);
        let Some(process) = &mut host.process else { return };
        for output in process.schedule.handle(clock, event) {
            match output {
                health::Output::Ask { check, round } => self.ask(side, check, round),
                health::Output::Verdict { check, verdict, why } => {
                    self.verdict(side, check, verdict);
                    let event = coordinator::Event::Verdict { check, verdict, why };
                    self.send(side, Loop::Health, Loop::Engine, Message::Coordinator(event));
                }
                health::Output::Impaired(check, why) => {
                    let event = coordinator::Event::Impaired(check, why);
                    self.send(side, Loop::Health, Loop::Engine, Message::Coordinator(event));
                }
            }
        }
    }

    fn verdict(&mut self, side: Side, check: CheckId, verdict: Verdict) {
        self.tell(|_| format!("lb{side} finds server {} {verdict}", asked(check)));
        self.judge.verdict(side);
    }

    /// What comes of a question is decided when it is asked.
    fn ask(&mut self, side: Side, check: CheckId, round: u64) {
        let server = asked(check);
        let timeout = self.setup.timing.timeout;
        let (outcome, after) = if !self.hosts[side].reach[server] {
            (Outcome::Fail(Failure::TimeoutConnect), timeout)
        } else if self.servers[server] {
            (Outcome::Pass, self.rng.micros(100, 5_000))
        } else if self.rng.chance(500) {
            (Outcome::Fail(Failure::Refused), self.rng.micros(100, 5_000))
        } else {
            (Outcome::Fail(Failure::TimeoutConnect), timeout)
        };
        self.later(side, Loop::Health, after, Message::Asked { check, round, outcome });
    }
}
