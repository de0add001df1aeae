//! Part `takeover`: how long after it may a Backup speaks, at three intervals, idle and loaded.
//!
//! A [`Feeder`] plays the Active for some routers of a real Backup. For each takeover, by the
//! witness: the Backup's first advert, and its first gratuitous ARP, less the last advert of the
//! Active and the Active_Down_Interval. Both products are measured at the same time, each on a
//! bridge of its own, half a step apart. What a pair does in steady state is [`super::steady`].

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::busy::Busy;
use super::ear::{Heard, Said};
use super::feeder::{Feeder, Rhythm};
use super::options::{Options, Pace};
use super::plan::{Plan, Router};
use super::report::{Cell, Met, Report, Row};
use super::sample::{Sample, short};
use super::site::{Site, pass};
use super::steady;
use crate::peers::{Product, Side};
use crate::witness::now_ns;

/// What was measured of one product.
#[derive(Debug, Default)]
pub(super) struct Found {
    advert_ms: Sample,
    garp_ms: Sample,
    /// While the Active spoke.
    false_takeovers: usize,
    /// A silence that nobody ended.
    missed: usize,
}

/// What else the machine does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Load {
    Idle,
    /// One loop on each core.
    Busy,
}

impl Load {
    pub(super) const BOTH: [Self; 2] = [Self::Idle, Self::Busy];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
        }
    }

    /// The load, until dropped.
    pub(super) fn start(self) -> Result<Option<Busy>> {
        match self {
            Self::Idle => Ok(None),
            Self::Busy => Busy::start().map(Some),
        }
    }
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    report.title("takeover: after the last advert + Active_Down_Interval, ms");
    let rhythms: &[Rhythm] = match options.pace {
        Pace::Full => &RHYTHMS,
        Pace::Quick => &RHYTHMS[1..],
    };
    for rhythm in rhythms {
        let trials = options.trials(300, 40);
        let mut sites = [fed(Product::Gemel, rhythm)?, fed(Product::Keepalived, rhythm)?];
        for load in Load::BOTH {
            let [gemel, keepalived] = measure(&mut sites, *rhythm, load, trials)?;
            tell(report, rhythm.interval, load, &gemel, &keepalived);
        }
    }
    report.note("of real Backups for synthetic Actives; what a figure costs at most depends on n");
    steady::run(options, report)
}

fn tell(report: &mut Report, interval: Duration, load: Load, gemel: &Found, keepalived: &Found) {
    let name = |what: &str| format!("{} ms, {}: {what}", interval.as_millis(), load.name());
    let pair = |pick: fn(&Found) -> Cell| [pick(gemel), pick(keepalived)];
    let (own, other) = (&gemel.advert_ms, &keepalived.advert_ms);
    let limit = match load {
        Load::Idle => other.worst(),
        Load::Busy => other.worst() / 3.0,
    };
    report.row(Row::asked(
        name("first advert"),
        pair(|found| (&found.advert_ms).into()),
        format!("median <= {}, worst <= {}", short(other.median()), short(limit)),
        Met::from(own.median() <= other.median() && own.worst() <= limit),
    ));
    report.row(Row::told(name("first gratuitous ARP"), pair(|found| (&found.garp_ms).into())));
    report.row(Row::asked(
        name("false takeovers, missed ones"),
        pair(|found| Cell::words(format!("{}, {}", found.false_takeovers, found.missed))),
        "0, 0",
        Met::from(gemel.false_takeovers == 0 && gemel.missed == 0),
    ));
}

/// A Backup that is fed; the first claim of a daemon may wait for other things, so it is not timed.
fn fed(product: Product, rhythm: &Rhythm) -> Result<Site> {
    let routers =
        (0..rhythm.routers as usize).map(|number| Router::numbered(number, rhythm.interval));
    let mut site = Site::new(product, Plan::of(routers.collect()))?;
    site.lb2.start()?;
    site.await_all(Side::Lb2).with_context(|| format!("start {}", product.name()))?;
    Ok(site)
}

fn measure(sites: &mut [Site; 2], rhythm: Rhythm, load: Load, trials: usize) -> Result<[Found; 2]> {
    let _load = load.start()?;
    let mut feeders = Vec::new();
    for (site, shift) in sites.iter().zip([0, 500]) {
        feeders.push(Feeder::start(site, rhythm, shift)?);
    }
    // Once around, so that every router has yielded.
    pass(rhythm.cycle())?;
    let from = now_ns();
    let cycles = trials.div_ceil(rhythm.routers as usize) as u32;
    // The first and the last of a router's silences may be cut.
    pass(rhythm.cycle() * (cycles + 2))?;
    drop(feeders);
    let mut found = Vec::new();
    for site in sites {
        let heard = site.ear.since(from);
        ensure!(site.ear.lost()? == 0, "the witness lost packets: is another load running?");
        found.push(takeovers(&heard, &site.plan.routers));
        site.ear.forget();
    }
    found.try_into().ok().context("not two sites")
}

/// One router's story so far.
#[derive(Default)]
struct Story {
    fed_at: Option<u64>,
    /// The Active's run of adverts was heard from its first: only then what follows counts.
    is_whole: bool,
    /// Adverts of the Active without a silence.
    fed: usize,
    advert: bool,
    garp: bool,
}

fn takeovers(heard: &[Heard], routers: &[Router]) -> Found {
    let mut found = Found::default();
    let mut stories: BTreeMap<u8, Story> = BTreeMap::new();
    let by_address: BTreeMap<_, _> = routers
        .iter()
        .flat_map(|router| router.addresses.iter().map(|address| (*address, router.vrid)))
        .collect();
    let timing: BTreeMap<u8, &Router> =
        routers.iter().map(|router| (router.vrid, router)).collect();
    for heard in heard {
        let vrid = match heard.said {
            Said::Advert { vrid, .. } => vrid,
            Said::Garp(address) => match by_address.get(&address) {
                Some(vrid) => *vrid,
                None => continue,
            },
            Said::Answer(_) => continue,
        };
        if let Some(router) = timing.get(&vrid) {
            stories.entry(vrid).or_default().goes_on(heard, router, &mut found);
        }
    }
    found
}

impl Story {
    fn goes_on(&mut self, heard: &Heard, router: &Router, found: &mut Found) {
        let wait = router.active_down_interval().as_nanos() as f64;
        let interval = router.interval.as_nanos() as u64;
        let late_ms = |fed_at: u64| (heard.at_ns as f64 - fed_at as f64 - wait) / 1e6;
        match (self.fed_at, heard.side) {
            (None, Side::Lb2) => {}
            (None, Side::Lb1) => *self = Self { fed_at: Some(heard.at_ns), ..Self::default() },
            (Some(fed_at), Side::Lb1) if late_ms(fed_at) > 0.0 => {
                found.missed += usize::from(self.is_whole && !self.advert);
                let fed_at = Some(heard.at_ns);
                *self = Self { fed_at, is_whole: true, fed: 1, ..Self::default() };
            }
            (Some(_), Side::Lb1) => {
                self.fed_at = Some(heard.at_ns);
                self.fed += 1;
            }
            // Its own may still be on its way when the Active's first arrives.
            (Some(_), Side::Lb2) if !self.is_whole || self.fed < 2 => {}
            (Some(fed_at), Side::Lb2) => {
                let late_ms = late_ms(fed_at);
                match heard.said {
                    Said::Advert { .. } if late_ms < -(interval as f64) / 2e6 => {
                        found.false_takeovers += 1;
                    }
                    Said::Advert { priority: 1.., .. } if !self.advert => {
                        self.advert = true;
                        found.advert_ms.add(late_ms);
                    }
                    Said::Garp(_) if self.advert && !self.garp => {
                        self.garp = true;
                        found.garp_ms.add(late_ms);
                    }
                    Said::Advert { .. } | Said::Garp(_) | Said::Answer(_) => {}
                }
            }
        }
    }
}

/// Slow, middle, fast. The silences outlast the Active_Down_Interval of 3.61 intervals; between two
/// of a router it must have yielded and forgotten.
const RHYTHMS: [Rhythm; 3] = [
    Rhythm { interval: Duration::from_secs(1), routers: 60, fed: 4, silent: 5 },
    Rhythm { interval: Duration::from_millis(100), routers: 8, fed: 8, silent: 6 },
    Rhythm { interval: Duration::from_millis(10), routers: 8, fed: 40, silent: 20 },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Of one router at 100 ms: who said what at which millisecond.
    fn check(story: &[(u64, Side, Said)], wanted: &str) {
        let router = Router::first(Duration::from_millis(100));
        let heard: Vec<Heard> = story
            .iter()
            .map(|&(ms, side, said)| Heard { at_ns: ms * 1_000_000, side, link: 0, said })
            .collect();
        let found = takeovers(&heard, &[router]);
        let text = format!(
            "{} {} {} {}",
            found.advert_ms.text(),
            found.garp_ms.text(),
            found.false_takeovers,
            found.missed
        );
        assert_eq!(text, wanted);
    }

    const FED: Said = Said::Advert { vrid: 1, priority: 150 };
    const OWN: Said = Said::Advert { vrid: 1, priority: 100 };
    /// The end of a silence, and two adverts more.
    const START: [(u64, Side, Said); 4] = [
        (0, Side::Lb1, FED),
        (1000, Side::Lb1, FED),
        (1100, Side::Lb1, FED),
        (1200, Side::Lb1, FED),
    ];
    const GARP: Said = Said::Garp(std::net::Ipv4Addr::new(10, 0, 1, 1));

    #[test]
    fn a_takeover_is_timed_from_the_end_of_the_wait() {
        let mut story = START.to_vec();
        story.extend([(1561, Side::Lb2, OWN), (1562, Side::Lb2, GARP), (1563, Side::Lb2, GARP)]);
        // 1200 + 360.9375
        check(&story, "0.062 (n 1) 1.06 (n 1) 0 0");
        story.extend([(1661, Side::Lb2, OWN), (1900, Side::Lb1, FED), (1901, Side::Lb2, OWN)]);
        check(&story, "0.062 (n 1) 1.06 (n 1) 0 0");
    }

    #[test]
    fn an_advert_of_the_backup_between_those_of_the_active_is_a_false_takeover() {
        check(&[&START[..], &[(1250, Side::Lb2, OWN)]].concat(), "nothing nothing 1 0");
    }

    #[test]
    fn a_silence_that_nobody_ends_is_a_missed_takeover() {
        check(&[&START[..], &[(2000, Side::Lb1, FED)]].concat(), "nothing nothing 0 1");
    }

    #[test]
    fn an_active_that_is_late_but_not_too_late_was_not_silent() {
        let mut story = START.to_vec();
        story.extend([(1450, Side::Lb1, FED), (1811, Side::Lb2, OWN)]);
        check(&story, "0.062 (n 1) nothing 0 0");
    }

    #[test]
    fn a_silence_whose_beginning_was_not_heard_does_not_count() {
        check(&[(0, Side::Lb1, FED), (1000, Side::Lb1, FED)], "nothing nothing 0 0");
    }
}
