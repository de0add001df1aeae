//! The one place where facts become log lines: level, the object first, key=value.

use coordinator::{Notice, Reading, Source};

use crate::words::{cause, quoted, reason};

pub(crate) mod wire;

/// What a tracked source says now.
pub(crate) fn source(source: &Source, reading: Reading, why: &str) -> String {
    let reading = crate::words::reading(Some(reading));
    format!("INFO source={} reading={reading} why={}", quoted(&source.to_string()), quoted(why))
}

/// A notice as a log line.
pub(crate) fn line(notice: &Notice, lo_is_up: bool) -> String {
    match notice {
        Notice::Server { service, server, verdict, why } => {
            format!(
                "INFO service={service} server={server} verdict={verdict} why={}",
                quoted(&why.to_string())
            )
        }
        Notice::Quorum { service, live, lost } => {
            let state = if *lost { "lost" } else { "reached" };
            format!("INFO service={service} quorum={state} live={live}")
        }
        Notice::Priority { router, from, to, causes } => {
            let causes = causes.iter().map(|(key, value)| format!("{} {value:+}", cause(key)));
            let causes = causes.collect::<Vec<_>>().join(", ");
            format!("INFO router={router} priority={to} was={from} causes={}", quoted(&causes))
        }
        Notice::Role { router, role, reason: why } => {
            format!("INFO router={router} role={role} reason={}", reason(*why))
        }
        Notice::UnknownServersEnter { service, count } => {
            format!(
                "WARN service={service} servers={count} state=unknown action=enter why=\"Active, and no check has answered in time\""
            )
        }
        Notice::Impaired { service, server, why } => {
            format!(
                "WARN service={service} server={server} check=impaired why={}",
                quoted(&why.to_string())
            )
        }
        Notice::Refused(refusal) => {
            format!(
                "WARN service={} refused={}",
                refusal.service,
                quoted(&ipvs::explain(refusal, lo_is_up))
            )
        }
        Notice::Cured(service, server) => match server {
            Some(server) => format!("INFO service={service} server={server} refused=no"),
            None => format!("INFO service={service} refused=no"),
        },
        Notice::Drift(service, server) => match server {
            Some(server) => format!(
                "WARN service={service} server={server} drift=repairing why=\"changed by somebody else\""
            ),
            None => {
                format!("WARN service={service} drift=repairing why=\"changed by somebody else\"")
            }
        },
    }
}

#[cfg(test)]
mod tests;
