//! Findings to problems: line, column, and the text with source line and caret.
//!
//! Only the lines concerned are handed to annotate-snippets, so that a file with many problems
//! costs what its problems cost, not problems times file.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::finding::{Finding, Span};
use crate::{Problem, Severity};

/// One finding of the file `name` as people read it.
pub(crate) fn problem(name: &str, text: &str, finding: Finding) -> Problem {
    let place = Place::of(text, &finding.span);
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let primary = AnnotationKind::Primary.span(place.in_line.clone());
    let mut group = level
        .primary_title(finding.message.as_str())
        .element(place.snippet(name).annotation(primary));
    if let Some((span, label)) = &finding.other {
        let other = Place::of(text, span);
        let mark = AnnotationKind::Context.span(other.in_line.clone()).label(*label);
        group = group.element(other.snippet(name).annotation(mark));
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    Problem {
        severity: finding.severity,
        line: place.line,
        column: place.column,
        text: Renderer::plain().render(&[group]),
        message: finding.message,
        hint: finding.hint,
    }
}

/// Where a span begins, and its part of that line.
struct Place<'a> {
    line: usize,
    column: usize,
    source: &'a str,
    in_line: Span,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, span: &Span) -> Self {
        let start = floor(text, span.start);
        let (before, after) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = after.find('\n').map_or(text.len(), |newline| start + newline);
        let source = text.get(line_start..line_end).unwrap_or_default();
        let source = source.strip_suffix('\r').unwrap_or(source);
        let from = (start - line_start).min(source.len());
        let to = floor(text, span.end).clamp(start, line_end) - line_start;
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: source.get(..from).unwrap_or_default().chars().count() + 1,
            source,
            in_line: from..to.min(source.len()),
        }
    }

    fn snippet<T: Clone>(&self, name: &'a str) -> Snippet<'a, T> {
        Snippet::source(self.source).path(name).line_start(self.line)
    }
}

/// The last character boundary not after `index`.
fn floor(text: &str, index: usize) -> usize {
    text.floor_char_boundary(index)
}

#[cfg(test)]
mod tests;
