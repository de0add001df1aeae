//! The timeline: what the wire, the kernels and the client show, each as it happens, from outside.
//!
//! Who is Active is told by the adverts on the wire, which servers take traffic by the kernels'
//! tables, what is lost by the client; gemel is asked only for its reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::asker::{self, Asker, Request, Seen};
use super::pace::Pace;
use super::stage::{ADDRESS, SERVERS, Stage};
use crate::client::Ticks;
use crate::net::Host;
use crate::table;
use crate::witness::{Event, Kind, Witness, now_ns};

/// The stage with everybody who watches it.
pub(super) struct Scene {
    pub stage: Stage,
    pub pace: Pace,
    witness: Witness,
    asker: Asker,
    began_ns: u64,
    /// Up to where the witness and the client have been told.
    told_ns: u64,
    priorities: BTreeMap<String, u8>,
    announced: Option<String>,
    active: Option<String>,
    tables: BTreeMap<String, BTreeSet<&'static str>>,
    answering: Option<BTreeSet<String>>,
}

/// What is true at one moment, as far as it was seen.
pub(super) struct Now<'a> {
    /// Who advertised last.
    pub active: Option<&'a str>,
    /// Which servers each director's kernel sends traffic to.
    pub tables: &'a BTreeMap<String, BTreeSet<&'static str>>,
    /// Who answered the client's last requests; empty while requests fail.
    pub answering: &'a BTreeSet<String>,
}

impl Now<'_> {
    /// Whether every director's table has exactly these servers.
    pub(super) fn tables_have(&self, servers: &[&str]) -> bool {
        self.tables.values().all(|table| table.iter().eq(servers))
    }

    /// Whether exactly these answer the client.
    pub(super) fn answered_by(&self, servers: &[&str]) -> bool {
        self.answering.iter().map(String::as_str).eq(servers.iter().copied())
    }
}

impl Scene {
    pub(super) fn open(stage: Stage, pace: Pace) -> Result<Self> {
        let witness = Witness::watch(&stage.lab, "front")?;
        let address = (ADDRESS, 80).into();
        let asker = Asker::start(&stage.client, address, pace.period, pace.patience)?;
        let began_ns = now_ns();
        Ok(Self {
            stage,
            pace,
            witness,
            asker,
            began_ns,
            told_ns: began_ns,
            priorities: BTreeMap::new(),
            announced: None,
            active: None,
            tables: BTreeMap::new(),
            answering: None,
        })
    }

    /// Tells something that we do to the pair, after what was seen before it.
    pub(super) fn tell(&mut self, what: &str) -> Result<()> {
        self.look()?;
        self.line(now_ns(), what);
        Ok(())
    }

    /// Tells what is seen until `until` holds, at most `limit`.
    pub(super) fn watch(
        &mut self,
        what: &str,
        limit: Duration,
        until: impl Fn(&Now<'_>) -> bool,
    ) -> Result<()> {
        let beat = Ticks::every(Duration::from_millis(10))?;
        let deadline = Instant::now() + limit;
        loop {
            self.look()?;
            let nobody = BTreeSet::new();
            let answering = self.answering.as_ref().unwrap_or(&nobody);
            let active = self.active.as_deref();
            if until(&Now { active, tables: &self.tables, answering }) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "not within {limit:?}: {what}\nActive: {active:?}, tables: {:?}, answering: {answering:?}",
                    self.tables
                );
            }
            beat.next()?;
        }
    }

    /// What the client saw since then.
    pub(super) fn seen_since(&self, since_ns: u64) -> Seen {
        Seen::of(&self.asker.since(since_ns))
    }

    /// Tells whatever is new, in the order in which it happened.
    fn look(&mut self) -> Result<()> {
        let from = self.told_ns;
        let mut lines = Vec::new();
        let heard = self.witness.since(from);
        let requests = self.asker.since(self.began_ns);
        for event in heard {
            self.told_ns = self.told_ns.max(event.at_ns + 1);
            lines.extend(self.heard(&event).map(|line| (event.at_ns, line)));
        }
        for host in [self.stage.lb1.host.clone(), self.stage.lb2.host.clone()] {
            lines.extend(self.table_of(&host)?.map(|line| (now_ns(), line)));
        }
        lines.extend(self.answered(&requests));
        lines.sort();
        for (at_ns, line) in lines {
            self.line(at_ns, &line);
        }
        Ok(())
    }

    fn heard(&mut self, event: &Event) -> Option<String> {
        let host = event.host.clone();
        match &event.kind {
            Kind::Advert(advert) => {
                let before = self.priorities.insert(host.clone(), advert.priority);
                if advert.priority == 0 {
                    return (before != Some(0))
                        .then(|| format!("{host} advertises priority 0: it leaves"));
                }
                let taken = self.active.replace(host.clone()).as_deref() != Some(&host);
                if taken {
                    Some(format!("{host} is Active, priority {}", advert.priority))
                } else {
                    (before != Some(advert.priority))
                        .then(|| format!("{host} advertises priority {}", advert.priority))
                }
            }
            Kind::Garp { .. } => {
                let first = self.announced.replace(host.clone()).as_deref() != Some(&host);
                first.then(|| format!("{host} announces {ADDRESS} by gratuitous ARP"))
            }
            Kind::Question { .. } | Kind::Answer { .. } => None,
        }
    }

    fn table_of(&mut self, host: &Host) -> Result<Option<String>> {
        let lines = table::of_kernel(host)?;
        let has = |address: &str| lines.iter().any(|line| line.contains(&format!("-> {address}:")));
        let servers: BTreeSet<&'static str> =
            SERVERS.iter().filter(|(_, address)| has(address)).map(|(name, _)| *name).collect();
        let before = self.tables.insert(host.name().to_owned(), servers.clone());
        if before.as_ref() == Some(&servers) {
            return Ok(None);
        }
        let names = list(servers.iter().copied());
        Ok(Some(format!("{}'s kernel sends traffic to {names}", host.name())))
    }

    /// A change in who answers. One failure among answers is a change only once the next has failed
    /// too, or the round robin over a dead server would tell each of them.
    fn answered(&mut self, requests: &[Request]) -> Option<(u64, String)> {
        let last = requests.get(requests.len().saturating_sub(LAST)..).unwrap_or_default();
        if last.len() < LAST {
            return None;
        }
        let answering = asker::answering(last, LAST);
        if self.answering.as_ref() == Some(&answering) {
            return None;
        }
        let at_ns = last.last().map_or(0, |request| request.done_ns);
        let line = if answering.is_empty() {
            "the client gets no answer".to_owned()
        } else {
            format!("the client is answered by {}", list(answering.iter().map(String::as_str)))
        };
        self.answering = Some(answering);
        Some((at_ns, line))
    }

    fn line(&self, at_ns: u64, what: &str) {
        let seconds = at_ns.saturating_sub(self.began_ns) as f64 / 1e9;
        println!("  +{seconds:>7.3} s  {what}");
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") }
}

/// How many requests tell who answers: enough for each of two servers, even where one of them
/// fails its half.
const LAST: usize = 4;
