//! All that this crate spawns: the health thread, and on it one task for each open question.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use health::{Check, CheckId, Outcome};
use mailbox::{Inbox, Outbox, mailbox};
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinError, JoinSet};

use crate::prober::Prober;
use crate::{Fact, Order, StartError, ask, sys};

/// Starts the thread and waits until it runs or says why it cannot.
pub(crate) fn thread(facts: Outbox<Fact>) -> Result<Outbox<Order>, StartError> {
    let (orders, inbox) = mailbox(ORDERS).map_err(|errno| told("make its mailbox", errno))?;
    let (started, start) = sync_channel(1);
    thread::Builder::new()
        .name("gemel-health".into())
        .stack_size(STACK)
        .spawn(move || body(inbox, facts, &started))
        .map_err(|error| told("start its thread", error))?;
    start.recv().map_err(|error| told("start its thread", error))??;
    Ok(orders)
}

fn body(inbox: Inbox<Order>, facts: Outbox<Fact>, started: &SyncSender<Result<(), StartError>>) {
    let (prepared, result) = match prepare(inbox) {
        Ok(prepared) => (Some(prepared), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // Whoever starts us waits for this; if it has gone nevertheless, there is nobody to work for.
    let awaited = started.send(result).is_ok();
    if let Some((runtime, inbox)) = prepared.filter(|_| awaited) {
        runtime.block_on(Prober::new(inbox, facts).run());
    }
}

fn prepare(inbox: Inbox<Order>) -> Result<(Runtime, AsyncFd<Orders>), StartError> {
    sys::set_nice(NICE).map_err(|error| told("lower its priority", error))?;
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| told("make its runtime", error))?;
    let entered = runtime.enter();
    let inbox = sys::watch(Orders(inbox)).map_err(|error| told("watch its mailbox", error))?;
    drop(entered);
    Ok((runtime, inbox))
}

fn told(what: &str, error: impl std::fmt::Display) -> StartError {
    StartError(format!("health thread: cannot {what}: {error}"))
}

/// The mailbox of orders, as tokio wants to see it.
#[derive(Debug)]
pub(crate) struct Orders(pub(crate) Inbox<Order>);

impl AsRawFd for Orders {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// The open questions, one task each; at most one for each check.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    tasks: JoinSet<Answer>,
    open: BTreeMap<CheckId, (u64, AbortHandle)>,
}

/// What a task brings back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) check: CheckId,
    pub(crate) round: u64,
    pub(crate) outcome: Outcome,
}

impl Asks {
    /// Puts a question; an older one of the same check is dropped, connection and all.
    pub(crate) fn put(&mut self, id: CheckId, round: u64, check: Check) {
        let handle = self.tasks.spawn(async move {
            let outcome = ask::ask(&check).await;
            Answer { check: id, round, outcome }
        });
        if let Some((_, older)) = self.open.insert(id, (round, handle)) {
            older.abort();
        }
    }

    /// Drops the question that is open, if one is.
    pub(crate) fn drop_open(&mut self, id: CheckId) {
        if let Some((_, handle)) = self.open.remove(&id) {
            handle.abort();
        }
    }

    /// Waits for the next answer; for ever if no question is open. Cancel-safe, as `join_next` is:
    /// an answer leaves the set only in the moment it is returned.
    pub(crate) async fn next(&mut self) -> Answer {
        loop {
            match self.tasks.join_next().await {
                Some(joined) => {
                    if let Some(answer) = self.joined(joined) {
                        return answer;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// An answer that is there already.
    pub(crate) fn try_next(&mut self) -> Option<Answer> {
        loop {
            let joined = self.tasks.try_join_next()?;
            if let Some(answer) = self.joined(joined) {
                return Some(answer);
            }
        }
    }

    /// `None` for a dropped question.
    fn joined(&mut self, joined: Result<Answer, JoinError>) -> Option<Answer> {
        match joined {
            Ok(answer) => {
                let open = self.open.get(&answer.check);
                if open.is_some_and(|(round, _)| *round == answer.round) {
                    self.open.remove(&answer.check);
                }
                Some(answer)
            }
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}

/// How many orders may wait.
const ORDERS: usize = 4096;

/// The thread's stack in bytes; the tasks are on the heap.
const STACK: usize = 512 * 1024;

/// Checks stand back behind everything that moves addresses or tables.
const NICE: i32 = 5;
