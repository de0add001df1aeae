//! What the wire thread tells of its routers when asked.

use super::Wire;
use crate::{MemberReport, RouterReport};

impl Wire {
    /// Every router, in the order of their ids.
    pub(super) fn report(&self) -> Vec<RouterReport> {
        let shared = self.core.election.counters().named();
        let one = |(id, router): (_, &vrrp_proto::Router)| {
            let port = self.core.ports.get(router.settings().members[0].link.0 as usize);
            let sockets = [
                ("send-errors", port.map_or(0, |port| port.send_errors)),
                ("receive-queue-drops", port.map_or(0, super::Port::drops)),
            ];
            let members = self.core.election.seats(id).iter().zip(&router.settings().members);
            let shared = shared.into_iter().chain(sockets);
            RouterReport {
                router: id,
                role: router.role(),
                since: router.since(),
                reason: router.reason(),
                priority: router.priority(),
                skew: router.skew(),
                down_interval: router.down_interval(),
                last_event: router.last_event(),
                new_active_reason: router.new_active_reason(),
                members: members
                    .map(|(seat, member)| MemberReport {
                        link: seat.link(),
                        peer: seat.peer(),
                        checksum: seat.checksum(member),
                        counters: *seat.counters(),
                    })
                    .collect(),
                shared: shared.filter(|(_, count)| *count > 0).collect(),
                worst_lateness_ns: self.worst_lateness.as_nanos().try_into().unwrap_or(u64::MAX),
            }
        };
        self.core.election.routers().map(one).collect()
    }
}
