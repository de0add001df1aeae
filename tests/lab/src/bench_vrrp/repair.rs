//! Part `repair`: addresses removed by hand, and how soon they are back.
//!
//! The time counts from before the hand asks the kernel until a monitor of its own hears that the
//! address is there; the announcement by the witness's clock.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::options::Options;
use super::plan::{PER_LINK, Plan, Router, address};
use super::report::{Cell, Met, Report, Row};
use super::rtnetlink::{Change, Hand, Monitor};
use super::sample::Sample;
use super::site::{Site, pass};
use crate::peers::{Product, Side};
use crate::witness::now_ns;

/// What was measured of one product.
#[derive(Debug, Default)]
struct Found {
    back_ms: Sample,
    garp_ms: Sample,
    echoes_lost: Sample,
    role_changes: usize,
    many_ms: Sample,
    many_role_changes: usize,
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    report.title("addresses removed by hand from the Active, at 100 ms");
    let gemel = measure(Product::Gemel, options)?;
    let keepalived = measure(Product::Keepalived, options)?;
    let pair = |pick: fn(&Found) -> Cell| [pick(&gemel), pick(&keepalived)];
    report.row(Row::asked(
        "one: back after, ms",
        pair(|found| (&found.back_ms).into()),
        "p99 <= 10 of 300",
        Met::from(gemel.back_ms.high() <= 10.0),
    ));
    report.row(Row::asked(
        "one: announced after, ms",
        pair(|found| (&found.garp_ms).into()),
        "announced",
        Met::from(gemel.garp_ms.worst() < SOON.as_secs_f64() * 1e3),
    ));
    report.row(Row::told("one: echoes lost", pair(|found| (&found.echoes_lost).into())));
    report.row(Row::asked(
        "one: changes of role, in all",
        pair(|found| Cell::count(found.role_changes)),
        "0",
        Met::from(gemel.role_changes == 0),
    ));
    report.row(Row::asked(
        "a thousand: all back after, ms",
        pair(|found| (&found.many_ms).into()),
        "<= 200",
        Met::from(gemel.many_ms.worst() <= 200.0),
    ));
    report.row(Row::asked(
        "a thousand: changes of role, in all",
        pair(|found| Cell::count(found.many_role_changes)),
        "0",
        Met::from(gemel.many_role_changes == 0),
    ));
    report.note("an address that was not back within 3 s counts as 3000 ms");
    Ok(())
}

fn measure(product: Product, options: &Options) -> Result<Found> {
    let mut found = Found::default();
    one(product, options, &mut found).with_context(|| format!("one of {}", product.name()))?;
    many(product, options, &mut found)
        .with_context(|| format!("a thousand of {}", product.name()))?;
    Ok(found)
}

/// One address of one router, again and again.
fn one(product: Product, options: &Options, found: &mut Found) -> Result<()> {
    let mut site = Site::new(product, Plan::of(vec![Router::first(INTERVAL)]))?;
    site.start()?;
    let hand = Hand::open(&site.lb1.host, "eth0")?;
    let monitor = Monitor::open(&site.lb1.host)?;
    let removed = address(0, 0);
    let trials = match product {
        Product::Gemel => options.trials(300, 60),
        Product::Keepalived => options.trials(60, 10),
    };
    for trial in 0..trials {
        let client = site.echoes()?;
        let from = now_ns();
        let back = remove_and_await(&hand, &monitor, &[removed])?;
        found.back_ms.add(millis(back));
        let garp =
            site.ear.wait_for(from, SOON, "an announcement", |heard| heard.announces(Side::Lb1));
        found.garp_ms.add(match garp {
            Ok(garp) => (garp.at_ns - from) as f64 / 1e6,
            Err(_) => millis(SOON),
        });
        // Another phase of the advert interval each time.
        pass(Duration::from_millis(20 + (trial as u64 * 37) % 100))?;
        found.echoes_lost.add(client.finish()?.lost as f64);
        found.role_changes += settle_roles(&mut site, from)?;
    }
    Ok(())
}

/// A thousand addresses of four routers.
fn many(product: Product, options: &Options, found: &mut Found) -> Result<()> {
    let all: Vec<Ipv4Addr> = (0..4 * PER_LINK).map(|number| address(0, number)).collect();
    let routers = all.chunks(PER_LINK).zip(1..).map(|(addresses, vrid)| Router {
        vrid,
        addresses: addresses.to_vec(),
        ..Router::first(INTERVAL)
    });
    let mut site = Site::new(product, Plan::of(routers.collect()))?;
    site.start()?;
    pass(ANNOUNCED)?;
    let hand = Hand::open(&site.lb1.host, "eth0")?;
    for _ in 0..options.trials(10, 2).min(10) {
        let monitor = Monitor::open(&site.lb1.host)?;
        let from = now_ns();
        found.many_ms.add(millis(remove_and_await(&hand, &monitor, &all)?));
        pass(ANNOUNCED)?;
        found.many_role_changes += settle_roles(&mut site, from)?;
    }
    Ok(())
}

/// How long all of them were away, from before the first was removed; at most [`SOON`].
fn remove_and_await(hand: &Hand, monitor: &Monitor, addresses: &[Ipv4Addr]) -> Result<Duration> {
    let began = Instant::now();
    let deadline = began + SOON;
    hand.apply(Change::Remove, addresses)?;
    let (mut removed, mut missing) = (0, BTreeSet::new());
    loop {
        let changes = monitor.next(deadline)?;
        if changes.is_empty() {
            return Ok(SOON);
        }
        for (change, address) in changes {
            match change {
                Change::Remove => {
                    removed += 1;
                    missing.insert(address);
                }
                Change::Add => {
                    missing.remove(&address);
                }
            }
        }
        if removed >= addresses.len() && missing.is_empty() {
            return Ok(began.elapsed());
        }
    }
}

/// Changes of role since then; if there were any, returns once lb1 is Active again.
fn settle_roles(site: &mut Site, from: u64) -> Result<usize> {
    let heard = site.ear.since(from);
    let claims: Vec<Side> =
        heard.iter().filter(|heard| heard.claims(heard.side)).map(|heard| heard.side).collect();
    let changes = claims.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if changes > 0 {
        site.settle()?;
        site.await_all(Side::Lb1)?;
    }
    site.ear.forget();
    Ok(changes)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

const INTERVAL: Duration = Duration::from_millis(100);

/// What is not back by then will not come by itself.
const SOON: Duration = Duration::from_secs(3);

/// A thousand announcements a second, and some.
const ANNOUNCED: Duration = Duration::from_millis(1500);
