//! A TCP connection as a check: it passes as soon as the connection stands.
//!
//! No settings, no bytes. Refusals and timeouts are seen by whoever connects.

use crate::Outcome;
use crate::exchange::Step;

/// The connection stands: that was the question.
pub(crate) fn begin() -> Step {
    Step::Done(Outcome::Pass)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use clock::Duration;

    use super::*;
    use crate::exchange::Exchange;
    use crate::{Check, Question, Timing};

    #[test]
    fn a_standing_connection_passes_without_a_byte() {
        let second = Duration::from_secs(1);
        let check = Check {
            target: SocketAddr::from(([192, 0, 2, 1], 25)),
            question: Question::Tcp,
            timing: Timing { interval: second, timeout: second, fall: 1, rise: 1 },
        };
        let (_, step) = Exchange::begin(&check);
        assert_eq!(step, Step::Done(Outcome::Pass));
    }
}
