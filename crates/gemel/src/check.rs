//! `gemel check`, and reading the file for `gemel run`: the same words for the same mistakes.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use config::{Report, Severity};

use crate::cli;

/// Prints every problem of the file; exit 0 if it can be used.
pub(crate) fn check(arguments: &cli::Check) -> anyhow::Result<ExitCode> {
    let report = read(&arguments.file)?;
    let file = arguments.file.display();
    let warnings = count(&report, Severity::Warning);
    match report.settings {
        Some(settings) => {
            let (routers, services) = (settings.routers.len(), settings.services.len());
            println!("{file}: ok: {routers} routers, {services} services, {warnings} warnings");
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let errors = count(&report, Severity::Error);
            eprintln!("{file}: {errors} errors, {warnings} warnings");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The settings of a file that can be used; its problems are printed.
///
/// # Errors
/// The file cannot be read, or has errors.
pub(crate) fn load(path: &Path) -> anyhow::Result<config::Settings> {
    let report = read(path)?;
    let errors = count(&report, Severity::Error);
    let Some(settings) = report.settings else {
        bail!("{}: {errors} errors; nothing was started or changed", path.display());
    };
    Ok(settings)
}

fn read(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read the configuration file {} (name it with --config)", path.display())
    })?;
    let report = config::check(&path.display().to_string(), &text);
    for problem in &report.problems {
        eprintln!("{}\n", problem.text.trim_end());
    }
    Ok(report)
}

fn count(report: &Report, severity: Severity) -> usize {
    report.problems.iter().filter(|problem| problem.severity == severity).count()
}
