//! What [`check`](crate::check) reports: settings, or problems as people and programs read them.

use crate::Settings;

/// What [`check`](crate::check) found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The settings, if there is no error.
    pub settings: Option<Settings>,
    /// Errors and warnings in the order of the file; at most 200, the last one then says how many
    /// more there are.
    pub problems: Vec<Problem>,
}

impl Report {
    /// The problems of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(move |problem| problem.severity == severity)
    }
}

/// One thing wrong with the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// One line: names the object.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The problem as a person reads it, without colours: `file:line:column`, source line, caret,
    /// hint.
    pub text: String,
}

/// Whether the file can be used all the same.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but something in it cannot work as written.
    Warning,
}
