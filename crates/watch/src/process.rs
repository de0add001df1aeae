//! Source *process*: does a process of this name run?
//!
//! A name is the kernel's (`comm`, its first 15 bytes) or the base name of the program. The kernel
//! tells of every new, renamed and ended process; a walk through `/proc` begins it and compares from
//! time to time. Where the kernel does not tell (another network or process namespace, no
//! CAP_NET_ADMIN) there is a walk each round instead.

mod connector;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::BorrowedFd;

use clock::{Duration, Instant};
use coordinator::{Reading, Source};
use track::Sample;

use connector::{Connector, Event};

/// The processes of each name that is looked for.
pub(crate) type Running = BTreeMap<String, BTreeSet<u32>>;

/// What is known of the tracked processes.
#[derive(Debug)]
pub(crate) struct Processes {
    running: Running,
    way: Way,
    /// When the last walk was over.
    walked: Option<Instant>,
}

/// How news come.
#[derive(Debug)]
enum Way {
    /// The kernel was asked to tell, and has not said that it will.
    Asked(Connector, Instant),
    /// The kernel tells.
    Told(Connector),
    /// A walk each round.
    Walks,
}

/// What a look should do.
#[derive(Debug)]
pub(crate) enum Look {
    /// This is known.
    Known(Sample),
    /// Walk first.
    Walk,
}

impl Processes {
    /// Begins to listen; why the kernel does not tell, if it does not.
    pub(crate) fn open(
        now: Instant,
        names: impl Iterator<Item = String>,
    ) -> (Self, Option<String>) {
        let running: Running = names.map(|name| (name, BTreeSet::new())).collect();
        let (way, warning) = if running.is_empty() {
            (Way::Walks, None)
        } else {
            match Connector::open() {
                Ok(connector) => (Way::Asked(connector, now + PATIENCE), None),
                Err(error) => (Way::Walks, Some(untold(&error.to_string()))),
            }
        };
        (Self { running, way, walked: None }, warning)
    }

    /// The descriptor that is readable when the kernel told something.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.way {
            Way::Asked(connector, _) | Way::Told(connector) => Some(connector.descriptor()),
            Way::Walks => None,
        }
    }

    /// What is known of one name.
    pub(crate) fn look(&self, now: Instant, name: &str) -> Look {
        let pause = match self.way {
            Way::Told(_) => COMPARE,
            Way::Asked(..) | Way::Walks => Duration::ZERO,
        };
        match self.walked {
            Some(walked) if now.since(walked) < pause => Look::Known(self.sample(name)),
            Some(_) | None => Look::Walk,
        }
    }

    /// The errand that finds every process of every name.
    pub(crate) fn errand(&self) -> impl FnOnce() -> std::io::Result<Running> + Send + 'static {
        let names: Vec<String> = self.running.keys().cloned().collect();
        move || look::walk(&names)
    }

    /// Takes in what a walk found. Who ended or began meanwhile was told, so each is looked at again.
    pub(crate) fn walked(&mut self, now: Instant, found: Running) -> Vec<(Source, Sample)> {
        self.walked = Some(now);
        for (name, pids) in &mut self.running {
            pids.extend(found.get(name).into_iter().flatten());
            pids.retain(|pid| look::is_called(*pid, name));
        }
        self.running.keys().map(|name| (source(name), self.sample(name))).collect()
    }

    /// Takes in what the kernel told: samples of those names that began or ceased to run, and why it
    /// does not tell, if it says so.
    pub(crate) fn told(&mut self) -> (Vec<(Source, Sample)>, Option<String>) {
        let (Way::Asked(connector, _) | Way::Told(connector)) = &mut self.way else {
            return (Vec::new(), None);
        };
        let before = self.running.clone();
        let mut warning = None;
        for event in connector.events() {
            match event {
                Event::Listening(Ok(())) => self.listening(),
                Event::Listening(Err(errno)) => {
                    warning = Some(untold(errno.desc()));
                    self.way = Way::Walks;
                }
                Event::Renamed(pid) => self.renamed(pid),
                Event::Forked { parent, child } => self.forked(parent, child),
                Event::Ended(pid) => self.running.values_mut().for_each(|pids| {
                    pids.remove(&pid);
                }),
                // What was lost is found by a walk in the next round.
                Event::Overrun => self.walked = None,
            }
        }
        let changed = self.running.iter().filter(|(name, pids)| {
            before.get(*name).is_some_and(|before| before.is_empty() != pids.is_empty())
        });
        // Before the first walk nobody knows who does not run.
        let known = self.walked.is_some();
        let samples = changed.filter(|(_, pids)| known || !pids.is_empty());
        (samples.map(|(name, _)| (source(name), self.sample(name))).collect(), warning)
    }

    /// Gives up waiting for the kernel's word; why, if it did so now.
    pub(crate) fn give_up(&mut self, now: Instant) -> Option<String> {
        match self.way {
            Way::Asked(_, until) if until <= now => {
                self.way = Way::Walks;
                Some(untold("no answer, as in a namespace of its own"))
            }
            Way::Asked(..) | Way::Told(_) | Way::Walks => None,
        }
    }

    /// When [`Self::give_up`] must be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.way {
            Way::Asked(_, until) => Some(until),
            Way::Told(_) | Way::Walks => None,
        }
    }

    fn listening(&mut self) {
        // What happened before the kernel's word was not told: the next round walks once more.
        self.way = match std::mem::replace(&mut self.way, Way::Walks) {
            Way::Asked(connector, _) => {
                self.walked = None;
                Way::Told(connector)
            }
            way @ (Way::Told(_) | Way::Walks) => way,
        };
    }

    fn renamed(&mut self, pid: u32) {
        let Some(names) = look::names(pid) else { return };
        for (name, pids) in &mut self.running {
            if names.include(name) {
                pids.insert(pid);
            } else {
                pids.remove(&pid);
            }
        }
    }

    fn forked(&mut self, parent: u32, child: u32) {
        for pids in self.running.values_mut() {
            if pids.contains(&parent) {
                pids.insert(child);
            }
        }
    }

    fn sample(&self, name: &str) -> Sample {
        match self.running.get(name).and_then(|pids| pids.first()) {
            Some(pid) => Sample { reading: Reading::Good, why: format!("runs as process {pid}") },
            None => Sample { reading: Reading::Bad, why: "no such process".to_owned() },
        }
    }
}

fn source(name: &str) -> Source {
    Source::Process(name.to_owned())
}

fn untold(why: &str) -> String {
    format!(
        "the kernel does not tell of processes ({why}): /proc is searched in each round instead"
    )
}

/// How long the kernel may take to say that it will tell. It says so at once or never.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often what the kernel told is compared with a walk.
const COMPARE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
