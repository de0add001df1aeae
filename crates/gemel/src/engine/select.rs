//! The engine's loop: one wakeup, one thing.

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use mailbox::Inbox;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::Engine;
use super::stop::Stop;
use crate::control::Question;
use crate::sys;
use crate::time::now;

/// What the engine listens to.
#[derive(Debug)]
pub(crate) struct Inboxes {
    wire: AsyncFd<Inbox<vrrp::Fact>>,
    table: AsyncFd<Inbox<ipvs::Fact>>,
    checks: AsyncFd<Inbox<probe::Fact>>,
    sources: AsyncFd<Inbox<watch::Fact>>,
    questions: mpsc::Receiver<Question>,
    signals: Signals,
}

/// Registered before anything starts, so that no signal finds the default action.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    keep: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(crate) fn register() -> anyhow::Result<Self> {
        let register = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self {
            terminate: register(SignalKind::terminate())?,
            interrupt: register(SignalKind::interrupt())?,
            keep: register(SignalKind::user_defined2())?,
            hang_up: register(SignalKind::hangup())?,
        })
    }
}

impl Inboxes {
    pub(crate) fn new(
        wire: Inbox<vrrp::Fact>,
        table: Inbox<ipvs::Fact>,
        checks: Inbox<probe::Fact>,
        sources: Inbox<watch::Fact>,
        questions: mpsc::Receiver<Question>,
        signals: Signals,
    ) -> anyhow::Result<Self> {
        let listen = "cannot listen to the loops";
        Ok(Self {
            wire: sys::listen(wire).context(listen)?,
            table: sys::listen(table).context(listen)?,
            checks: sys::listen(checks).context(listen)?,
            sources: sys::listen(sources).context(listen)?,
            questions,
            signals,
        })
    }
}

/// Runs until stopped.
pub(crate) async fn run(mut engine: Engine, mut inboxes: Inboxes) -> anyhow::Result<ExitCode> {
    loop {
        if let Some(code) = engine.ended() {
            return Ok(code);
        }
        let wait = engine.deadline().since(now());
        let Inboxes { wire, table, checks, sources, questions, signals } = &mut inboxes;
        // Each branch is cancel-safe: a bell's readiness, a signal and an expired timer stay what
        // they are until taken, and a question is received by the branch that is chosen or by none.
        tokio::select! {
            ready = ready(wire) => ready?,
            ready = ready(table) => ready?,
            ready = ready(checks) => ready?,
            ready = ready(sources) => ready?,
            Some(question) = questions.recv() => engine.asked(question),
            _ = signals.terminate.recv() => engine.stop(Stop::Release),
            _ = signals.interrupt.recv() => engine.stop(Stop::Release),
            _ = signals.keep.recv() => engine.stop(Stop::Keep),
            _ = signals.hang_up.recv() => engine.warn(
                "signal=HUP action=none why=\"a changed file takes effect by a restart, which keeps addresses and table\"",
            ),
            () = tokio::time::sleep(wait) => {}
        }
        while let Some(fact) = wire.get_mut().take() {
            engine.wire_says(fact);
        }
        while let Some(fact) = table.get_mut().take() {
            engine.table_says(fact);
        }
        while let Some(fact) = checks.get_mut().take() {
            engine.checks_say(fact);
        }
        while let Some(fact) = sources.get_mut().take() {
            engine.sources_say(fact);
        }
        engine.tick();
    }
}

/// Ready when the bell rang. The readiness is cleared before the queue is drained, so that a value
/// posted meanwhile rings again.
async fn ready<T>(inbox: &mut AsyncFd<Inbox<T>>) -> io::Result<()> {
    inbox.readable_mut().await?.clear_ready();
    Ok(())
}
