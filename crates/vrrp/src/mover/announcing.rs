//! Sending what the schedule says is due, as far as the pace allows.

use std::net::IpAddr;

use clock::{Duration, Instant};
use vrrp_proto::RouterId;

use super::announce::Who;
use super::kernel::{Announcement, Kernel};
use super::moved::Spot;
use super::{DeviceId, Mover};

/// Announcements sent at once at most; between sends the caller may change what is wanted.
const AT_ONCE: usize = 64;
/// The pause after one that could not leave: its interface is down or busy.
const AGAIN: Duration = Duration::from_millis(100);

impl<K: Kernel> Mover<K> {
    /// Sends some of what is due. False if nothing was.
    pub(super) fn announce_some(&mut self, now: Instant) -> bool {
        self.paced_until = None;
        let mut some: Vec<(Who, Announcement, u8)> = Vec::new();
        let mut any = false;
        while some.len() < AT_ONCE
            && let Some(who) = self.schedule.next_due(now)
        {
            if let Err(later) = self.pace.ask(now) {
                self.paced_until = Some(later);
                break;
            }
            any = true;
            let Some((announcement, copies)) = self.take_due(now, who) else { continue };
            self.pace.spend(now, copies.into());
            some.push((who, announcement, copies));
        }
        let most = some.iter().map(|(.., copies)| *copies).max().unwrap_or_default();
        for copy in 0..most {
            let round = some.iter().filter(|(.., copies)| copy < *copies);
            let round: Vec<(Who, Announcement)> = round.map(|(who, one, _)| (*who, *one)).collect();
            self.send_all(now, &round);
        }
        any
    }

    /// Moves one that is due to its next time; what to send, and how many of it.
    fn take_due(&mut self, now: Instant, who: Who) -> Option<(Announcement, u8)> {
        let (router, at) = who;
        let moved = self.routers.get_mut(&router)?;
        let burst = moved.burst;
        let spot = moved.spots.get_mut(at)?;
        let repeat = spot.repeat.take()?;
        self.schedule.remove(who, repeat);
        let index = self.devices.index(spot.wanted.device, &self.picture);
        let link = index.and_then(|index| self.picture.by_index(index));
        let next = match link.and_then(|link| link.mac) {
            Some(_) => repeat.following(now, spot.refresh),
            None => Some(repeat.put_off(now + AGAIN)),
        };
        spot.repeat = next;
        if let Some(next) = next {
            self.schedule.add(who, next);
        }
        let copies = if repeat.is_first() { burst } else { 1 };
        let (index, mac) = link.and_then(|link| Some((link.index, link.mac?)))?;
        Some((Announcement { index, mac, address: spot.wanted.address }, copies))
    }

    /// Sends each; those that cannot leave are tried again soon.
    fn send_all(&mut self, now: Instant, all: &[(Who, Announcement)]) {
        let frames: Vec<Announcement> = all.iter().map(|(_, one)| *one).collect();
        let mut at = 0;
        while let Some(rest) = frames.get(at..).filter(|rest| !rest.is_empty()) {
            match self.kernel.announce(rest) {
                Ok(count) => at += count.max(1),
                Err(_) => {
                    if let Some(&(who, _)) = all.get(at) {
                        self.put_off(now, who);
                    }
                    at += 1;
                }
            }
        }
    }

    fn put_off(&mut self, now: Instant, who: Who) {
        let spot = self.routers.get_mut(&who.0).and_then(|moved| moved.spots.get_mut(who.1));
        let Some(spot) = spot else { return };
        let again = spot.repeat.map(|repeat| repeat.due(now + AGAIN));
        if let (Some(before), Some(again)) = (spot.repeat, again) {
            self.schedule.remove(who, before);
            self.schedule.add(who, again);
            spot.repeat = Some(again);
        }
    }

    /// Begins anew to announce the addresses of a router that were announced before.
    pub(super) fn announce_again(
        &mut self,
        now: Instant,
        router: RouterId,
        which: impl Fn(&Spot) -> bool,
    ) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        for (at, spot) in moved.spots.iter_mut().enumerate() {
            if spot.landed_at.is_none() || !which(spot) {
                continue;
            }
            let before =
                spot.repeat.unwrap_or_else(|| super::announce::Repeat::landed(now).later());
            self.schedule.remove((router, at), before);
            let again = before.due(now);
            self.schedule.add((router, at), again);
            spot.repeat = Some(again);
        }
    }

    /// The same of every address whose announcements leave through this interface.
    pub(super) fn announce_upon(&mut self, now: Instant, id: DeviceId) {
        let devices: Vec<DeviceId> = self.devices.upon(id).collect();
        for device in devices {
            for router in self.devices.get(device).routers.clone() {
                self.announce_again(now, router, |spot| spot.wanted.device == device);
            }
        }
    }

    /// The same of one address, if it is held.
    pub(super) fn announce_one(&mut self, now: Instant, router: RouterId, address: IpAddr) {
        self.announce_again(now, router, |spot| spot.wanted.address == address);
    }
}
