//! One round: what to ask next, over all routers, and what came of it. A router with much to ask
//! takes turns with the others, so that the first addresses of each come first; one that lets go
//! is not made to wait for one that takes.

use clock::Instant;
use vrrp_proto::RouterId;
use vrrp_proto::router::Holding;

use super::kernel::{Kernel, Request};
use super::moved::Spot;
use super::plan::{Next, Route, plan};
use super::{Asked, BATCH, Mover, News, Piece};
use crate::Fact;

/// What a look at a router came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Look {
    /// Nothing more to ask before something changes.
    Over,
    /// The round is full.
    More,
}

impl<K: Kernel> Mover<K> {
    /// One send for up to [`BATCH`] addresses, and what came of it. False if nothing is to be asked.
    pub(super) fn move_some(&mut self, now: Instant) -> bool {
        let asked = self.gather(now);
        if asked.is_empty() {
            return false;
        }
        let requests: Vec<Request> = asked.iter().map(|one| one.request).collect();
        let answers = self.kernel.request(&requests);
        for (asked, answer) in asked.into_iter().zip(answers) {
            self.answered(now, asked, answer);
        }
        self.announce_some(now);
        true
    }

    /// A router has something to look at.
    pub(super) fn line_up(&mut self, router: RouterId) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        let lets_go = moved.holding() == Some(Holding::Absent);
        if lets_go && moved.in_line {
            self.line.retain(|other| *other != router);
            moved.in_line = false;
        }
        if !std::mem::replace(&mut moved.in_line, true) {
            if lets_go { self.line.push_front(router) } else { self.line.push_back(router) }
        }
    }

    /// Queues what has waited long enough.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(&(at, router, place)) = self.waits.first()
            && at <= now
        {
            self.waits.pop_first();
            if let Some(moved) = self.routers.get_mut(&router) {
                if let Some(spot) = moved.spots.get_mut(place) {
                    spot.wait = None;
                }
                moved.queue(place);
            }
            self.line_up(router);
        }
    }

    fn gather(&mut self, now: Instant) -> Vec<Asked> {
        let mut asked = Vec::new();
        let mut addresses = 0;
        while addresses < BATCH
            && let Some(router) = self.line.pop_front()
        {
            if let Some(moved) = self.routers.get_mut(&router) {
                moved.in_line = false;
            }
            if self.look_at(now, router, &mut asked, &mut addresses) == Look::More {
                self.line_up(router);
            }
        }
        asked
    }

    fn look_at(
        &mut self,
        now: Instant,
        router: RouterId,
        asked: &mut Vec<Asked>,
        addresses: &mut usize,
    ) -> Look {
        let want = self.routers.get(&router).and_then(|moved| moved.want);
        let Some((revision, holding)) = want else { return Look::Over };
        let before = asked.len();
        asked.extend(self.switch_devices(now, router, holding == Holding::Held));
        let mut extras = true;
        if holding == Holding::Absent {
            extras = self.follow_extras(now, router, holding, asked);
        }
        while let Some(at) = self.routers.get_mut(&router).and_then(super::Moved::next) {
            *addresses += usize::from(self.look_at_spot(now, router, at, holding, asked));
            if *addresses >= BATCH {
                return Look::More;
            }
        }
        let there = self.routers.get(&router).is_some_and(super::Moved::all_there);
        if holding == Holding::Held {
            extras = there && self.follow_extras(now, router, holding, asked);
        }
        if there && extras && asked.len() == before {
            self.settle(now, router, revision, holding);
        }
        Look::Over
    }

    /// Plans one address. True if something was asked.
    fn look_at_spot(
        &mut self,
        now: Instant,
        router: RouterId,
        at: usize,
        holding: Holding,
        asked: &mut Vec<Asked>,
    ) -> bool {
        let Some(moved) = self.routers.get_mut(&router) else { return false };
        let Some(spot) = moved.spots.get(at) else { return false };
        let device = spot.wanted.device;
        let index = self.devices.index(device, &self.picture);
        let next = match spot.retry_after(now) {
            Some(later) => Next::Wait(later),
            None => plan(now, holding, &spot.place(index, &self.picture, &mut [0; 129])),
        };
        let mut ask = |request| asked.push(Asked { router, piece: Piece::Spot(at), request });
        match next {
            Next::Settled => {
                moved.settle(at);
                // It was there already: held anew before it went, or left by an earlier process.
                let found = moved.spots.get_mut(at).filter(|spot| spot.landed_at.is_none());
                if holding == Holding::Held
                    && let Some(spot) = found
                    && let Some(index) = index
                {
                    spot.on = Some(index);
                    self.landed(now, (router, at));
                }
                return false;
            }
            Next::Stuck => return false,
            Next::Wait(until) => {
                let known = moved.spots.get_mut(at).and_then(|spot| spot.wait.replace(until));
                if let Some(known) = known {
                    self.waits.remove(&(known, router, at));
                }
                self.waits.insert((until, router, at));
                return false;
            }
            Next::Ask(request) => ask(request),
            Next::LetGo(requests) => {
                let name = &self.devices.get(device).name;
                let mute =
                    |spot: &Spot| spot.wanted.address.is_ipv4() && spot.route != Route::Never;
                // Unmuted, the route would answer for the address: it goes without one.
                let unmuted = mute(spot) && !self.quiet.hush(&mut self.kernel, device, name);
                requests.into_iter().skip(usize::from(unmuted)).for_each(ask);
            }
        }
        true
    }

    /// Says once that a router is as wanted.
    fn settle(&mut self, now: Instant, router: RouterId, revision: u64, holding: Holding) {
        if !self.devices_settled(router, holding == Holding::Held) {
            return;
        }
        let Some(moved) = self.routers.get_mut(&router) else { return };
        if moved.settled.replace(revision) != Some(revision) {
            self.news.push(News::Settled(router, revision));
            self.facts.push(Fact::Settled { router, holding, at: now });
        }
    }
}
