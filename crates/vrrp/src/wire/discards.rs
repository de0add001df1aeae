//! What to tell of datagrams that name a virtual router of ours and are thrown away: the first of a
//! kind at once, then how many more, at most once a minute for each virtual router and reason. The
//! counters themselves are the election's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use clock::{Duration, Instant};
use vrrp_proto::MemberId;
use vrrp_proto::election::Discarded;
use vrrp_proto::wire::Discard;

use crate::Fact;
use crate::teller::Teller;

/// The pause between two facts about the same.
const PAUSE: Duration = Duration::from_secs(60);

/// What was thrown away and is not yet told. Bounded by the members and the reasons there are.
#[derive(Debug, Default)]
pub(super) struct Discards {
    heaps: BTreeMap<(MemberId, Discard), Heap>,
    due: Option<Instant>,
}

#[derive(Debug)]
struct Heap {
    /// Since the last fact.
    count: u64,
    from: Option<IpAddr>,
    /// When it may be told of.
    tell_at: Instant,
}

impl Discards {
    /// One more.
    pub(super) fn note(&mut self, now: Instant, discarded: Discarded) {
        let Discarded { member, why, from } = discarded;
        let new = Heap { count: 0, from, tell_at: now };
        let heap = self.heaps.entry((member, why)).or_insert(new);
        heap.count += 1;
        heap.from = from;
        let tell_at = heap.tell_at;
        self.due = Some(self.due.map_or(tell_at, |due| due.min(tell_at)));
    }

    /// When [`Self::tell`] has something to say.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Says what is due.
    pub(super) fn tell(&mut self, now: Instant, facts: &mut Teller) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        for ((member, why), heap) in &mut self.heaps {
            if heap.count > 0 && heap.tell_at <= now {
                let MemberId { router, at } = *member;
                let Heap { count, from, .. } = *heap;
                facts.tell(Fact::Discards { router, member: at, why: *why, from, count });
                *heap = Heap { count: 0, from, tell_at: now + PAUSE };
            }
        }
        let waiting = self.heaps.values().filter(|heap| heap.count > 0);
        self.due = waiting.map(|heap| heap.tell_at).min();
    }
}

#[cfg(test)]
mod tests {
    use mailbox::{Inbox, mailbox};
    use vrrp_proto::RouterId;

    use super::*;

    const MEMBER: MemberId = MemberId { router: RouterId(1), at: 0 };

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    fn told(
        discards: &mut Discards,
        now: u64,
        inbox: &mut Inbox<Fact>,
        teller: &mut Teller,
    ) -> Vec<u64> {
        discards.tell(at(now), teller);
        assert!(teller.flush());
        let counts = std::iter::from_fn(|| inbox.take());
        counts
            .filter_map(
                |fact| if let Fact::Discards { count, .. } = fact { Some(count) } else { None },
            )
            .collect()
    }

    #[test]
    fn the_first_is_told_at_once_and_the_rest_once_a_minute() {
        let (outbox, mut inbox) = mailbox(8).unwrap();
        let (mut discards, mut teller) = (Discards::default(), Teller::new(outbox));
        let bad = Discarded { member: MEMBER, why: Discard::Checksum, from: None };
        discards.note(at(5), bad);
        assert_eq!(discards.due(), Some(at(5)));
        assert_eq!(told(&mut discards, 5, &mut inbox, &mut teller), [1]);
        assert_eq!(discards.due(), None);
        (0..1_000).for_each(|_| discards.note(at(6), bad));
        discards.note(at(7), Discarded { why: Discard::Length, ..bad });
        assert_eq!(told(&mut discards, 7, &mut inbox, &mut teller), [1], "the other reason");
        assert_eq!(discards.due(), Some(at(65)));
        assert_eq!(told(&mut discards, 64, &mut inbox, &mut teller), [0_u64; 0]);
        assert_eq!(told(&mut discards, 65, &mut inbox, &mut teller), [1_000]);
        assert_eq!(discards.due(), None);
    }
}
