//! Two that answer: who else says that a held address is theirs.
//!
//! A hand-over looks like that for a moment: the successor announces an address that we are about
//! to let go, and what the predecessor said last still arrives after our claim. So a claim counts
//! only if we have held the address for [`GRACE`] when it comes, and still hold it [`DELAY`] later;
//! the successor's advert, which ends our holding, leaves it before its announcements do.
//!
//! Listening costs little under a flood: the kernel keeps what looks like none of ours, and after
//! some claims the ears rest while the socket's small queue drops what it has no room for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use clock::{Duration, Instant};

use super::Mover;
use super::announce::Who;
use super::kernel::{Alike, Claim, Kernel};
use super::moved::Moved;
use crate::Fact;

/// How long claims are overheard after an address landed.
const GRACE: Duration = Duration::from_secs(1);
/// How long a claim waits for our own letting go.
const DELAY: Duration = Duration::from_millis(100);
/// How often a conflict is told, and the address announced again.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// The pause after claims were read.
const REST: Duration = Duration::from_millis(10);
/// How soon listening follows what is held: one look for many changes.
const FOLLOW_AFTER: Duration = Duration::from_millis(20);
/// Claims that wait to be judged at most; more are dropped, and come again.
const MOST: usize = 1_024;

/// Where and what is listened to.
#[derive(Debug, Default)]
pub(super) struct Ears {
    open: BTreeMap<u32, Alike>,
    stale: bool,
    follow_at: Option<Instant>,
    rest_until: Option<Instant>,
    heard: BTreeMap<Who, ([u8; 6], Instant)>,
}

impl Ears {
    /// What is held, or where, may have changed.
    pub(super) fn changed(&mut self) {
        self.stale = true;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let judged = self.heard.values().map(|(_, at)| *at).min();
        [self.follow_at, self.rest_until, judged].into_iter().flatten().min()
    }

    /// Whether nothing is to be read now.
    pub(super) fn rest(&self) -> bool {
        self.rest_until.is_some()
    }
}

impl<K: Kernel> Mover<K> {
    /// Listens for what is held now, hears what was said, and judges what waited for that.
    pub(super) fn listen(&mut self, now: Instant) {
        if std::mem::take(&mut self.ears.stale) {
            self.ears.follow_at = self.ears.follow_at.or(Some(now + FOLLOW_AFTER));
        }
        if self.ears.follow_at.is_some_and(|at| at <= now) {
            self.ears.follow_at = None;
            self.follow_held(now);
        }
        if self.ears.rest_until.is_some_and(|until| until <= now) {
            self.ears.rest_until = None;
        }
        if !self.ears.rest() && !self.ears.open.is_empty() {
            let claims = self.kernel.claims();
            self.ears.rest_until = (!claims.is_empty()).then(|| now + REST);
            claims.into_iter().for_each(|claim| self.hear(now, claim));
        }
        self.judge(now);
    }

    /// Opens and closes ears.
    fn follow_held(&mut self, now: Instant) {
        let mut wanted: BTreeMap<u32, Alike> = BTreeMap::new();
        for spot in self.routers.values().filter(|m| m.held()).flat_map(|moved| &moved.spots) {
            let device = self.devices.get(spot.wanted.device);
            let ear = device.ours.as_ref().map_or(spot.wanted.device, |ours| ours.parent);
            if let Some(index) = self.devices.index(ear, &self.picture) {
                let alike = wanted.entry(index).or_default();
                *alike = alike.and(spot.wanted.address);
            }
        }
        let gone: Vec<u32> =
            self.ears.open.keys().filter(|index| !wanted.contains_key(index)).copied().collect();
        for index in gone {
            self.ears.open.remove(&index);
            // Its interface is gone, or it was closed: it is not heard either way.
            if self.kernel.listen(index, None).is_err() {
                self.ears.heard.clear();
            }
        }
        for (index, alike) in wanted {
            if self.ears.open.get(&index) == Some(&alike) {
                continue;
            }
            match self.kernel.listen(index, Some(alike)) {
                Ok(()) => {
                    self.ears.open.insert(index, alike);
                }
                // Tried again: an ear that is missing costs no more than knowing.
                Err(_) => self.ears.follow_at = Some(now + TELL_EVERY),
            }
        }
    }

    fn hear(&mut self, now: Instant, claim: Claim) {
        let Claim { index, address, mac } = claim;
        let name = self.picture.by_index(index).map(|link| &link.name);
        let Some(id) = name.and_then(|name| self.devices.id(name)) else { return };
        let who = self.devices.upon(id).find_map(|id| self.spots.get(&(id, address)).copied());
        let Some(who) = who else { return };
        let held_long = self.held_since(who).is_some_and(|at| at + GRACE <= now);
        if held_long && self.ears.heard.len() < MOST && !self.picture.has_mac(mac) {
            self.ears.heard.entry(who).or_insert((mac, now + DELAY));
        }
    }

    /// Tells of claims to what we still hold, and says again that it is ours.
    fn judge(&mut self, now: Instant) {
        let due =
            |(who, (mac, at)): (&Who, &([u8; 6], Instant))| (*at <= now).then_some((*who, *mac));
        let due: Vec<_> = self.ears.heard.iter().filter_map(due).collect();
        for (who, mac) in due {
            self.ears.heard.remove(&who);
            let held = self.held_since(who).is_some_and(|at| at + GRACE <= now);
            let (router, at) = who;
            let spot = self.routers.get_mut(&router).and_then(|moved| moved.spots.get_mut(at));
            let Some(spot) = spot.filter(|_| held) else { continue };
            if spot.disputed.is_some_and(|told| now.since(told) < TELL_EVERY) {
                continue;
            }
            spot.disputed = Some(now);
            let address = spot.wanted.address;
            self.facts.push(Fact::Conflict { router, address, mac });
            self.announce_one(now, router, address);
        }
    }

    fn held_since(&self, (router, at): Who) -> Option<Instant> {
        let moved = self.routers.get(&router).filter(|moved: &&Moved| moved.held())?;
        moved.spots.get(at)?.landed_at
    }
}

impl Alike {
    /// These addresses and one more.
    fn and(self, address: IpAddr) -> Self {
        let merge = |before: Option<(u32, u32)>, value: u32| {
            let (mask, common) = before.unwrap_or((u32::MAX, value));
            let mask = mask & !(common ^ value);
            Some((mask, value & mask))
        };
        match address {
            IpAddr::V4(address) => Self { v4: merge(self.v4, address.to_bits()), ..self },
            IpAddr::V6(address) => Self { v6: merge(self.v6, address.to_bits() as u32), ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_alike_in_the_bits_they_share() {
        let v4 = |host| IpAddr::from([192, 0, 2, host]);
        let one = Alike::default().and(v4(80));
        assert_eq!(one.v4, Some((u32::MAX, 0xc000_0250)));
        let more = one.and(v4(81)).and(v4(84));
        assert_eq!(more.v4, Some((0xffff_fffa, 0xc000_0250)));
        assert_eq!(more.v6, None);
        let v6 = more.and("2001:db8::80".parse().unwrap()).and("2001:db8:1::80".parse().unwrap());
        assert_eq!(v6.v6, Some((u32::MAX, 0x80)));
    }
}
