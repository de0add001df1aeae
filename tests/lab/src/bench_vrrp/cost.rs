//! Part `cost`: processor time of an advert sent and of one received, memory, and how steady the
//! interval is, for one virtual router up to a thousand.
//!
//! The processor time is that of all threads of the daemon. On veth the sender's time has the whole
//! way in it, through the bridge into the receiver's socket; that is so for both products. The
//! witness is not there meanwhile: its share would be counted as the sender's.

use std::time::Duration;

use anyhow::{Context, Result};

use super::options::{Options, Pace};
use super::plan::Plan;
use super::report::{Cell, Met, Report, Row};
use super::sample::{Sample, short};
use super::site::{Site, pass};
use super::usage::{Usage, packets, resident_mb};
use crate::peers::{Product, Side};
use crate::witness::now_ns;

/// What was measured of one product.
#[derive(Debug)]
struct Found {
    sent_us: f64,
    received_us: f64,
    active_mb: f64,
    backup_mb: f64,
    /// Of each interval from the configured one.
    deviation_us: Sample,
    /// Adverts sent and heard of what was expected.
    heard_percent: f64,
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let counts: &[usize] = match options.pace {
        Pace::Full => &[1, 100, 250, 1000],
        Pace::Quick => &[100, 1000],
    };
    let intervals: &[u64] = match options.pace {
        Pace::Full => &[1000, 100],
        Pace::Quick => &[100],
    };
    for interval in intervals.iter().map(|&millis| Duration::from_millis(millis)) {
        report.title(&format!("cost at an interval of {} ms", interval.as_millis()));
        for &count in counts {
            let gemel = measure(Product::Gemel, count, interval, options)?;
            let keepalived = measure(Product::Keepalived, count, interval, options)?;
            tell(report, count, &gemel, &keepalived);
        }
    }
    Ok(())
}

fn tell(report: &mut Report, count: usize, gemel: &Found, keepalived: &Found) {
    let name = |what: &str| format!("{count} routers: {what}");
    let values = |pick: fn(&Found) -> f64| [pick(gemel), pick(keepalived)];
    for (what, pick) in [
        ("us per advert sent", (|found| found.sent_us) as fn(&Found) -> f64),
        ("us per advert received", |found| found.received_us),
    ] {
        let [own, other] = values(pick);
        let (asked, met) = if count == 1 {
            (format!("<= {}", short(other)), own <= other)
        } else {
            (format!("<= {}, half", short(other / 2.0)), own <= other / 2.0)
        };
        report.row(Row::asked(name(what), [own, other].map(Cell::value), asked, met));
    }
    let limit = if count == 1 { 16.0 } else { 40.0 };
    let largest = |found: &Found| found.active_mb.max(found.backup_mb);
    report.row(Row::asked(
        name("resident, MB, Active or Backup"),
        [gemel, keepalived].map(|found| Cell::value(largest(found))),
        format!("<= {limit}"),
        largest(gemel) <= limit,
    ));
    let deviation = |found: &Found| Cell::from(&found.deviation_us);
    let (own, other) = (gemel.deviation_us.high(), keepalived.deviation_us.high());
    report.row(Row::asked(
        name("deviation of the interval, us"),
        [gemel, keepalived].map(deviation),
        format!("p99 <= {}, a third", short(other / 3.0)),
        Met::from(own <= other / 3.0),
    ));
    report.row(Row::told(
        name("adverts heard, % of expected"),
        values(|found| found.heard_percent).map(Cell::value),
    ));
}

fn measure(product: Product, count: usize, interval: Duration, options: &Options) -> Result<Found> {
    let what = || format!("{count} routers of {}", product.name());
    let mut site = Site::new(product, Plan::many(count, interval))?;
    site.start().with_context(what)?;
    let (active, backup) = (site.lb1.daemon()?.pid(), site.lb2.daemon()?.pid());

    site.ear.pause()?;
    let window = options.lasts(cpu_window(count, interval), QUICK);
    let sent = packets(&site.lb1.host)?.0;
    let before = (Usage::of(active)?, Usage::of(backup)?);
    pass(window)?;
    let after = (Usage::of(active)?, Usage::of(backup)?);
    let sent = (packets(&site.lb1.host)?.0 - sent) as f64;
    site.ear.resume()?;

    let from = now_ns();
    let steady = options.lasts(cpu_window(count, interval), QUICK);
    pass(steady)?;
    let heard = site.ear.since(from);
    let lost = site.ear.lost()?;
    anyhow::ensure!(lost == 0, "the witness lost {lost} packets: is another load running?");
    let adverts: Vec<_> = heard.iter().filter(|heard| heard.claims(Side::Lb1)).collect();
    let mut last = std::collections::BTreeMap::new();
    let mut deviation_us = Sample::default();
    for advert in &adverts {
        if let Some(before) = last.insert(advert.router(), advert.at_ns) {
            let gap = (advert.at_ns - before) as f64 / 1e3;
            deviation_us.add((gap - interval.as_secs_f64() * 1e6).abs());
        }
    }
    let expected = count as f64 * steady.as_secs_f64() / interval.as_secs_f64();
    Ok(Found {
        sent_us: after.0.busy_us_since(before.0) / sent,
        received_us: after.1.busy_us_since(before.1) / sent,
        active_mb: resident_mb(active)?,
        backup_mb: resident_mb(backup)?,
        deviation_us,
        heard_percent: adverts.len() as f64 / expected * 100.0,
    })
}

/// Long enough for some hundred adverts; where one router sends one a second, for twenty.
fn cpu_window(count: usize, interval: Duration) -> Duration {
    match (count, interval.as_secs()) {
        (1, 1..) => Duration::from_secs(20),
        _ => Duration::from_secs(6),
    }
}

const QUICK: Duration = Duration::from_secs(3);
