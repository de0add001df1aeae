//! The answer of an HTTP server, cut anywhere: the outcome is the same as if it came whole.

use clock::Duration;
use health::exchange::{Exchange, Step};
use health::{Check, HttpGet, Outcome, Question, Timing};

/// Where to cut, and the answer.
pub(crate) fn run(bytes: &[u8]) {
    let Some((cut, answer)) = bytes.split_first() else { return };
    let piece = usize::from(*cut).max(1);
    let whole = outcome(std::iter::once(answer));
    let pieces = outcome(answer.chunks(piece));
    assert_eq!(whole, pieces, "in pieces of {piece}");
}

fn outcome<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let get = HttpGet { path: "/".into(), host: None, status: vec![200..=299] };
    let seconds = Duration::from_secs(1);
    let timing = Timing { interval: seconds, timeout: seconds, fall: 1, rise: 1 };
    let target = ([192, 0, 2, 1], 80).into();
    let (mut exchange, first) =
        Exchange::begin(&Check { target, question: Question::Http(get), timing });
    assert!(matches!(first, Step::Send(_)), "{first:?}");
    for piece in pieces {
        match exchange.received(piece) {
            Step::Receive => {}
            Step::Done(outcome) => return outcome,
            Step::Send(bytes) => panic!("sends {bytes:?} although it has its answer"),
        }
    }
    exchange.closed()
}
