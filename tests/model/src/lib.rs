//! The election of two or three routers, exhaustively: every order in which adverts arrive or are
//! lost, timers go off, routers die and come back, checked with `stateright`.
//!
//! The transition function is the daemon's own [`vrrp_proto::Router`]; nothing of the protocol is
//! written again here. What is modelled is the wire between the routers (`world`) and time.
//!
//! Time goes on in steps of a quarter interval, or to the next deadline if that comes first; adverts
//! arrive in any order within a step, or up to [`Bounds::late`] steps later. Priorities and interval
//! are chosen so that Skew_Time is a whole number of steps: then the differences between the
//! routers' timers are few, and a state is the same wherever on the clock it occurs (`canon`). So the
//! number of states is finite even where losses and crashes are unlimited, and every run looks at all
//! of them: no depth is given up.
//!
//! What must hold in each state is counted from the last disturbance (a loss, a crash, a start, a
//! release): see the properties of [`Election`].

#![forbid(unsafe_code)]

mod canon;
mod election;
mod world;

pub use election::{Bounds, Election};
pub use world::{Action, World};
