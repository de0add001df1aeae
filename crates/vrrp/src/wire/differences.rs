//! What to tell of adverts that are kept although they say otherwise than we do. The seats note
//! when they last heard one; every few seconds somebody looks, since it is no matter of urgency.

use std::collections::BTreeMap;

use clock::{Duration, Instant};
use vrrp_proto::{Election, MemberId};

use crate::teller::Teller;
use crate::{Difference, Fact};

/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The pause before the same is told again.
const PAUSE: Duration = Duration::from_secs(3_600);

/// What was told when. Bounded by the members.
#[derive(Debug, Default)]
pub(super) struct Differences {
    told: BTreeMap<(MemberId, Difference), Instant>,
    looked: Instant,
}

impl Differences {
    /// When to look next.
    pub(super) fn due(&self) -> Instant {
        self.looked + LOOK_EVERY
    }

    /// Says what is new since the last look.
    pub(super) fn look(&mut self, now: Instant, election: &Election, facts: &mut Teller) {
        if now < self.due() {
            return;
        }
        let since = std::mem::replace(&mut self.looked, now);
        for (router, _) in election.routers() {
            for (at, seat) in election.seats(router).iter().enumerate() {
                let noted = [
                    (Difference::Interval, seat.last_other_interval()),
                    (Difference::Addresses, seat.last_other_addresses()),
                ];
                for (what, heard) in noted {
                    let key = (MemberId { router, at }, what);
                    let is_known = self.told.get(&key).is_some_and(|told| now < *told + PAUSE);
                    if heard.is_some_and(|heard| heard >= since) && !is_known {
                        self.told.insert(key, now);
                        let from = seat.peer().map(|peer| peer.address);
                        facts.tell(Fact::Differs { router, member: at, what, from });
                    }
                }
            }
        }
    }
}
