//! A router as seen from this moment: equal views behave alike from here on.
//!
//! The view is what `Debug` shows of the router, with each moment told by its distance from now. So
//! a new field takes part by itself. Two things are left out, since no transition looks at them:
//! how long a moment has passed beyond [`HORIZON`], and since when the role has been what it is.

use std::collections::hash_map::DefaultHasher;
use std::fmt::{self, Write};
use std::hash::Hasher;

use clock::{Duration, Instant};
use vrrp_proto::Router;

/// Longer than anything that is remembered matters: a Backup looks back over Active_Down_Interval,
/// and over three intervals for a peer that advertises.
const HORIZON: Duration = Duration::from_secs(3);

/// Hashes what is written to it, but for moments, which are told by their distance from `now`.
struct View {
    now: Instant,
    hash: DefaultHasher,
    /// What may become a moment: the digits after `Instant(`.
    digits: Option<u64>,
    /// How many characters of [`MOMENT`] were just seen.
    matched: usize,
    /// Whether the next moment is one that nothing depends on.
    skip: bool,
    /// The last letters, to know the field's name.
    name: [u8; 4],
}

const MOMENT: &[u8] = b"Instant(";

/// What tells the views of two routers apart.
pub(crate) fn hash(now: Instant, router: &Router) -> u64 {
    let (hash, digits, name) = (DefaultHasher::new(), None, [0; 4]);
    let mut view = View { now, hash, digits, matched: 0, skip: false, name };
    // Writing to a hasher cannot fail.
    write!(view, "{router:?}").unwrap_or_else(|_| unreachable!("a hasher takes everything"));
    view.hash.finish()
}

impl View {
    fn byte(&mut self, byte: u8) {
        if let Some(digits) = self.digits {
            if byte.is_ascii_digit() {
                self.digits = Some(digits * 10 + u64::from(byte - b'0'));
                return;
            }
            self.moment(Instant::from_nanos(digits));
            self.digits = None;
        }
        self.matched = match MOMENT.get(self.matched) {
            Some(expected) if *expected == byte => self.matched + 1,
            _ => usize::from(MOMENT.first() == Some(&byte)),
        };
        if byte.is_ascii_alphabetic() && self.matched == 0 {
            self.name.rotate_left(1);
            self.name[3] = byte;
        }
        self.hash.write_u8(byte);
        if self.matched == MOMENT.len() {
            (self.digits, self.matched) = (Some(0), 0);
        }
    }

    fn moment(&mut self, moment: Instant) {
        let ago = self.now.since(moment);
        let ahead = moment.since(self.now);
        self.hash.write_u128(ago.min(HORIZON).as_nanos());
        self.hash.write_u128(ahead.as_nanos());
    }
}

impl Write for View {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.byte(byte));
        Ok(())
    }
}
