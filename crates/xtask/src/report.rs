//! What a run did: its parts with their seconds, the tests they counted, and the exit status.

use std::fmt::Write;
use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::stop::Result;

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
}

impl Counts {
    /// Those in one line of output: none, unless it is the result line of a test binary.
    pub(crate) fn of_line(line: &str) -> Self {
        let Some((_, result)) = line.trim_end().split_once("test result: ") else {
            return Self::default();
        };
        let number = |what: &str| {
            let mut fields = result.split([';', '.']).map(str::trim);
            fields.find_map(|field| field.strip_suffix(what)?.trim().parse().ok()).unwrap_or(0)
        };
        Self { passed: number("passed"), failed: number("failed"), ignored: number("ignored") }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// The parts so far.
#[derive(Default)]
pub(crate) struct Report {
    parts: Vec<Part>,
}

struct Part {
    name: String,
    took: Duration,
    counts: Counts,
    /// Why it failed, other than by failed tests.
    broken: Option<String>,
}

impl Report {
    /// Does one part. A part that fails is kept in the report; `None` then, so that the caller
    /// decides whether the next one makes sense.
    pub(crate) fn part<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        let (value, broken) = match result {
            Ok(value) => (Some(value), None),
            Err(stop) => {
                println!("{name}: {stop}");
                (None, Some(stop.to_string()))
            }
        };
        self.parts.push(Part { name: name.to_owned(), took, counts: Counts::default(), broken });
        value
    }

    /// A part that runs tests.
    pub(crate) fn tests(&mut self, name: &str, work: impl FnOnce() -> Result<Counts>) {
        if let Some(counts) = self.part(name, work)
            && let Some(part) = self.parts.last_mut()
        {
            part.counts = counts;
        }
    }

    /// Prints the table and the totals; the last line is `N passed, N failed`.
    pub(crate) fn finish(&self) -> ExitCode {
        println!("\n{}", self.text());
        if self.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn text(&self) -> String {
        let mut text = format!("{:<28} {:>8}  {:>6}\n", "part", "seconds", "tests");
        let mut line = |name: &str, took: Duration, tests: u64, note: &str| {
            let tests = if tests == 0 { String::new() } else { tests.to_string() };
            let row = format!("{name:<28} {:>8.1}  {tests:>6}{note}", took.as_secs_f64());
            // Writing to a string cannot fail.
            writeln!(text, "{}", row.trim_end()).ok();
        };
        for part in &self.parts {
            let note = if part.is_good() { "" } else { "  FAILED" };
            line(&part.name, part.took, part.counts.passed + part.counts.failed, note);
        }
        let totals = self.totals();
        line(
            "total",
            self.parts.iter().map(|part| part.took).sum(),
            totals.passed + totals.failed,
            "",
        );
        if totals.ignored > 0 {
            text += &format!("{} ignored\n", totals.ignored);
        }
        for part in &self.parts {
            if let Some(broken) = &part.broken {
                text += &format!("FAILED: {}: {broken}\n", part.name);
            }
        }
        text + &format!("{} passed, {} failed", totals.passed, totals.failed)
    }

    /// Nothing failed, and there was something that could have.
    fn is_good(&self) -> bool {
        self.parts.iter().all(Part::is_good) && self.totals().passed > 0
    }

    fn totals(&self) -> Counts {
        self.parts.iter().fold(Counts::default(), |mut totals, part| {
            totals += part.counts;
            totals
        })
    }
}

impl Part {
    fn is_good(&self) -> bool {
        self.broken.is_none() && self.counts.failed == 0
    }
}

#[cfg(test)]
mod tests;
