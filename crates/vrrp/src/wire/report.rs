//! What the wire thread tells of its routers when asked.

use std::collections::BTreeSet;

use super::Wire;
use super::port::Side;
use crate::{MemberReport, RouterReport};

impl Wire {
    /// Every router, in the order of their ids.
    pub(super) fn report(&self) -> Vec<RouterReport> {
        let shared = self.core.election.counters().named();
        let one = |(id, router): (_, &vrrp_proto::Router)| {
            let places = router.settings().members.iter().map(|m| (m.link, m.protocol.family()));
            let places: BTreeSet<_> = places.collect();
            let sides = places.iter().filter_map(|(link, family)| {
                self.core.ports.get(link.0 as usize).map(|port| port.side(*family))
            });
            let sockets = [
                ("send-errors", sides.clone().map(|side| side.send_errors).sum()),
                ("receive-queue-drops", sides.map(Side::drops).sum()),
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
                        last_discard: seat.last_discard(),
                        last_other_interval: seat.last_other_interval(),
                        last_other_addresses: seat.last_other_addresses(),
                    })
                    .collect(),
                shared: shared.filter(|(_, count)| *count > 0).collect(),
                worst_lateness_ns: self.worst_lateness.as_nanos().try_into().unwrap_or(u64::MAX),
            }
        };
        self.core.election.routers().map(one).collect()
    }
}
