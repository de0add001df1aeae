//! The steps that are left to do, in the order argued above `plan`, over all services.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::plan::{Phase, Step};
use crate::{Request, ServiceKey};

/// Requests in one window: their acknowledgements fit the default receive buffer of 256.
const WINDOW: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Queue {
    steps: BTreeMap<Step, Request>,
}

impl Queue {
    pub(super) fn put(&mut self, step: Step, request: Request) {
        self.steps.insert(step, request);
    }

    /// Drops all steps of one service.
    pub(super) fn forget(&mut self, service: ServiceKey) {
        for phase in Phase::ALL {
            let from = Step { phase, service, server: None };
            while let Some((&step, _)) = self.steps.range(from..).next()
                && (step.phase, step.service) == (phase, service)
            {
                self.steps.remove(&step);
            }
        }
    }

    /// Takes the first steps, as many as are asked at once; `None` if there are none.
    pub(super) fn window(&mut self) -> Option<Vec<Request>> {
        let mut requests = Vec::new();
        while requests.len() < WINDOW
            && let Some((_, request)) = self.steps.pop_first()
        {
            requests.push(request);
        }
        (!requests.is_empty()).then_some(requests)
    }
}
