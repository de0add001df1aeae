//! Network namespaces without a name, which go with the test, and a thread that is watched.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use coordinator::{Reading, Source};
use mailbox::{Inbox, Outbox, mailbox};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use track::{Run, Settings, Timing};
use watch::{Fact, Order, SourceReport};

/// How long anything may take before a test gives up; never a pause.
const PATIENCE: Duration = Duration::from_secs(30);

/// A host: a network namespace.
pub(crate) struct Host(File);

impl Host {
    pub(crate) fn new() -> Self {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace: these tests need root");
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        let host = Self(made.join().unwrap());
        host.ip("link set lo up");
        host
    }

    /// Runs `work` in a thread that lives there.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let enter = || {
            setns(self.0.as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
            work()
        };
        thread::scope(|scope| scope.spawn(enter).join().unwrap())
    }

    pub(crate) fn ip(&self, arguments: &str) {
        self.inside(|| run("ip", arguments));
    }

    /// A cable: `eth0` here, `eth0` there, both up.
    pub(crate) fn connect(&self, other: &Self) {
        let there = format!("/proc/{}/fd/{}", std::process::id(), other.0.as_raw_fd());
        self.ip(&format!("link add eth0 type veth peer name eth0 netns {there}"));
        self.ip("link set eth0 up");
        other.ip("link set eth0 up");
    }
}

pub(crate) fn run(program: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split(' ')).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments}: {error}");
}

/// Everything as by default, but quicker where a test would wait for nothing.
pub(crate) fn quick(source: &Source) -> Timing {
    let timing = Timing::of(source);
    let ms = Duration::from_millis;
    match source {
        Source::Gateway(..) => Timing { interval: ms(100), timeout: ms(50), ..timing },
        Source::Script(_) => Timing { interval: ms(100), timeout: ms(400), ..timing },
        Source::Interface(_)
        | Source::Address(_)
        | Source::Route(..)
        | Source::File(_)
        | Source::Process(_) => {
            Timing { rise: Run { lasting: Duration::ZERO, ..timing.rise }, ..timing }
        }
    }
}

pub(crate) fn settings(sources: &[Source]) -> Settings {
    let sources = sources.iter().map(|source| (source.clone(), quick(source)));
    Settings { sources: sources.collect(), ..Settings::default() }
}

/// The thread, and what it said.
pub(crate) struct Watched {
    orders: Outbox<Order>,
    facts: Inbox<Fact>,
    pub(crate) readings: BTreeMap<Source, (Reading, String)>,
    pub(crate) warnings: Vec<String>,
    reports: Vec<Vec<SourceReport>>,
    has_ended: bool,
}

impl Watched {
    /// Starts it in a host, or in the test's own namespace.
    pub(crate) fn start(host: Option<&Host>, settings: Settings) -> Self {
        let (outbox, facts) = mailbox(1_000).unwrap();
        let orders = match host {
            Some(host) => host.inside(|| watch::start(settings, outbox)),
            None => watch::start(settings, outbox),
        };
        Self {
            orders: orders.unwrap(),
            facts,
            readings: BTreeMap::new(),
            warnings: Vec::new(),
            reports: Vec::new(),
            has_ended: false,
        }
    }

    /// Waits until a source says this; how it was seen.
    pub(crate) fn says(&mut self, source: &Source, reading: Reading) -> String {
        let of = |watched: &Self| watched.readings.get(source).cloned();
        let found = self.wait(&format!("{source} to say {reading:?}"), |watched| {
            of(watched).filter(|(found, _)| *found == reading)
        });
        found.1
    }

    /// Waits until something was said or happened.
    pub(crate) fn wait<T>(&mut self, what: &str, is: impl Fn(&Self) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            self.read();
            if let Some(found) = is(self) {
                return found;
            }
            let rest = until.saturating_duration_since(Instant::now());
            let heard = (&self.readings, &self.warnings);
            assert!(!rest.is_zero(), "waited in vain for {what}; heard {heard:?}");
            let mut bell = [PollFd::new(self.facts.as_fd(), PollFlags::POLLIN)];
            let timeout = rest.min(Duration::from_millis(100));
            poll(&mut bell, PollTimeout::try_from(timeout).unwrap()).unwrap();
        }
    }

    pub(crate) fn report(&mut self) -> Vec<SourceReport> {
        self.orders.post(Order::Report).unwrap();
        let report = self.wait("a report", |watched| watched.reports.last().cloned());
        self.reports.clear();
        report
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        self.orders.post(Order::Stop).unwrap();
        self.wait("its end", |watched| watched.has_ended.then_some(()));
    }

    fn read(&mut self) {
        while let Some(fact) = self.facts.take() {
            match fact {
                Fact::Reading { source, reading, why } => {
                    let before = self.readings.insert(source, (reading, why));
                    assert_ne!(before.map(|(before, _)| before), Some(reading), "told twice");
                }
                Fact::Warning(text) => self.warnings.push(text),
                Fact::Report(report) => self.reports.push(report),
                Fact::Ended => self.has_ended = true,
            }
        }
    }
}
