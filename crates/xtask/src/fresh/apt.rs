//! Where this host gets its Debian from: both formats of apt's sources.

use std::fs;
use std::path::Path;

use crate::stop::{Doing, Result};

/// One mirror with one suite.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Source {
    pub uri: String,
    pub suite: String,
    pub components: String,
}

/// All binary sources under apt's folder.
pub(super) fn sources(folder: &Path) -> Result<Vec<Source>> {
    let mut paths = vec![folder.join("sources.list")];
    if let Ok(entries) = fs::read_dir(folder.join("sources.list.d")) {
        paths.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())));
    }
    paths.sort();
    let mut sources = Vec::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(path).doing(path.display())?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(text.lines().filter_map(of_line)),
            Some("sources") => sources.extend(text.split("\n\n").flat_map(of_stanza)),
            Some(_) | None => {}
        }
    }
    Ok(sources)
}

/// The mirror that has exactly this suite.
pub(super) fn mirror<'a>(sources: &'a [Source], suite: &str) -> Option<&'a str> {
    sources.iter().find(|source| source.suite == suite).map(|source| source.uri.as_str())
}

/// A `sources.list` of this suite, its updates and its security fixes; nobody else's archives,
/// whose keys a bare root does not have.
pub(super) fn list(sources: &[Source], suite: &str) -> String {
    let of_suite = |source: &&Source| {
        source
            .suite
            .strip_prefix(suite)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '/']))
    };
    let line =
        |source: &Source| format!("deb {} {} {}\n", source.uri, source.suite, source.components);
    sources.iter().filter(of_suite).map(line).collect()
}

/// `deb [options] URI SUITE COMPONENT...`
fn of_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(options) => options.split_once(']')?.1,
        None => rest,
    };
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Source { uri, suite, components: words.collect::<Vec<_>>().join(" ") })
}

/// `Types:`, `URIs:`, `Suites:`, `Components:`, each on a line of its own.
fn of_stanza(stanza: &str) -> Vec<Source> {
    let field = |name: &str| {
        let value = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or_default().trim().to_owned()
    };
    if !field("Types").split_whitespace().any(|word| word == "deb") || field("Enabled") == "no" {
        return Vec::new();
    }
    let Some(uri) = field("URIs").split_whitespace().next().map(str::to_owned) else {
        return Vec::new();
    };
    let components = field("Components");
    let source = |suite: &str| Source {
        uri: uri.clone(),
        suite: suite.to_owned(),
        components: components.clone(),
    };
    field("Suites").split_whitespace().map(source).collect()
}

#[cfg(test)]
mod tests;
