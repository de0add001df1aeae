//! What the wire thread tells of its routers when asked.

use vrrp_proto::router::Peer;

use super::Wire;
use crate::RouterReport;

impl Wire {
    /// Every router, in the order of their ids.
    pub(super) fn report(&self) -> Vec<RouterReport> {
        let shared = self.core.election.counters().named();
        let one = |(id, router): (_, &vrrp_proto::Router)| {
            let port = self.core.ports.get(router.settings().link.0 as usize);
            let sockets = [
                ("send-errors", port.map_or(0, |port| port.send_errors)),
                ("receive-queue-drops", port.map_or(0, super::Port::drops)),
            ];
            let counters = router.counters().named().into_iter().chain(shared).chain(sockets);
            RouterReport {
                router: id,
                role: router.role(),
                since: router.since(),
                reason: router.reason(),
                priority: router.priority(),
                peer: router
                    .peer()
                    .map(|Peer { address, priority, at, .. }| (address, priority, at)),
                counters: counters.filter(|(_, count)| *count > 0).collect(),
                worst_lateness_ns: self.worst_lateness.as_nanos().try_into().unwrap_or(u64::MAX),
            }
        };
        self.core.election.routers().map(one).collect()
    }
}
