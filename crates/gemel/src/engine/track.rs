//! Tracked sources: interfaces, of which the mover tells, and what the track thread looks at. Their
//! readings become the Coordinator's causes and faults.
//!
//! ```text
//!   mover ──Interface──► Tracker of the engine ─┐
//!   track thread ──Reading (its own Tracker)────┴─► Coordinator
//! ```
//!
//! Interfaces are not watched twice. The engine's Tracker only waits until a link that came up has
//! stayed up, so that a link that flaps does not flap a priority.

use clock::Instant;
use coordinator::{Event, Reading, Source};
use track::{Output, Sample, Settings, State};

use super::Engine;
use crate::status;
use crate::time::now;
use crate::words;
use crate::{log, outgoing};

/// The sources the engine follows itself, and those the track thread looks at.
pub(crate) fn apart(settings: &Settings) -> (Settings, Settings) {
    let of_interfaces = |source: &Source| matches!(source, Source::Interface(_));
    let (interfaces, others) = settings
        .sources
        .iter()
        .map(|(source, timing)| (source.clone(), *timing))
        .partition(|(source, _)| of_interfaces(source));
    let interfaces = Settings { sources: interfaces, ..Settings::default() };
    (interfaces, Settings { sources: others, scripts: settings.scripts.clone() })
}

impl Engine {
    /// What the mover says of an interface that is named somewhere.
    pub(super) fn interface(&mut self, name: String, up: bool) {
        self.writer.line(log::wire::interface(&name, up));
        let (reading, why) = if up { (Reading::Good, "up") } else { (Reading::Bad, "down") };
        let sample = Sample { reading, why: why.to_owned() };
        let now = now();
        let event = track::Event::Sample(Source::Interface(name), sample);
        let outputs = self.interfaces.handle(now, event);
        self.concluded(now, outputs);
    }

    /// Whatever time alone brings to interfaces.
    pub(super) fn tick_interfaces(&mut self, now: Instant) {
        let outputs = self.interfaces.handle(now, track::Event::Tick);
        self.concluded(now, outputs);
    }

    pub(super) fn sources_say(&mut self, fact: watch::Fact) {
        match fact {
            watch::Fact::Reading { source, reading, why } => {
                self.read(now(), source, reading, &why);
            }
            watch::Fact::Report(sources) => self.sources_reported(sources),
            watch::Fact::Warning(text) => {
                self.warn(&format!("warning={}", words::quoted(&text)));
                self.problems.insert(format!("track {text}"), text);
            }
            watch::Fact::Ended => self.sources_ended(),
        }
    }

    pub(super) fn tell_sources(&mut self, order: watch::Order) {
        if let Some(sources) = &mut self.loops.sources {
            sources.push(order, outgoing::apart);
        }
    }

    /// How every source stands: the track thread's word, and ours of interfaces.
    pub(super) fn tracked(
        &self,
        now: Instant,
        told: &[watch::SourceReport],
    ) -> Vec<status::Tracked> {
        let interfaces = self.interfaces.states().map(|(source, state)| {
            let State { reading, since, detail } = state;
            watch::SourceReport { source: source.clone(), reading, since, detail }
        });
        let all = interfaces.chain(told.iter().cloned());
        let tracked = all.map(|one| status::Tracked {
            source: one.source.to_string(),
            reading: words::reading(one.reading),
            since_s: now.since(one.since).as_secs_f64(),
            detail: one.detail,
        });
        tracked.collect()
    }

    fn concluded(&mut self, now: Instant, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Reading { source, reading, why } => self.read(now, source, reading, &why),
                // Nobody looks at an interface: the mover tells.
                Output::Look(_) => {}
            }
        }
    }

    fn read(&mut self, now: Instant, source: Source, reading: Reading, why: &str) {
        self.writer.line(log::source(&source, reading, why));
        self.hear(now, Event::Tracked(source, reading));
    }
}

#[cfg(test)]
mod tests {
    use track::Timing;

    use super::*;

    #[test]
    fn interfaces_stay_here_and_everything_else_goes_to_the_thread() {
        let eth1 = Source::Interface("eth1".into());
        let file = Source::File("/run/load".into());
        let sources = [eth1.clone(), file.clone()].map(|one| (one.clone(), Timing::of(&one)));
        let command = track::Command { program: "/bin/true".into(), arguments: vec![] };
        let scripts = [("probe".to_owned(), command)].into();
        let settings = Settings { sources: sources.into(), scripts };
        let (ours, theirs) = apart(&settings);
        assert_eq!(ours.sources.into_keys().collect::<Vec<_>>(), [eth1]);
        assert_eq!(theirs.sources.into_keys().collect::<Vec<_>>(), [file]);
        assert_eq!(theirs.scripts, settings.scripts);
    }
}
