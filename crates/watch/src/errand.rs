//! All that this crate spawns: the thread itself, and one short-lived thread for each errand.
//!
//! An errand is work that may block for ever: a file on a server that is gone, a script, a walk
//! through all processes. It runs apart, so that no source can stall another; each source has one at
//! most, and its answer comes through a mailbox.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use coordinator::Source;
use mailbox::{Inbox, Outbox, mailbox};
use nix::sys::inotify::Inotify;
use nix::unistd::pipe2;
use track::{Sample, Settings};

use crate::process::Running;
use crate::thread::Lookout;
use crate::{Fact, Order, StartError};

/// Starts the thread and waits until it runs or says why it cannot. At most 16 orders wait.
///
/// # Errors
/// Out of descriptors or threads; nothing is left running.
pub fn start(settings: Settings, facts: Outbox<Fact>) -> Result<Outbox<Order>, StartError> {
    let told = |error: io::Error| StartError(format!("track thread: cannot start: {error}"));
    let (orders, inbox) = mailbox(ORDERS).map_err(|errno| told(errno.into()))?;
    let (started, start) = sync_channel(1);
    let body = move || body(&settings, inbox, facts, &started);
    thread::Builder::new()
        .name("gemel-track".into())
        .stack_size(STACK)
        .spawn(body)
        .map_err(told)?;
    start.recv().map_err(|error| told(io::Error::other(error)))??;
    Ok(orders)
}

fn body(
    settings: &Settings,
    orders: Inbox<Order>,
    facts: Outbox<Fact>,
    started: &SyncSender<Result<(), StartError>>,
) {
    let (lookout, result) = match Lookout::open(settings, orders, facts) {
        Ok(lookout) => (Some(lookout), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // Whoever starts us waits for this; if it has gone nevertheless, there is nobody to work for.
    let awaited = started.send(result).is_ok();
    if let Some(lookout) = lookout.filter(|_| awaited) {
        lookout.run();
    }
}

/// What an errand brings back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Whose.
    pub(crate) source: Source,
    /// What it found.
    pub(crate) found: Found,
}

/// What an errand found.
#[derive(Debug)]
pub(crate) enum Found {
    /// What a script's end says.
    Script(Sample),
    /// What a file says, and the watch on its folder if it was made anew.
    File(Sample, Option<io::Result<Inotify>>),
    /// Every process of a name that is looked for.
    Processes(io::Result<Running>),
}

/// The open errands, one for each source at most.
#[derive(Debug)]
pub(crate) struct Errands {
    outbox: Outbox<Answer>,
    inbox: Inbox<Answer>,
    open: BTreeSet<Source>,
    /// Both ends of a pipe without a word: errands end when the writing end closes.
    stop: OwnedFd,
    go_on: Option<OwnedFd>,
}

impl Errands {
    /// For so many sources.
    pub(crate) fn new(sources: usize) -> io::Result<Self> {
        let (outbox, inbox) = mailbox(sources.max(1))?;
        let (stop, go_on) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        Ok(Self { outbox, inbox, open: BTreeSet::new(), stop, go_on: Some(go_on) })
    }

    pub(crate) fn inbox(&self) -> &Inbox<Answer> {
        &self.inbox
    }

    /// Sends somebody; not if somebody is on the way for this source already. The job gets a
    /// descriptor that hangs up when all errands should end.
    pub(crate) fn send(
        &mut self,
        source: Source,
        job: impl FnOnce(OwnedFd) -> Found + Send + 'static,
    ) -> io::Result<()> {
        if self.open.contains(&source) {
            return Ok(());
        }
        let (stop, outbox, whose) = (self.stop.try_clone()?, self.outbox.clone(), source.clone());
        let errand = move || {
            // There is room for one answer of each source; closed means that nobody asks any more.
            drop(outbox.post(Answer { source: whose, found: job(stop) }));
        };
        thread::Builder::new().name("gemel-errand".into()).stack_size(STACK).spawn(errand)?;
        self.open.insert(source);
        Ok(())
    }

    /// The next answer, if one waits.
    pub(crate) fn take(&mut self) -> Option<Answer> {
        let answer = self.inbox.take()?;
        self.open.remove(&answer.source);
        Some(answer)
    }

    /// Tells every errand to end.
    pub(crate) fn stop(&mut self) {
        self.go_on = None;
    }

    /// Whether a script may still run.
    pub(crate) fn has_scripts(&self) -> bool {
        self.open.iter().any(|source| matches!(source, Source::Script(_)))
    }
}

/// How many orders may wait.
const ORDERS: usize = 16;
/// The stack of each thread in bytes.
const STACK: usize = 256 * 1024;
