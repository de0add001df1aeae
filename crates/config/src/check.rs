//! The way from text to [`Report`]: parse, read, compare, build, render.

use toml::de::DeTable;

use crate::finding::{Finding, Findings};
use crate::read::{Reader, Syntax};
use crate::{Problem, Report, Settings, Severity, build, cross, raw, render, syntax};

/// Checks the text of a file called `name`; the name only appears in the problems.
///
/// All problems come at once. While the text is no sound TOML, though, what is missing or does not
/// fit together is not told: the broken lines may hold it.
pub fn check(name: &str, text: &str) -> Report {
    // Editors of other systems put it there; nobody counts it as a column.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Findings::default();
    let settings = if text.len() > LONGEST {
        let hint = "is this the right file?";
        found.add(Finding::error(&(0..0), "the file is longer than 16 MiB").hint(hint));
        None
    } else {
        settings(text, &mut found)
    };
    Report { settings, problems: problems(name, text, found) }
}

fn settings(text: &str, found: &mut Findings) -> Option<Settings> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let file = Reader { found, syntax: Syntax::Sound }.file(root.get_ref());
        cross::check(&file, found);
        return if found.has_errors() { None } else { build(file, found) };
    }
    if let Some(rest) = syntax::salvage(text, errors, found) {
        let (root, _) = DeTable::parse_recoverable(&rest);
        Reader { found, syntax: Syntax::Broken }.file(root.get_ref());
    }
    None
}

/// Settings of a file without errors.
fn build(file: raw::File, found: &mut Findings) -> Option<Settings> {
    let settings = build::settings(file);
    if settings.is_none() {
        // Every unusable value was told, so there is none left; if that is wrong, say so.
        let hint = "this is a mistake in gemel: please report it with the file";
        found.add(Finding::error(&(0..0), "the file cannot be used").hint(hint));
    }
    settings
}

fn problems(name: &str, text: &str, found: Findings) -> Vec<Problem> {
    let mut findings = found.in_order();
    if findings.len() > MOST_PROBLEMS {
        let rest = findings.split_off(MOST_PROBLEMS - 1);
        let errors = rest.iter().any(|finding| finding.severity == Severity::Error);
        let place = rest.first().map_or(0..0, |finding| finding.span.clone());
        let message = format!("{} more problems from here on", rest.len());
        findings.push(match errors {
            true => Finding::error(&place, message),
            false => Finding::warning(&place, message),
        });
    }
    findings.into_iter().map(|finding| render::problem(name, text, finding)).collect()
}

/// 100,000 services with ten servers each fit.
const LONGEST: usize = 16 << 20;
/// What anybody reads at once.
const MOST_PROBLEMS: usize = 200;

#[cfg(test)]
mod tests;
