//! `lab bench vrrp`: what VRRP by gemel costs and how fast it is, beside keepalived in the same run.
//!
//! Six parts, each a file here: `takeover`, `cost`, `many`, `bad`, `repair`, `restart`. All stand on
//! a `site::Site` a product: two directors in namespaces, a witness with the kernel's timestamps,
//! a client. Each part prints a table with what is asked beside it; nothing fails because a machine
//! is slow or a figure is missed, only because something cannot be measured at all.

use std::time::Instant;

use anyhow::{Result, ensure};

mod bad;
mod busy;
mod cost;
mod ear;
mod feeder;
mod flood;
mod frames;
mod many;
mod options;
mod plan;
mod repair;
mod report;
mod restart;
mod rtnetlink;
mod sample;
mod site;
mod steady;
mod takeover;
mod usage;

use options::{Options, Part};
use report::Report;

/// Runs the parts named by `words`, all of them by default.
///
/// Words: `--part NAME` (repeatedly), `--quick`, `--trials N`. An error if they are others, or if
/// something could not be measured.
pub fn bench_vrrp(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    let mut report = Report::default();
    let mut failed = Vec::new();
    for part in &options.parts {
        let began = Instant::now();
        let measure = match part {
            Part::Takeover => takeover::run,
            Part::Cost => cost::run,
            Part::Many => many::run,
            Part::Bad => bad::run,
            Part::Repair => repair::run,
            Part::Restart => restart::run,
        };
        // The others can be measured all the same.
        if let Err(error) = measure(&options, &mut report) {
            report.note(&format!("NOT MEASURED to its end: {error:#}"));
            failed.push(part.name());
        }
        report.end(part.name(), began.elapsed().as_secs_f64())?;
    }
    report.finish()?;
    ensure!(failed.is_empty(), "not measured to their ends: {}", failed.join(", "));
    Ok(())
}
