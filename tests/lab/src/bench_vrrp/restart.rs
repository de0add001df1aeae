//! Part `restart`: the Active ends by SIGUSR2, "I shall be back", and starts again with the same
//! file; and what happens when it comes back too late.
//!
//! keepalived has no such signal: it ends by SIGTERM, as its unit does on a restart.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::ear::{Heard, Said};
use super::options::Options;
use super::plan::{Plan, Preempt, Router, address};
use super::report::{Cell, Met, Report, Row};
use super::sample::Sample;
use super::site::{Site, pass};
use crate::peers::{Product, Side};
use crate::prober::Prober;
use crate::witness::now_ns;

/// What was measured of one product.
#[derive(Debug, Default)]
struct Found {
    lost: Sample,
    /// Restarts after which lb2 had been Active.
    role_changes: usize,
    /// Restarts in which more than one MAC answered for the address.
    two_answered: usize,
    pause_ms: Sample,
    late: usize,
    late_taken: usize,
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    report.title("the Active is restarted with the same file, at 100 ms");
    let gemel = measure(Product::Gemel, options)?;
    let keepalived = measure(Product::Keepalived, options)?;
    let trials = gemel.lost.count();
    let pair = |pick: fn(&Found) -> Cell| [pick(&gemel), pick(&keepalived)];
    let none = |count: usize| Met::from(count == 0);
    report.row(Row::asked(
        "echoes lost",
        pair(|found| (&found.lost).into()),
        format!("0, {trials} of {trials}"),
        Met::from(gemel.lost.worst() == 0.0),
    ));
    report.row(Row::asked(
        "restarts with a change of role",
        pair(|found| Cell::count(found.role_changes)),
        "0",
        none(gemel.role_changes),
    ));
    report.row(Row::asked(
        "restarts in which two hosts answered ARP",
        pair(|found| Cell::count(found.two_answered)),
        "0",
        none(gemel.two_answered),
    ));
    report.row(Row::told(
        "from the last advert to the next, ms",
        pair(|found| (&found.pause_ms).into()),
    ));
    report.row(Row::asked(
        format!("back after {} ms, preempt = false: taken", AWAY.as_millis()),
        pair(|found| Cell::words(format!("{} of {}", found.late_taken, found.late))),
        "0: it comes back as Backup",
        none(gemel.late_taken),
    ));
    Ok(())
}

fn measure(product: Product, options: &Options) -> Result<Found> {
    let mut found = Found::default();
    let (full, late) = match product {
        Product::Gemel => (50, 5),
        Product::Keepalived => (10, 5),
    };
    in_time(product, options.trials(full, 5), &mut found)
        .with_context(|| format!("restart {}", product.name()))?;
    too_late(product, options.trials(late, 1).min(late), &mut found)
        .with_context(|| format!("restart {} too late", product.name()))?;
    Ok(found)
}

fn in_time(product: Product, trials: usize, found: &mut Found) -> Result<()> {
    let mut site = Site::new(product, Plan::of(vec![Router::first(INTERVAL)]))?;
    site.start()?;
    let _prober = Prober::start(&site.prober, "eth0", vip(), PROBE_PERIOD)?;
    for trial in 0..trials {
        site.ear.forget();
        site.await_all(Side::Lb1)?;
        let client = site.echoes()?;
        // Another phase of the advert interval each time.
        pass(Duration::from_millis(1 + (trial as u64 * 37) % 100))?;
        let from = now_ns();
        site.lb1.stop(ending(product))?;
        site.lb1.start()?;
        let started = now_ns();
        site.await_all(Side::Lb1)?;
        pass(site.plan.active_down_interval() + INTERVAL)?;
        found.lost.add(client.finish()?.lost as f64);
        let heard = site.ear.since(from);
        let taken = heard.iter().any(|heard| heard.claims(Side::Lb2));
        found.role_changes += usize::from(taken);
        found.two_answered += usize::from(answering(&heard).len() > 1);
        found.pause_ms.extend(pause(&site.ear.since(0), started));
        if taken {
            site.settle()?;
        }
    }
    Ok(())
}

/// Away for longer than lb2 waits, and no preemption: lb2 keeps the role.
fn too_late(product: Product, trials: usize, found: &mut Found) -> Result<()> {
    for _ in 0..trials {
        let router = Router::first(INTERVAL);
        let plan = Plan { preempt: Preempt::No, ..Plan::of(vec![router]) };
        let mut site = Site::new(product, plan)?;
        site.start()?;
        site.lb1.stop(ending(product))?;
        pass(AWAY)?;
        site.await_all(Side::Lb2)?;
        let from = now_ns();
        site.lb1.start()?;
        site.lb1.await_listening()?;
        site.settle()?;
        let heard = site.ear.since(from);
        let taken = heard.iter().any(|heard| heard.claims(Side::Lb1) || heard.announces(Side::Lb1));
        found.late += 1;
        found.late_taken += usize::from(taken);
    }
    Ok(())
}

fn ending(product: Product) -> Signal {
    match product {
        Product::Gemel => Signal::SIGUSR2,
        Product::Keepalived => Signal::SIGTERM,
    }
}

/// Who answered for the address.
fn answering(heard: &[Heard]) -> BTreeSet<&'static str> {
    let answers = heard.iter().filter(|heard| heard.said == Said::Answer(vip()));
    answers.map(|heard| heard.side.name()).collect()
}

/// From lb1's last advert before it started again to its first after.
fn pause(heard: &[Heard], started: u64) -> Option<f64> {
    let own: Vec<u64> =
        heard.iter().filter(|heard| heard.claims(Side::Lb1)).map(|heard| heard.at_ns).collect();
    let last = own.iter().rfind(|at_ns| **at_ns < started)?;
    let first = own.iter().find(|at_ns| **at_ns >= started)?;
    Some((first - last) as f64 / 1e6)
}

fn vip() -> Ipv4Addr {
    address(0, 0)
}

const INTERVAL: Duration = Duration::from_millis(100);

/// How often the prober asks who has the address.
const PROBE_PERIOD: Duration = Duration::from_millis(5);

/// More than the Active_Down_Interval, and more than a resumption may be old.
const AWAY: Duration = Duration::from_millis(1500);
