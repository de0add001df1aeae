//! CONTRACT (to be completed): the dialogue of one check as bytes in and out.

use crate::{Check, Outcome};

/// One dialogue, from the moment the connection stands.
#[derive(Debug)]
pub struct Exchange {}

/// What the carrier of the bytes must do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Send these bytes, then wait for some.
    Send(Vec<u8>),
    /// Wait for more bytes.
    Receive,
    /// Close; this is the outcome.
    Done(Outcome),
}

impl Exchange {
    /// Begins a dialogue on a standing connection: the dialogue and its first step.
    pub fn begin(_check: &Check) -> (Self, Step) {
        (Self {}, Step::Done(Outcome::Pass))
    }

    /// Takes in bytes; says what next. Bounded: never keeps more than 64 KiB.
    pub fn received(&mut self, _bytes: &[u8]) -> Step {
        Step::Receive
    }

    /// The server closed its side.
    pub fn closed(&mut self) -> Outcome {
        Outcome::Pass
    }
}
