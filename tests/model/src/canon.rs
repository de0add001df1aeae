//! A router as seen from this moment: equal views behave alike from here on.
//!
//! The view is what `Debug` shows of the router, with each moment told by its distance from now. So
//! a new field takes part by itself. Only how long a moment has passed beyond [`HORIZON`] is left
//! out: no transition looks further back.

use std::collections::hash_map::DefaultHasher;
use std::fmt::{self, Write};
use std::hash::Hasher;

use clock::{Duration, Instant};
use vrrp_proto::Router;

/// Longer than anything that is remembered matters: a Backup looks back over Active_Down_Interval,
/// and over three intervals for a peer that advertises.
const HORIZON: Duration = Duration::from_millis(1_600);

/// Hashes what is written to it, but for moments, which are told by their distance from `now`.
struct View {
    now: Instant,
    hash: DefaultHasher,
    /// The number being read, behind [`MOMENT`].
    digits: Option<u64>,
    /// How much of [`MOMENT`] was just seen.
    matched: usize,
}

/// How a moment begins.
const MOMENT: &[u8] = b"Instant(";

/// What tells the views of two routers apart.
pub(crate) fn hash(now: Instant, router: &Router) -> u64 {
    let mut view = View { now, hash: DefaultHasher::new(), digits: None, matched: 0 };
    // Writing to a hasher cannot fail.
    write!(view, "{router:?}").unwrap_or_else(|_| unreachable!("a hasher takes everything"));
    view.hash.finish()
}

impl View {
    /// A run of text without the beginning of a moment in it is hashed as a whole.
    fn take(&mut self, text: &[u8]) {
        let mut from = 0;
        for (at, byte) in text.iter().enumerate() {
            if let Some(digits) = self.digits {
                if byte.is_ascii_digit() {
                    self.digits = Some(digits * 10 + u64::from(byte - b'0'));
                    continue;
                }
                self.moment(Instant::from_nanos(digits));
                (self.digits, from) = (None, at);
            }
            self.matched = if MOMENT[self.matched] == *byte {
                self.matched + 1
            } else {
                usize::from(MOMENT[0] == *byte)
            };
            if self.matched == MOMENT.len() {
                self.hash.write(&text[from..=at]);
                (self.digits, self.matched, from) = (Some(0), 0, text.len());
            }
        }
        if self.digits.is_none() {
            self.hash.write(&text[from..]);
        }
    }

    fn moment(&mut self, moment: Instant) {
        let ago = self.now.since(moment).min(HORIZON);
        let ahead = moment.since(self.now);
        self.hash.write_u64(ahead.as_nanos() as u64);
        self.hash.write_u64(ago.as_nanos() as u64);
    }
}

impl Write for View {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.take(text.as_bytes());
        Ok(())
    }
}
