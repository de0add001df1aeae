//! `lab bench failover`: how long a failover takes, for a pair of gemel and for a pair of
//! keepalived, trial by trial in turn.
//!
//! Fault A: all processes of the Active are killed and its link is cut at the same moment. By the
//! witness's kernel timestamps: from its last advert to the first advert, and to the first
//! gratuitous ARP, of the new Active, less the Active_Down_Interval that the protocol must wait.
//! Fault B: the Active gets SIGTERM; what a client with one echo per millisecond loses.
//!
//! The proof that no wakeup of gemel's engine thread lies on the takeover path: in some trials of
//! fault A a tracer holds the new Active's engine thread stopped from before the fault until the
//! gratuitous ARP is on the wire. It cannot run, and its count of runs shows that it did not; if
//! the takeover comes in time nevertheless, it does not need that thread.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;

use crate::freeze::Frozen;
use crate::pair::{CONVERGENCE, Pair};
use crate::peers::{Adverts, INTERVAL, Logging, Product, Side};
use crate::witness::now_ns;

mod table;

use table::Sample;

/// Runs the bench and prints its table. Words: `--trials N`, 30 by default, of each fault.
///
/// An error also when gemel's takeover needs its engine thread.
pub fn bench_failover(words: &[&str]) -> Result<()> {
    let trials = match words {
        [] => TRIALS,
        ["--trials", number] => number.parse().context("--trials needs a number")?,
        [..] => bail!("usage: lab bench failover [--trials N]"),
    };
    ensure!(trials > 0, "no trials, no figures");
    let mut gemel = Bench::new(Product::Gemel)?;
    let mut keepalived = Bench::new(Product::Keepalived)?;
    for trial in 0..trials {
        for bench in [&mut gemel, &mut keepalived] {
            let product = bench.product.name();
            bench.trial(trial).with_context(|| format!("trial {trial} of {product}"))?;
        }
        eprintln!("trial {} of {trials} done", trial + 1);
    }
    for trial in 0..FROZEN_TRIALS {
        gemel.frozen_trial(trial).with_context(|| format!("trial {trial} with a frozen engine"))?;
    }
    print!("{}", table::render(&gemel.figures, &keepalived.figures, &keepalived_version()?));
    println!(
        "gemel's engine thread was stopped by a tracer in {FROZEN_TRIALS} takeovers and ran in \
         none: it is not on the path"
    );
    Ok(())
}

/// What was measured of one pair.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// A: first advert, in ms after the Active_Down_Interval.
    pub(crate) crash_advert: Sample,
    /// A: first gratuitous ARP, likewise.
    pub(crate) crash_garp: Sample,
    /// A with the engine frozen, likewise: the gratuitous ARP.
    pub(crate) frozen_garp: Sample,
    /// B: echoes lost at the release.
    pub(crate) release_lost: Sample,
    /// Echoes lost when the old Active returns and takes its role back.
    pub(crate) return_lost: Sample,
}

struct Bench {
    product: Product,
    pair: Pair,
    figures: Figures,
}

/// When the new Active spoke, in ms after it might.
struct Takeover {
    advert_ms: f64,
    garp_ms: f64,
}

impl Bench {
    fn new(product: Product) -> Result<Self> {
        let mut pair = Pair::logging([product; 2], Adverts::Multicast, Logging::Quiet)?;
        pair.start().with_context(|| format!("start a pair of {}", product.name()))?;
        Ok(Self { product, pair, figures: Figures::default() })
    }

    fn trial(&mut self, trial: u32) -> Result<()> {
        let Takeover { advert_ms, garp_ms } = self.crash(trial)?;
        self.figures.crash_advert.add(advert_ms);
        self.figures.crash_garp.add(garp_ms);
        self.restore()?;
        self.release(trial)?;
        self.pair.witness.forget_before(now_ns());
        Ok(())
    }

    /// A crash that the new Active's engine thread sleeps through.
    fn frozen_trial(&mut self, trial: u32) -> Result<()> {
        let engine = self.pair.lb2.daemon()?.thread(ENGINE_THREAD)?;
        let frozen = Frozen::freeze(engine)?;
        let runs = frozen.runs()?;
        let takeover = self.crash(trial)?;
        ensure!(frozen.runs()? == runs, "the engine thread ran although it was stopped");
        drop(frozen);
        let late = Duration::from_secs_f64(takeover.garp_ms.max(0.0) / 1e3);
        ensure!(late < FROZEN_BOUND, "{late:?} late without the engine thread");
        self.figures.frozen_garp.add(takeover.garp_ms);
        self.restore()
    }

    /// Fault A.
    fn crash(&mut self, trial: u32) -> Result<Takeover> {
        let from = self.at_phase(trial)?;
        let crashed_at = now_ns();
        self.pair.crash_and_cut(Side::Lb1)?;
        let witness = &mut self.pair.witness;
        let advert = witness.advert_of("lb2", crashed_at, CONVERGENCE)?;
        let garp = witness.garp_of("lb2", crashed_at, CONVERGENCE)?;
        let heard = witness.since(from);
        let last = heard.iter().rfind(|event| event.claims_by("lb1"));
        let last = last.context("the old Active never advertised")?;
        let allowed_at = last.at_ns + Side::Lb2.active_down_interval().as_nanos() as u64;
        let late_ms = |at_ns: u64| (at_ns as f64 - allowed_at as f64) / 1e6;
        Ok(Takeover { advert_ms: late_ms(advert.at_ns), garp_ms: late_ms(garp.at_ns) })
    }

    /// Fault B, and the way back.
    fn release(&mut self, trial: u32) -> Result<()> {
        let client = self.pair.client()?;
        self.at_phase(trial)?;
        let stopped_at = now_ns();
        self.pair.lb1.stop(Signal::SIGTERM)?;
        self.pair.witness.garp_of("lb2", stopped_at, CONVERGENCE)?;
        self.pair.await_sole(Side::Lb2)?;
        self.figures.release_lost.add(client.finish()?.lost as f64);

        let client = self.pair.client()?;
        self.pair.start_lb1()?;
        self.figures.return_lost.add(client.finish()?.lost as f64);
        Ok(())
    }

    /// After a crash: as before it.
    fn restore(&mut self) -> Result<()> {
        self.pair.mend_clean(Side::Lb1)?;
        self.pair.start_lb1()
    }

    /// Waits for an advert of the Active and then some part of an interval, another one each
    /// trial, so that faults do not keep step with adverts. Returns from before that advert.
    fn at_phase(&mut self, trial: u32) -> Result<u64> {
        let from = now_ns();
        self.pair.witness.advert_of("lb1", from, CONVERGENCE)?;
        thread::sleep(INTERVAL * (trial * PHASE_STEP % 100) / 100);
        Ok(from)
    }
}

/// "keepalived 2.2.7", from the first line of what it says of itself: "Keepalived v2.2.7 (...)".
fn keepalived_version() -> Result<String> {
    let said = Command::new("keepalived").arg("--version").output().context("run keepalived")?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let version = said.split_whitespace().nth(1).context("keepalived tells no version")?;
    Ok(format!("keepalived {}", version.trim_start_matches('v')))
}

/// Of each fault and product, unless told otherwise.
const TRIALS: u32 = 30;

/// How many takeovers are done with the engine thread stopped.
const FROZEN_TRIALS: u32 = 5;

/// A takeover that waits for the frozen thread never comes; this only has to be less than never,
/// and more than the machine's worst hiccup.
const FROZEN_BOUND: Duration = Duration::from_millis(50);

/// Hundredths of an interval; no divisor of 100, so that the phases spread.
const PHASE_STEP: u32 = 37;

/// What gemel calls its engine thread.
const ENGINE_THREAD: &str = "gemel-engine";
