//! CONTRACT (bodies to be written): verdicts to table, causes to priorities.

use std::collections::BTreeMap;

use clock::Instant;
use ipvs_table::{ServerKey, ServiceKey};
use vrrp_proto::RouterId;

use crate::{Effect, Event, Score, Settings};

/// Owns what this director believes about its servers and what follows from it.
#[derive(Debug)]
pub struct Coordinator {
    settings: Settings,
}

impl Coordinator {
    /// Believes nothing yet; call [`Self::handle`] with [`Event::Started`] first.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Takes in one event; returns what should be done, in order.
    pub fn handle(&mut self, _now: Instant, _event: Event) -> Vec<Effect> {
        Vec::new()
    }

    /// When to call [`Self::handle`] with [`Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// What it is told to care about.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A router's priority and its causes.
    pub fn score(&self, _router: RouterId) -> Option<&Score> {
        None
    }

    /// The wanted table as it is now.
    pub fn wanted(&self) -> &ipvs_table::Table {
        static EMPTY: ipvs_table::Table = BTreeMap::new();
        &EMPTY
    }

    /// What is believed of one server: its verdict, if any, the outcome behind it, since when.
    pub fn belief(&self, _service: ServiceKey, _server: ServerKey) -> Option<()> {
        None
    }
}
