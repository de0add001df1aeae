//! The loop of the health thread: owns the Schedule, carries out what it says, passes on verdicts.
//!
//! One wakeup: read the clock once, take in all orders and answers that wait, tick, post. It judges
//! nothing itself.

use clock::{Duration, Instant};
use health::{Event, Output, Schedule};
use mailbox::Outbox;
use nix::time::{ClockId, clock_gettime};
use tokio::io::unix::AsyncFd;
use tokio::select;
use tokio::time::sleep;

use crate::pending::{Flushed, Pending};
use crate::spawn::{Answer, Asks, Orders};
use crate::{Fact, Order};

/// The state of the loop.
#[derive(Debug)]
pub(crate) struct Prober {
    inbox: AsyncFd<Orders>,
    schedule: Schedule,
    asks: Asks,
    facts: Pending,
}

impl Prober {
    pub(crate) fn new(inbox: AsyncFd<Orders>, facts: Outbox<Fact>) -> Self {
        let (schedule, asks) = (Schedule::default(), Asks::default());
        Self { inbox, schedule, asks, facts: Pending::new(facts) }
    }

    /// Runs until it is told to stop or nobody listens any more.
    pub(crate) async fn run(mut self) {
        let mut now = boottime();
        let mut flushed = Flushed::All;
        while flushed != Flushed::Closed {
            let answer = self.wakeup(self.rest(now, flushed)).await;
            now = boottime();
            if let Some(answer) = answer {
                self.answered(now, answer);
            }
            while let Some(answer) = self.asks.try_next() {
                self.answered(now, answer);
            }
            while let Some(order) = self.inbox.get_mut().0.take() {
                match order {
                    Order::Stop => return self.end().await,
                    Order::Set(id, check) => self.handle(now, Event::Set(id, check)),
                    Order::Assume(id, verdict) => self.handle(now, Event::Assume(id, verdict)),
                    Order::Report => self.facts.report(),
                    Order::Remove(id) => {
                        self.handle(now, Event::Remove(id));
                        self.asks.drop_open(id);
                        self.facts.forget(id);
                    }
                }
            }
            self.handle(now, Event::Tick);
            flushed = self.facts.flush(|| report(&self.schedule));
        }
    }

    /// Sleeps until an order rings, a question is answered or `rest` is over.
    ///
    /// Cancel-safe, each branch: `readable_mut` leaves the readiness standing until it is cleared,
    /// and what rings after that rings anew; [`Asks::next`] takes an answer only when it returns it;
    /// the sleep is computed anew from an absolute deadline.
    async fn wakeup(&mut self, rest: Option<Duration>) -> Option<Answer> {
        select! {
            // An error means that the runtime is ending, which only the end of this loop causes.
            ready = self.inbox.readable_mut() => {
                if let Ok(mut guard) = ready {
                    guard.clear_ready();
                }
                None
            }
            answer = self.asks.next() => Some(answer),
            () = sleep(rest.unwrap_or(Duration::MAX)), if rest.is_some() => None,
        }
    }

    /// How long nothing is due. tokio's timer adds up to 2 ms; the Schedule's starts are absolute, so
    /// that does not add up.
    fn rest(&self, now: Instant, flushed: Flushed) -> Option<Duration> {
        let due = self.schedule.deadline().map(|at| at.since(now));
        let again = (flushed == Flushed::Behind).then_some(POST_AGAIN);
        due.into_iter().chain(again).min()
    }

    fn answered(&mut self, now: Instant, answer: Answer) {
        let Answer { check, round, outcome } = answer;
        self.handle(now, Event::Answered { check, round, outcome });
    }

    fn handle(&mut self, now: Instant, event: Event) {
        for output in self.schedule.handle(now, event) {
            match output {
                Output::Ask { check: id, round } => {
                    if let Some(check) = self.schedule.check(id) {
                        self.asks.put(id, round, check.clone());
                    }
                }
                Output::Verdict { check, verdict, why } => self.facts.verdict(check, verdict, why),
                Output::Impaired(check, why) => self.facts.impaired(check, why),
            }
        }
    }

    async fn end(self) {
        while self.facts.ended() == Flushed::Behind {
            sleep(POST_AGAIN).await;
        }
    }
}

fn report(schedule: &Schedule) -> Fact {
    let checks = schedule.states().map(|(id, state)| (id, *state)).collect();
    Fact::Report { checks, skipped: schedule.skipped() }
}

fn boottime() -> Instant {
    // It cannot fail: the clock is there since Linux 2.6.39, and the address is our own.
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock");
    Instant::ZERO + Duration::from(time)
}

/// How soon a full mailbox is tried again: nothing tells us that there is room.
const POST_AGAIN: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
