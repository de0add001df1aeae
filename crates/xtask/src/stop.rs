//! Why a task ends before its end: one line for the person who called it.

use std::fmt::{self, Display};

pub(crate) type Result<T, E = Stop> = std::result::Result<T, E>;

/// What went wrong, with the object and the way out in its words.
#[derive(Debug)]
pub(crate) struct Stop(String);

impl Stop {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Adds what was being done to somebody else's error.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl Display) -> Result<T> {
        self.map_err(|error| Stop(format!("{what}: {error}")))
    }
}
