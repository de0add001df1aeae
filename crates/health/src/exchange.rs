//! The dialogue of one check as bytes in and out.
//!
//! It opens no socket and keeps no time: whoever carries the bytes connects, bounds the whole by
//! the check's timeout, and turns socket errors into outcomes. Each protocol has its own file; this
//! one only chooses.

use crate::http::Dialogue;
use crate::{Check, Outcome, Question, tcp};

/// One dialogue, from the moment the connection stands.
#[derive(Debug)]
pub struct Exchange(Protocol);

#[derive(Debug)]
enum Protocol {
    Tcp,
    Http(Dialogue),
}

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
    pub fn begin(check: &Check) -> (Self, Step) {
        match &check.question {
            Question::Tcp => (Self(Protocol::Tcp), tcp::begin()),
            Question::Http(get) => {
                let (dialogue, step) = Dialogue::begin(get, check.target);
                (Self(Protocol::Http(dialogue)), step)
            }
        }
    }

    /// Takes in bytes; says what next. Bounded: never keeps more than 64 KiB.
    pub fn received(&mut self, bytes: &[u8]) -> Step {
        match &mut self.0 {
            Protocol::Tcp => Step::Done(Outcome::Pass),
            Protocol::Http(dialogue) => dialogue.received(bytes),
        }
    }

    /// The server closed its side.
    pub fn closed(&mut self) -> Outcome {
        match &mut self.0 {
            Protocol::Tcp => Outcome::Pass,
            Protocol::Http(dialogue) => dialogue.closed(),
        }
    }
}
