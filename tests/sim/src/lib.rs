//! Two whole directors in virtual time, on a lossy wire.
//!
//! The machines and messages are the daemon's own: per director one election, one coordinator, one
//! schedule and one reconciler, each owned by a loop; datagrams travel as the bytes that would go
//! on the wire. What is modelled is everything else: two wires, the kernel's table and addresses,
//! the real servers, the state file, the service manager, and the hops between the loops, each with
//! a seeded delay. Whole processes freeze, single loops, and whole machines, whose clocks then go on
//! or stand still. Sometimes a router that is not ours takes part, written apart (`foreign`).
//!
//! A run has one virtual router, of version 2 or 3 and of either family, or a group of two on two
//! wires or of both families, led by one or not, or two routers with opposite priorities.
//!
//! A run is at least ten virtual minutes and twenty faults. After every step the rules of design.md 9
//! are looked at (`judge`); the first broken one ends the run with one line that replays it:
//!
//! ```text
//! cargo run -p sim -- --seeds 1..1000       # all cores
//! cargo run -p sim -- --seed 4711 --trace   # one, with everything that happens
//! ```
//!
//! # Showing that it can fail
//!
//! In a copy of the tree, break one rule at a time and run a few hundred seeds:
//!
//! | rule | break it | caught by |
//! |---|---|---|
//! | Skew_Time | `Priority::skew` in vrrp-proto returns `Duration::ZERO`, or the same for all | `best-first` |
//! | the bound of a resume | `may_resume` in vrrp-proto asks only for `sent <= now` | `resume-is-bounded` |
//! | the hold of causes | `moves` in the coordinator's `cause` returns `false` | `common-loss-moves-nothing` |
//! | drain before a takeover | `thaw` here ticks before it takes the datagrams | `silence-is-real` |
//! | a release waits | `release` in vrrp-proto leaves `until` at `now` | `release-leaves-no-hole` |
//! | a leaver stops | `leaving` in vrrp-proto ignores adverts | `one-answerer` |
//! | never keep a packet | an advert in turn says the base priority | `priority-is-its-causes` |
//! | verify the table | the reconciler's `verify_at` a thousand times later | `table-converges` |
//! | fall | `CheckState::failed` waits for two failures more | `dead-server-out` |
//! | a fault ends it | a Backup ignores `Fault::Present` | `fault-is-out` (seeds 5, 7, 12) |
//! | one link stops a group | `path` calls `Partial` `Open` | `fault-is-out` (16) |
//! | a group speaks | `Election::emit` knows the first member only | `group-speaks-together` (9, 15) |
//! | a list rolled out | the members are `Strict` | `one-answerer` (1, 31, 93), `silence-is-real` (29) |

#![forbid(unsafe_code)]

use std::fmt;

use clock::{Duration, Instant};

mod foreign;
mod host;
mod judge;
mod kernel;
mod message;
mod plan;
mod rng;
mod runner;
mod setup;
mod world;

pub use runner::{Report, many};

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// How long it was.
    pub virtual_time: Duration,
    /// How many faults it had.
    pub faults: u32,
    /// How many steps it took.
    pub steps: u64,
}

/// A rule that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The seed of the run.
    pub seed: u64,
    /// The rule's name.
    pub invariant: &'static str,
    /// When.
    pub at: Instant,
    /// How.
    pub what: String,
}

/// Runs one seed; prints everything that happens if told to trace.
///
/// # Errors
/// The first rule that was broken.
pub fn run(seed: u64, trace: bool) -> Result<Summary, Broken> {
    world::World::new(seed, trace).run()
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, invariant, at, what } = self;
        let seconds = at.as_nanos() as f64 / 1e9;
        write!(f, "sim: seed {seed} broke {invariant} at {seconds:.3} s: {what}; ")?;
        write!(f, "replay: cargo run -p sim -- --seed {seed} --trace")
    }
}
