//! The loop of the thread: owns the Tracker, looks where it says, passes on what it concludes.
//!
//! One wakeup: read the clock once, take in what waits at the descriptors that rang, each up to a
//! bound, then the orders, then what is due; post. Normal priority: no address waits for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use clock::{Duration, Instant};
use coordinator::Source;
use mailbox::{Inbox, Outbox};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::time::{ClockId, clock_gettime};
use track::{Event, Output, Sample, Settings, State, Tracker};

use crate::errand::{Answer, Errands, Found};
use crate::file::File;
use crate::gateway::Gateway;
use crate::process::Processes;
use crate::rtnetlink::Network;
use crate::script;
use crate::teller::{Flushed, Teller};
use crate::{Fact, Order, SourceReport, StartError};

/// The state of the loop.
#[derive(Debug)]
pub(crate) struct Lookout {
    settings: Settings,
    /// Every source that is looked at; its place is its token's lower half.
    sources: Vec<Source>,
    tracker: Tracker,
    epoll: Epoll,
    orders: Inbox<Order>,
    errands: Errands,
    network: Option<Network>,
    processes: Processes,
    gateways: BTreeMap<Source, Gateway>,
    files: BTreeMap<Source, File>,
    teller: Teller,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Course {
    GoOn,
    End,
}

impl Lookout {
    /// Opens what does not depend on a single source.
    ///
    /// # Errors
    /// Out of descriptors.
    pub(crate) fn open(
        settings: &Settings,
        orders: Inbox<Order>,
        facts: Outbox<Fact>,
    ) -> Result<Self, StartError> {
        let told = |what: &str, error: io::Error| {
            StartError(format!("track thread: cannot {what}: {error}"))
        };
        let sources: BTreeSet<Source> = settings.sources.keys().cloned().collect();
        let mut teller = Teller::new(facts);
        let errands = Errands::new(sources.len()).map_err(|e| told("make its mailbox", e))?;
        let network = Network::open(&sources).map_err(|e| told("listen to rtnetlink", e))?;
        let (processes, warning) = Processes::open(now(), sources.iter().filter_map(name));
        warning.into_iter().for_each(|text| teller.warn(text));
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
            .map_err(|errno| told("make its epoll", errno.into()))?;
        let lookout = Self {
            tracker: Tracker::new(now(), settings),
            gateways: sources.iter().filter_map(gateway).collect(),
            files: sources.iter().filter_map(file).collect(),
            sources: sources.into_iter().collect(),
            settings: settings.clone(),
            epoll,
            orders,
            errands,
            network,
            processes,
            teller,
        };
        lookout.listen().map_err(|errno| told("watch its sockets", errno.into()))?;
        Ok(lookout)
    }

    /// Runs until it is told to stop or nobody listens any more.
    pub(crate) fn run(mut self) {
        let mut events = [EpollEvent::empty(); EVENTS];
        let mut rang = 0;
        loop {
            let now = now();
            for event in events.iter().take(rang) {
                self.rang(now, event.data());
            }
            if self.read_orders() == Course::End {
                return self.end();
            }
            self.hear(now, Event::Tick);
            if let Some(text) = self.processes.give_up(now) {
                self.teller.warn(text);
            }
            self.walk();
            if let Some(text) = self.network.as_mut().and_then(|network| network.ask(now)) {
                self.teller.warn(text);
            }
            let tracker = &self.tracker;
            let flushed = self.teller.flush(|| report(tracker));
            if flushed == Flushed::Closed {
                return self.end();
            }
            rang = match self.epoll.wait(&mut events, self.timeout(flushed)) {
                Ok(rang) => rang,
                Err(Errno::EINTR) => 0,
                Err(errno) => {
                    self.teller.warn(format!("track thread: {}; it ends", errno.desc()));
                    return self.end();
                }
            };
        }
    }

    fn listen(&self) -> Result<(), Errno> {
        let add = |descriptor, kind: u64| {
            self.epoll.add(descriptor, EpollEvent::new(EpollFlags::EPOLLIN, kind << 32))
        };
        add(self.orders.as_fd(), ORDERS)?;
        add(self.errands.inbox().as_fd(), ANSWERS)?;
        if let Some(network) = &self.network {
            add(network.monitor(), NOTICES)?;
            add(network.requests(), LISTS)?;
        }
        match self.processes.descriptor() {
            Some(descriptor) => add(descriptor, PROCESSES),
            None => Ok(()),
        }
    }

    fn read_orders(&mut self) -> Course {
        while let Some(order) = self.orders.take() {
            match order {
                Order::Report => self.teller.report(),
                Order::Stop => return Course::End,
            }
        }
        Course::GoOn
    }

    /// Kills what runs, and waits a moment for it to be gone.
    fn end(mut self) {
        self.errands.stop();
        let until = now() + PATIENCE;
        loop {
            while self.errands.take().is_some() {}
            let done = !self.errands.has_scripts() || until <= now();
            if done && self.teller.ended() || until + PATIENCE <= now() {
                return;
            }
            let mut answers = [PollFd::new(self.errands.inbox().as_fd(), PollFlags::POLLIN)];
            if poll(&mut answers, POST_AGAIN_MS).is_err_and(|errno| errno != Errno::EINTR) {
                return;
            }
        }
    }

    fn timeout(&self, flushed: Flushed) -> EpollTimeout {
        let network = self.network.as_ref().and_then(Network::deadline);
        let deadlines = [self.tracker.deadline(), self.processes.deadline(), network];
        let rest = deadlines.into_iter().flatten().min().map(|at| at.since(now()));
        let rest = rest.map(|rest| rest.as_micros().div_ceil(1_000));
        let rest = rest.and_then(|ms| u16::try_from(ms).ok()).unwrap_or(u16::MAX);
        if flushed == Flushed::All { rest.into() } else { rest.min(POST_AGAIN_MS).into() }
    }
}

/// What comes in.
impl Lookout {
    fn rang(&mut self, now: Instant, token: u64) {
        let source = || self.sources.get(token as u32 as usize).cloned();
        match token >> 32 {
            ANSWERS => {
                while let Some(Answer { source, found }) = self.errands.take() {
                    self.found(now, source, found);
                }
            }
            NOTICES => self.network.iter_mut().for_each(Network::notices),
            LISTS => {
                let Some(network) = &mut self.network else { return };
                let (samples, warning) = network.pieces(now);
                self.take_in(now, samples, warning);
            }
            PROCESSES => {
                let (samples, warning) = self.processes.told();
                self.take_in(now, samples, warning);
            }
            GATEWAY => {
                let Some(source) = source() else { return };
                let answer = self.gateways.get_mut(&source).and_then(Gateway::answers);
                answer.into_iter().for_each(|sample| self.sample(now, source.clone(), sample));
            }
            FILE => {
                let Some(source) = source() else { return };
                if self.files.get_mut(&source).is_some_and(File::has_changed) {
                    self.look(now, &source);
                }
            }
            // Orders are read on every wakeup.
            _ => {}
        }
    }

    fn found(&mut self, now: Instant, source: Source, found: Found) {
        match found {
            Found::Script(sample) => self.sample(now, source, sample),
            Found::File(sample, watch) => {
                self.watched(&source, watch);
                self.sample(now, source, sample);
            }
            Found::Processes(Ok(running)) => {
                let (samples, warning) = self.processes.walked(now, running);
                self.take_in(now, samples, warning);
            }
            Found::Processes(Err(error)) => {
                self.processes.lost();
                self.teller.warn(format!("/proc cannot be searched: {error}"));
            }
        }
    }

    fn watched(&mut self, source: &Source, watch: Option<io::Result<nix::sys::inotify::Inotify>>) {
        let token = self.token(FILE, source);
        let (Some(file), Some(made)) = (self.files.get_mut(source), watch) else { return };
        let watched = made.and_then(|watch| Ok(file.watched(watch, &self.epoll, token)?));
        // An absent folder is what the file itself says already.
        if let Err(error) = watched
            && error.kind() != io::ErrorKind::NotFound
        {
            self.teller.warn(format!("{source} is not watched, only read in rounds: {error}"));
        }
    }

    fn take_in(&mut self, now: Instant, samples: Vec<(Source, Sample)>, warning: Option<String>) {
        warning.into_iter().for_each(|text| self.teller.warn(text));
        samples.into_iter().for_each(|(source, sample)| self.sample(now, source, sample));
    }

    fn sample(&mut self, now: Instant, source: Source, sample: Sample) {
        self.hear(now, Event::Sample(source, sample));
    }

    /// Tells the Tracker, and does what it says.
    fn hear(&mut self, now: Instant, event: Event) {
        let mut outputs = VecDeque::from(self.tracker.handle(now, event));
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Reading { source, reading, why } => {
                    self.teller.reading(source, reading, why);
                }
                Output::Look(source) => {
                    if let Some(sample) = self.look(now, &source) {
                        outputs.extend(self.tracker.handle(now, Event::Sample(source, sample)));
                    }
                }
            }
        }
    }
}

/// What goes out.
impl Lookout {
    /// Looks at a source; a sample at once, or later by [`Self::rang`].
    fn look(&mut self, now: Instant, source: &Source) -> Option<Sample> {
        let token = self.token(GATEWAY, source);
        match source {
            Source::Interface(_) => {}
            Source::Address(_) | Source::Route(..) => {
                self.network.iter_mut().for_each(|network| network.look(source));
            }
            Source::Gateway(..) => return self.gateways.get_mut(source)?.ask(&self.epoll, token),
            Source::File(_) => {
                let read = self.files.get(source)?.errand();
                self.send(source, |_| read());
            }
            Source::Process(name) => return self.processes.look(now, name),
            Source::Script(name) => {
                let command = self.settings.scripts.get(name)?.clone();
                let timeout = self.settings.sources.get(source)?.timeout;
                self.send(source, move |stop| Found::Script(script::run(&command, timeout, &stop)));
            }
        }
        None
    }

    /// One walk finds all: the errand of the first name stands for every name's.
    fn walk(&mut self) {
        let first = self.sources.iter().find(|one| matches!(one, Source::Process(_))).cloned();
        if let Some((source, walk)) = first.and_then(|one| Some((one, self.processes.errand()?)))
            && !self.send(&source, |_| Found::Processes(walk()))
        {
            self.processes.lost();
        }
    }

    /// True if somebody is on the way.
    fn send(
        &mut self,
        source: &Source,
        job: impl FnOnce(OwnedFd) -> Found + Send + 'static,
    ) -> bool {
        let sent = self.errands.send(source.clone(), job);
        if let Err(error) = &sent {
            self.teller.warn(format!("{source}: cannot start a thread: {error}"));
        }
        sent.is_ok()
    }

    fn token(&self, kind: u64, source: &Source) -> u64 {
        let place = self.sources.binary_search(source).unwrap_or(usize::MAX);
        (kind << 32) | u64::from(place as u32)
    }
}

fn report(tracker: &Tracker) -> Vec<SourceReport> {
    let of = |(source, state): (&Source, State)| {
        let State { reading, since, detail } = state;
        SourceReport { source: source.clone(), reading, since, detail }
    };
    tracker.states().map(of).collect()
}

fn name(source: &Source) -> Option<String> {
    if let Source::Process(name) = source { Some(name.clone()) } else { None }
}

fn gateway(source: &Source) -> Option<(Source, Gateway)> {
    let Source::Gateway(address, interface) = source else { return None };
    Some((source.clone(), Gateway::new(*address, interface.clone())))
}

fn file(source: &Source) -> Option<(Source, File)> {
    let Source::File(path) = source else { return None };
    Some((source.clone(), File::new(path)))
}

/// CLOCK_BOOTTIME, as everywhere: it goes on while the machine sleeps.
pub(crate) fn now() -> Instant {
    // clock_gettime fails only for a clock that does not exist, and this one has since Linux 2.6.39.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Instant::ZERO, |time| {
        let nanos = time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs();
        Instant::from_nanos(nanos)
    })
}

/// The upper halves of tokens.
const ORDERS: u64 = 0;
const ANSWERS: u64 = 1;
const NOTICES: u64 = 2;
const LISTS: u64 = 3;
const PROCESSES: u64 = 4;
const GATEWAY: u64 = 5;
const FILE: u64 = 6;
/// Descriptors looked at in one wakeup; the rest ring again.
const EVENTS: usize = 32;
/// When to try again what the engine's mailbox had no room for.
const POST_AGAIN_MS: u16 = 10;
/// How long killed scripts may take to be gone, and then the engine to make room for the last word.
const PATIENCE: Duration = Duration::from_secs(1);
