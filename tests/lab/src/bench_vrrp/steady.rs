//! The other half of part `takeover`: a pair of which nothing is wanted but to go on.
//!
//! Three routers, one at each interval, of a real pair: the rate on the wire, adverts that did not
//! come, and adverts of the Backup, which are false takeovers. Both products at the same time.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::ear::Heard;
use super::options::Options;
use super::plan::{Plan, Router};
use super::report::{Cell, Met, Report, Row};
use super::sample::short;
use super::site::{Site, pass};
use super::takeover::Load;
use crate::peers::{Product, Side};
use crate::witness::now_ns;

/// One router over a steady time.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Of the configured rate: too many is positive.
    rate_error_percent: f64,
    /// Gaps of more than one and a half intervals.
    missed: usize,
    false_takeovers: usize,
    worst_late_ms: f64,
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    report.title("steady: three routers of a pair, rate on the wire");
    let mut sites = [Product::Gemel, Product::Keepalived].map(|product| {
        let mut site = Site::new(product, Plan::of(routers()))?;
        site.start()?;
        Ok::<_, anyhow::Error>(site)
    });
    let lasts = options.lasts(FULL, QUICK);
    for load in Load::BOTH {
        let _load = load.start()?;
        let from = now_ns();
        pass(lasts)?;
        let mut found = Vec::new();
        for site in &mut sites {
            let site = site.as_mut().map_err(|error| anyhow::anyhow!("{error:#}"))?;
            let heard = site.ear.since(from);
            ensure!(site.ear.lost()? == 0, "the witness lost packets: is another load running?");
            found.push(site.plan.routers.iter().map(|one| judge(&heard, one)).collect::<Vec<_>>());
        }
        for (number, interval) in INTERVALS.into_iter().enumerate() {
            tell(report, interval, load, [found[0][number], found[1][number]]);
        }
    }
    Ok(())
}

fn tell(report: &mut Report, interval: Duration, load: Load, [gemel, keepalived]: [Found; 2]) {
    let name = |what: &str| format!("{} ms, {}: {what}", interval.as_millis(), load.name());
    let pair = |pick: fn(Found) -> Cell| [pick(gemel), pick(keepalived)];
    report.row(Row::asked(
        name("rate, % off"),
        pair(|found| Cell::value(found.rate_error_percent)),
        "within 0.1",
        Met::from(gemel.rate_error_percent.abs() <= 0.1),
    ));
    report.row(Row::asked(
        name("missed adverts, false takeovers"),
        pair(|found| Cell::words(format!("{}, {}", found.missed, found.false_takeovers))),
        "0, 0",
        Met::from(gemel.missed == 0 && gemel.false_takeovers == 0),
    ));
    let worst = |found: Found| Cell::words(format!("{} ms", short(found.worst_late_ms)));
    report.row(Row::told(name("worst advert, late by"), pair(worst)));
}

fn judge(heard: &[Heard], router: &Router) -> Found {
    let of = |side: Side| {
        let about = Some((router.link as u8, router.vrid));
        let own = heard.iter().filter(move |one| one.claims(side) && one.router() == about);
        own.map(|one| one.at_ns).collect::<Vec<u64>>()
    };
    let active = of(Side::Lb1);
    let interval = router.interval.as_nanos() as f64;
    let gaps: Vec<f64> = active.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    Found {
        rate_error_percent: (interval / mean - 1.0) * 100.0,
        missed: gaps.iter().filter(|gap| **gap > 1.5 * interval).count(),
        false_takeovers: of(Side::Lb2).len(),
        worst_late_ms: gaps.iter().fold(0.0, |worst: f64, gap| worst.max(gap - interval)) / 1e6,
    }
}

fn routers() -> Vec<Router> {
    let numbered = INTERVALS.into_iter().enumerate();
    numbered.map(|(number, interval)| Router::numbered(number, interval)).collect()
}

const INTERVALS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_millis(100), Duration::from_millis(10)];

/// Thirty adverts at the slowest.
const FULL: Duration = Duration::from_secs(31);
const QUICK: Duration = Duration::from_secs(4);
