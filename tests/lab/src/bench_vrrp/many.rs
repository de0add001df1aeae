//! Part `many`: a thousand routers, or one with thousands of addresses, taken over at once.
//!
//! The Active is killed with all it is; the Backup's adverts and announcements are timed by the
//! witness, beside the time that the kernel itself takes to add as many addresses to an interface
//! of a host where nobody listens.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::ear::{Heard, Said};
use super::options::{Options, Pace};
use super::plan::{Cap, Plan, Router};
use super::report::{Cell, Met, Report, Row};
use super::rtnetlink::{Change, Hand};
use super::sample::{Sample, short};
use super::site::{Site, pass};
use crate::peers::{Product, Side};
use crate::sys;
use crate::witness::now_ns;

/// What was measured of one product.
#[derive(Debug, Default)]
struct Found {
    /// After the first advert.
    first_garp_ms: Sample,
    last_garp_ms: Sample,
    /// Of the first advert of each router, after it might.
    advert_ms: Sample,
    /// The worst of the adverts after the first ones.
    late_ms: Sample,
    /// Addresses that nobody announced.
    unannounced: usize,
    /// The kernel's own time for as many addresses.
    kernel_ms: Sample,
    /// From the first to the last of the old Active's last adverts: as far apart are the times at
    /// which the Backup may take over.
    spread_ms: Sample,
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let trials = options.trials(3, 1).min(5);
    let sizes: &[usize] = match options.pace {
        Pace::Full => &[1000, 5000],
        Pace::Quick => &[1000],
    };
    report.title("many at once: the Active is killed, at 100 ms");
    let plan = Plan { cap: Cap::Off, ..Plan::many(1000, INTERVAL) };
    both(report, "1000 routers", &plan, trials)?;
    for &size in sizes {
        let router = Router::with_addresses(size, INTERVAL);
        let plan = Plan { cap: Cap::Off, ..Plan::of(vec![router]) };
        both(report, &format!("{size} addresses"), &plan, trials)?;
    }
    Ok(())
}

fn both(report: &mut Report, of: &str, plan: &Plan, trials: usize) -> Result<()> {
    let gemel = measure(Product::Gemel, plan, trials)?;
    let keepalived = measure(Product::Keepalived, plan, trials)?;
    tell(report, of, &gemel, &keepalived);
    Ok(())
}

fn tell(report: &mut Report, of: &str, gemel: &Found, keepalived: &Found) {
    let name = |what: &str| format!("{of}: {what}");
    let pair = |pick: fn(&Found) -> Cell| [pick(gemel), pick(keepalived)];
    report.row(Row::asked(
        name("first announcement, ms after the first advert"),
        pair(|found| (&found.first_garp_ms).into()),
        "<= 2",
        Met::from(gemel.first_garp_ms.worst() <= 2.0),
    ));
    let kernel = gemel.kernel_ms.median().min(keepalived.kernel_ms.median());
    let limit = 1.2 * kernel + gemel.spread_ms.median();
    report.row(Row::asked(
        name("last address announced, ms after it"),
        pair(|found| (&found.last_garp_ms).into()),
        format!("<= {}, 1.2 x kernel + spread", short(limit)),
        Met::from(gemel.last_garp_ms.median() <= limit && gemel.unannounced == 0),
    ));
    report.row(Row::told(
        name("spread of the old Active's last adverts, ms"),
        pair(|found| (&found.spread_ms).into()),
    ));
    report.row(Row::told(
        name("the kernel's own time to add them, ms"),
        pair(|found| (&found.kernel_ms).into()),
    ));
    report.row(Row::told(
        name("not announced within 10 s"),
        pair(|found| Cell::count(found.unannounced)),
    ));
    report.row(Row::told(
        name("first adverts, ms after they might"),
        pair(|found| (&found.advert_ms).into()),
    ));
    report.row(Row::asked(
        name("worst advert meanwhile, ms late"),
        pair(|found| (&found.late_ms).into()),
        "on time: <= 10",
        Met::from(gemel.late_ms.worst() <= 10.0),
    ));
}

fn measure(product: Product, plan: &Plan, trials: usize) -> Result<Found> {
    let mut found = Found::default();
    for _ in 0..trials {
        let taken = takeover(product, plan, &mut found);
        taken.with_context(|| format!("{} takes over many", product.name()))?;
    }
    Ok(found)
}

fn takeover(product: Product, plan: &Plan, found: &mut Found) -> Result<()> {
    let mut site = Site::new(product, plan.clone())?;
    let all: BTreeSet<Ipv4Addr> = plan
        .routers
        .iter()
        .flat_map(|router| router.addresses.iter().chain(&router.unadvertised).copied())
        .collect();
    for _ in 0..KERNEL_TRIALS {
        found.kernel_ms.add(kernel_time(&site)?.as_secs_f64() * 1e3);
    }
    site.start()?;
    pass(CALM)?;
    let from = now_ns();
    // Some adverts of the old Active, to reckon from.
    pass(3 * INTERVAL)?;
    site.lb1.kill()?;
    let mut missing = all.clone();
    // Whoever is left unannounced is counted, not an error.
    let waited = site.ear.wait_for(from, ANNOUNCED, "all announcements", |heard| {
        if let (Side::Lb2, Said::Garp(address)) = (heard.side, heard.said) {
            missing.remove(&address);
        }
        missing.is_empty()
    });
    if waited.is_ok() {
        pass(10 * INTERVAL)?;
    }
    found.unannounced += missing.len();
    ensure!(site.ear.lost()? == 0, "the witness lost packets: is another load running?");
    let heard = site.ear.since(from);
    judge(&heard, plan, &all, found)
}

/// How long the kernel takes to add all addresses where they will be taken; they are removed again.
///
/// With real-time priority, as the daemons have it.
fn kernel_time(site: &Site) -> Result<Duration> {
    // Not the whole site: its witness cannot be shared between threads.
    let plan = &site.plan;
    site.lb2.host.enter(|| {
        sys::real_time(REAL_TIME).context("real-time priority")?;
        let mut took = Duration::ZERO;
        for link in 0..plan.links() {
            let hand = Hand::open_here(&format!("eth{link}"))?;
            let on_it = plan.routers.iter().filter(|router| router.link == link);
            let addresses: Vec<Ipv4Addr> = on_it
                .flat_map(|router| router.addresses.iter().chain(&router.unadvertised).copied())
                .collect();
            took += hand.apply(Change::Add, &addresses)?;
            hand.apply(Change::Remove, &addresses)?;
        }
        Ok(took)
    })
}

fn judge(heard: &[Heard], plan: &Plan, all: &BTreeSet<Ipv4Addr>, found: &mut Found) -> Result<()> {
    let waits: BTreeMap<(u8, u8), u64> = plan
        .routers
        .iter()
        .map(|one| ((one.link as u8, one.vrid), one.active_down_interval().as_nanos() as u64))
        .collect();
    let (mut last, mut announced) = (BTreeMap::new(), BTreeMap::new());
    found.spread_ms.extend(spread(heard));
    let mut first_advert = None;
    let mut late_ms = 0.0_f64;
    for one in heard {
        let at = one.at_ns;
        match (one.side, one.said, one.router()) {
            (side, Said::Advert { .. }, Some(router)) => {
                let before = last.insert(router, (side, at));
                if side == Side::Lb1 {
                    continue;
                }
                first_advert = first_advert.or(Some(at));
                let since = |before: u64| at.saturating_sub(before) as f64 / 1e6;
                match before {
                    Some((Side::Lb1, before)) => {
                        let wait = waits.get(&router).copied().unwrap_or_default();
                        found.advert_ms.add(since(before) - wait as f64 / 1e6);
                    }
                    Some((Side::Lb2, before)) => {
                        late_ms = late_ms.max(since(before) - INTERVAL.as_secs_f64() * 1e3);
                    }
                    None => {}
                }
            }
            (Side::Lb2, Said::Garp(address), _) if all.contains(&address) => {
                announced.entry(address).or_insert(at);
            }
            _ => {}
        }
    }
    let first_advert = first_advert.context("the Backup never advertised")?;
    let after = |at: Option<&u64>| at.map(|at| (*at as f64 - first_advert as f64) / 1e6);
    found.first_garp_ms.extend(after(announced.values().min()));
    found.last_garp_ms.extend(after(announced.values().max()));
    found.late_ms.add(late_ms);
    Ok(())
}

/// From the first to the last of the last adverts of lb1.
fn spread(heard: &[Heard]) -> Option<f64> {
    let own = heard.iter().filter(|one| one.claims(Side::Lb1));
    let last: BTreeMap<_, u64> = own.map(|one| (one.router(), one.at_ns)).collect();
    Some((last.values().max()? - last.values().min()?) as f64 / 1e6)
}

/// Below the daemons, above everything else.
const REAL_TIME: i32 = 20;

/// The kernel is timed so often before each takeover.
const KERNEL_TRIALS: usize = 3;

const INTERVAL: Duration = Duration::from_millis(100);

/// After a start, until its announcements are over.
const CALM: Duration = Duration::from_secs(2);

/// Within this every address should have been announced.
const ANNOUNCED: Duration = Duration::from_secs(10);
