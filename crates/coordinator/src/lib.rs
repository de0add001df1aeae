//! What should be true, given all heard so far: which servers take traffic, and how much this
//! director wants to be Active. Ties health to priority and to the table; pure.
//!
//! 1. Make a [`Coordinator`] and give it [`Event::Started`] with what the kernel's table holds.
//! 2. Call [`Coordinator::handle`] with the time and what happened: a verdict, a role, a link.
//! 3. Do what it returns, in order; every [`Effect`] but a [`Notice`] is a level.
//! 4. Call it again with [`Event::Tick`] no later than [`Coordinator::deadline`].
//!
//! It neither checks servers (`health`), nor talks to the kernel (`ipvs-table`), nor holds
//! elections (`vrrp-proto`); the engine loop of the daemon owns the one instance and carries the
//! values between them.

#![forbid(unsafe_code)]

mod belief;
mod cause;
mod coordinator;
mod event;
mod pool;
mod settings;

pub use belief::{Belief, Standing};
pub use cause::{Cause, CauseKey, Score};
pub use coordinator::Coordinator;
pub use event::{Effect, Event, Notice};
pub use settings::{
    Impact, Pool, Quorum, Reading, RouterPolicy, ServerPolicy, Settings, Source, Track,
};
