//! Broken TOML: tells of the broken lines, and blanks them so that the rest can still be read.
//!
//! The parser recovers, but throws away or misplaces what stands near a broken line. Blanked text
//! has every byte of the rest at its place, so spans in it are spans in the text.

use std::collections::BTreeSet;

use toml::de::{DeTable, Error};

use crate::finding::{Finding, Findings};

/// Records each broken line; returns the text without them if what is left is sound.
pub(crate) fn salvage(text: &str, errors: Vec<Error>, found: &mut Findings) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let ends: Vec<usize> = text.match_indices('\n').map(|(index, _)| index).collect();
    let line_of = |error: &Error| {
        let start = error.span().map_or(text.len(), |span| span.start);
        // A file that ends too early is broken in its last line, not after it.
        ends.partition_point(|newline| *newline < start).min(lines.len().saturating_sub(1))
    };
    let mut blank: BTreeSet<usize> = BTreeSet::new();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    let mut errors = errors;
    for round in 0..ROUNDS {
        for error in &errors {
            // The parser's next errors in a line follow from the first. What a later round finds
            // may follow from the blanks, but for keys that are there twice.
            let real = round == 0 || error.message() == DUPLICATE;
            if told.insert(line_of(error)) && real {
                found.add(finding(text, error));
            }
        }
        for line in errors.iter().map(line_of) {
            blank.extend(section(&lines, line));
        }
        let blanked = without(&lines, &blank);
        errors = DeTable::parse_recoverable(&blanked).1;
        if errors.is_empty() {
            return Some(blanked);
        }
    }
    None
}

fn finding(text: &str, error: &Error) -> Finding {
    let span = error.span().unwrap_or(text.len()..text.len());
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let message = message.trim_end_matches(", expected nothing");
    Finding::error(&span, format!("not TOML: {message}"))
}

/// The lines that mean nothing without this one: all below a broken header, else itself.
fn section(lines: &[&str], line: usize) -> std::ops::Range<usize> {
    let header = |line: &&str| line.trim_start().starts_with('[');
    let below = lines.get(line + 1..).unwrap_or_default();
    match lines.get(line).filter(|line| header(line)) {
        Some(_) => line..line + 1 + below.iter().position(header).unwrap_or(below.len()),
        None => line..line + 1,
    }
}

/// The lines, with spaces for each byte of those that are blank.
fn without(lines: &[&str], blank: &BTreeSet<usize>) -> String {
    let mut text = String::with_capacity(lines.iter().map(|line| line.len()).sum());
    for (number, line) in lines.iter().enumerate() {
        match line.strip_suffix('\n') {
            _ if !blank.contains(&number) => text.push_str(line),
            Some(rest) => {
                text.extend(std::iter::repeat_n(' ', rest.len()));
                text.push('\n');
            }
            None => text.extend(std::iter::repeat_n(' ', line.len())),
        }
    }
    text
}

/// As the parser says it.
const DUPLICATE: &str = "duplicate key";
/// Enough for a broken list over a few lines; what is broken throughout is not read.
const ROUNDS: usize = 8;
