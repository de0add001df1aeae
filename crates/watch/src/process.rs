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

/// What some sources say.
pub(crate) type Samples = Vec<(Source, Sample)>;

/// What is known of the tracked processes.
#[derive(Debug)]
pub(crate) struct Processes {
    running: Running,
    way: Way,
    /// When the last walk was over.
    walked: Option<Instant>,
    walk: Walk,
}

/// How far a walk through `/proc` is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Walk {
    /// Nobody walks.
    No,
    /// One should begin.
    Wanted,
    /// One is on the way.
    Running,
    /// One is on the way, and what happened since it began makes another one necessary.
    RunningAndWanted,
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
        (Self { running, way, walked: None, walk: Walk::No }, warning)
    }

    /// The descriptor that is readable when the kernel told something.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.way {
            Way::Asked(connector, _) | Way::Told(connector) => Some(connector.descriptor()),
            Way::Walks => None,
        }
    }

    /// What is known of one name, unless a walk must find out.
    pub(crate) fn look(&mut self, now: Instant, name: &str) -> Option<Sample> {
        let pause = match self.way {
            Way::Told(_) => COMPARE,
            Way::Asked(..) | Way::Walks => Duration::ZERO,
        };
        if self.walked.is_some_and(|walked| now.since(walked) < pause) {
            return Some(self.sample(name));
        }
        if self.walk == Walk::No {
            self.walk = Walk::Wanted;
        }
        None
    }

    /// The errand that finds every process of every name, if one should begin now.
    pub(crate) fn errand(
        &mut self,
    ) -> Option<impl FnOnce() -> std::io::Result<Running> + Send + 'static> {
        if self.walk != Walk::Wanted {
            return None;
        }
        self.walk = Walk::Running;
        let names: Vec<String> = self.running.keys().cloned().collect();
        Some(move || look::walk(&names))
    }

    /// The walk came to nothing; the next round wants another.
    pub(crate) fn lost(&mut self) {
        self.walk = Walk::No;
        self.walked = None;
    }

    /// Takes in what a walk found: a sample of each name. Who ended meanwhile is left out; if that
    /// left a name without a process, another walk says whether the next one had begun by then.
    pub(crate) fn walked(&mut self, now: Instant, found: Running) -> (Samples, Option<String>) {
        for (name, pids) in &mut self.running {
            pids.extend(found.get(name).into_iter().flatten());
            pids.retain(|pid| look::is_called(*pid, name));
        }
        let warning = self.hear();
        self.walked = Some(now);
        let is_believed = self.walk == Walk::Running;
        self.walk = if is_believed { Walk::No } else { Walk::Wanted };
        let told = self.running.iter().filter(|(_, pids)| is_believed || !pids.is_empty());
        (told.map(|(name, _)| (source(name), self.sample(name))).collect(), warning)
    }

    /// Takes in what the kernel told: samples of those names that began to run, and why it does not
    /// tell, if it says so.
    ///
    /// A name that ceased to run is no sample yet: the kernel tells of a new program when it is
    /// loaded, a while after it bears its name, so that the end of a predecessor may be told first.
    /// A walk decides.
    pub(crate) fn told(&mut self) -> (Samples, Option<String>) {
        let before = self.running.clone();
        let warning = self.hear();
        let was = |name: &String| before.get(name).is_some_and(|pids| !pids.is_empty());
        let began = self.running.iter().filter(|(name, pids)| !was(name) && !pids.is_empty());
        (began.map(|(name, _)| (source(name), self.sample(name))).collect(), warning)
    }

    fn hear(&mut self) -> Option<String> {
        let (Way::Asked(connector, _) | Way::Told(connector)) = &mut self.way else { return None };
        let events = connector.events();
        let before = self.running.values().filter(|pids| !pids.is_empty()).count();
        let mut warning = None;
        for event in events {
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
                Event::Overrun => self.doubt(),
            }
        }
        if self.running.values().filter(|pids| !pids.is_empty()).count() < before {
            self.doubt();
        }
        warning
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

    /// What is known may be wrong: a walk that begins after this decides.
    fn doubt(&mut self) {
        self.walk = match self.walk {
            Walk::No | Walk::Wanted => Walk::Wanted,
            Walk::Running | Walk::RunningAndWanted => Walk::RunningAndWanted,
        };
    }

    fn listening(&mut self) {
        // What happened before the kernel's word was not told.
        self.doubt();
        self.way = match std::mem::replace(&mut self.way, Way::Walks) {
            Way::Asked(connector, _) => Way::Told(connector),
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
