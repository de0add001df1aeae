//! What should be true, given all heard so far: which servers take traffic, and how much this
//! director wants to be Active. Ties health to priority and to the table; pure.

#![forbid(unsafe_code)]

mod cause;
mod coordinator;
mod event;
mod settings;

pub use cause::{Cause, CauseKey, Score};
pub use coordinator::Coordinator;
pub use event::{Effect, Event, Notice};
pub use settings::{Pool, Quorum, RouterPolicy, ServerPolicy, Settings, Track};
