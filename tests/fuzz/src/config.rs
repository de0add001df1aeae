//! The configuration file: any text is refused with problems or becomes settings, never both wrong.

use ::config::Severity;

/// The text of a file; what is no UTF-8 is refused before it is parsed.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let report = ::config::check("gemel.toml", text);
    let refused = report.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(report.settings.is_none(), refused, "settings, or an error that says why not");
    assert!(report.problems.len() <= 200);
    let Some(settings) = report.settings else { return };
    for director in &settings.directors {
        assert!(settings.for_director(&director.name).is_some(), "{}", director.name);
    }
}
