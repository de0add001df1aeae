//! Part `bad`: packets that nobody should send, to both directors, rarely and as a flood.
//!
//! Each kind on our VRID and on one that nobody has, while a client asks the address for an echo
//! each millisecond. A role must not change, no advert be late, no echo be lost, the log not fill
//! and the processor stay free.

use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::json;

use super::flood::Flood;
use super::frames::{Flaw, Frame};
use super::options::Options;
use super::plan::{Plan, Router};
use super::report::{Cell, Met, Report, Row};
use super::sample::short;
use super::site::{Site, pass};
use super::usage::Usage;
use crate::peers::{Product, Side};
use crate::prober::addresses_of;
use crate::witness::now_ns;

/// What one kind of packet did to a pair.
#[derive(Clone, Copy, Debug)]
struct Harm {
    role_changes: usize,
    late_ms: f64,
    lost_echoes: usize,
    log_bytes: usize,
    cpu_percent: f64,
}

/// One kind of packet.
#[derive(Clone, Copy, Debug)]
struct Case {
    flaw: Flaw,
    vrid: u8,
    per_second: u32,
    lasts: Duration,
}

pub(super) fn run(options: &Options, report: &mut Report) -> Result<()> {
    report.title("bad packets to both directors, at 100 ms; worst of both: role changes, ms late, echoes lost");
    let mut gemel = started(Product::Gemel)?;
    let mut keepalived = started(Product::Keepalived)?;
    for per_second in [FEW, MANY] {
        for vrid in [OURS, FOREIGN] {
            for flaw in Flaw::ALL {
                let case = Case { flaw, vrid, per_second, lasts: options.lasts(FULL, QUICK) };
                let [gemel, keepalived] = both(&mut gemel, &mut keepalived, case)?;
                let whose = if vrid == OURS { "our" } else { "a foreign" };
                report.row(Row::asked(
                    format!("{} on {whose} VRID, {per_second}/s", flaw.name()),
                    [gemel.cell(), keepalived.cell()],
                    "0, <=10 ms, 0, <100 KB, <30 %",
                    Met::from(gemel.is_none()),
                ));
            }
        }
    }
    Ok(())
}

/// Rare packets take no processor time, so both pairs take them at once; floods in turn.
fn both(gemel: &mut Site, keepalived: &mut Site, case: Case) -> Result<[Harm; 2]> {
    if case.per_second == MANY {
        return Ok([harm(gemel, case)?, harm(keepalived, case)?]);
    }
    thread::scope(|scope| {
        let other = scope.spawn(|| harm(keepalived, case));
        let own = harm(gemel, case)?;
        Ok([own, other.join().map_err(|_| anyhow!("a measurement died"))??])
    })
}

fn started(product: Product) -> Result<Site> {
    let mut site = Site::new(product, Plan::of(vec![Router::first(INTERVAL)]))?;
    site.start()?;
    Ok(site)
}

fn harm(site: &mut Site, case: Case) -> Result<Harm> {
    let Case { flaw, vrid, per_second, lasts } = case;
    let (mac, source) = site.stranger.enter(|| addresses_of("eth0"))?;
    let addresses = site.plan.routers.iter().flat_map(|one| one.addresses.clone()).collect();
    let frame = Frame { mac, source, vrid, priority: 0, interval: INTERVAL, addresses };
    let pids = [site.lb1.daemon()?.pid(), site.lb2.daemon()?.pid()];
    let log_bytes = site.lb1.log_bytes()? + site.lb2.log_bytes()?;
    let client = site.echoes()?;
    let from = now_ns();
    let before = [Usage::of(pids[0])?, Usage::of(pids[1])?];
    let flood = Flood::start(&site.stranger, frame.bad(flaw), per_second)?;
    pass(lasts)?;
    flood.finish()?;
    let after = [Usage::of(pids[0])?, Usage::of(pids[1])?];
    let until = now_ns();
    pass(AFTERMATH)?;
    let lost_echoes = client.finish()?.lost;
    let (role_changes, late_ms) = adverts(site, from, until);
    let percent = |side: usize| after[side].percent_since(before[side]);
    let harm = Harm {
        role_changes,
        late_ms,
        lost_echoes,
        log_bytes: site.lb1.log_bytes()? + site.lb2.log_bytes()? - log_bytes,
        cpu_percent: percent(0).max(percent(1)),
    };
    if harm.role_changes > 0 {
        site.settle()?;
        site.await_all(Side::Lb1)?;
    }
    site.ear.forget();
    Ok(harm)
}

/// How often the advertising side changed, and by how much the Active's worst advert was late.
fn adverts(site: &mut Site, from: u64, until: u64) -> (usize, f64) {
    let heard = site.ear.since(from);
    let sides: Vec<Side> =
        heard.iter().filter(|heard| heard.claims(heard.side)).map(|heard| heard.side).collect();
    let mut changes = sides.windows(2).filter(|pair| pair[0] != pair[1]).count();
    changes += usize::from(sides.first() == Some(&Side::Lb2));
    let mut last = from;
    let mut worst_ns = 0;
    let active = heard.iter().filter(|heard| heard.claims(Side::Lb1)).map(|heard| heard.at_ns);
    for at_ns in active.take_while(|at_ns| *at_ns < until).chain([until]) {
        worst_ns = worst_ns.max(at_ns.saturating_sub(last));
        last = at_ns;
    }
    let interval_ms = INTERVAL.as_secs_f64() * 1e3;
    (changes, (worst_ns as f64 / 1e6 - interval_ms).max(0.0))
}

impl Harm {
    /// As asked: nothing to speak of.
    fn is_none(&self) -> bool {
        self.role_changes == 0
            && self.late_ms <= 10.0
            && self.lost_echoes == 0
            && self.log_bytes < 100_000
            && self.cpu_percent < 30.0
    }

    fn cell(&self) -> Cell {
        let Self { role_changes, late_ms, lost_echoes, log_bytes, cpu_percent } = self;
        Cell::new(
            format!(
                "{role_changes}, {} ms, {lost_echoes}, {} KB, {} %",
                short(*late_ms),
                short(*log_bytes as f64 / 1e3),
                short(*cpu_percent)
            ),
            json!({
                "role_changes": role_changes, "late_ms": late_ms, "lost_echoes": lost_echoes,
                "log_bytes": log_bytes, "cpu_percent": cpu_percent,
            }),
        )
    }
}

const INTERVAL: Duration = Duration::from_millis(100);

/// The VRID of the pair, and one that nobody has.
const OURS: u8 = 1;
const FOREIGN: u8 = 77;

/// Packets a second.
const FEW: u32 = 3;
const MANY: u32 = 10_000;

/// How long each kind is sent.
const FULL: Duration = Duration::from_secs(10);
const QUICK: Duration = Duration::from_secs(1);

/// Longer than a Backup waits: what the packets did shows by then.
const AFTERMATH: Duration = Duration::from_millis(450);
