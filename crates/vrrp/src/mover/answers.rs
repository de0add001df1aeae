//! What the mover does about each answer of the kernel.

use clock::Instant;
use nix::errno::Errno;
use vrrp_proto::RouterId;

use super::Mover;
use super::announce::Repeat;
use super::kernel::{Answer, Kernel, Request};
use super::picture::AddressRow;
use super::plan::{LINGER, Route};
use crate::Fact;

impl<K: Kernel> Mover<K> {
    /// One answer about the address `at` of a router.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        router: RouterId,
        at: usize,
        request: Request,
        answer: Answer,
    ) {
        if answer.result == Err(Errno::ENOBUFS) {
            // The answer was lost: only a dump tells what happened.
            self.verify_at = now;
        }
        match (request, answer.result) {
            // EEXIST: it is there, which is all that was asked.
            (Request::AddAddress { index, .. }, Ok(()) | Err(Errno::EEXIST)) => {
                self.landed(now, router, at, index, answer);
            }
            // Its interface went a moment ago; the notice is on its way.
            (Request::AddAddress { index, .. }, Err(Errno::ENODEV)) => {
                self.picture.link_gone(index)
            }
            // EADDRNOTAVAIL: it is not there. ENODEV: nor is its interface.
            (
                Request::DeleteAddress { index, address, prefix },
                Ok(()) | Err(Errno::EADDRNOTAVAIL | Errno::ENODEV),
            ) => {
                self.picture.address_gone(index, address, prefix);
                self.accept(router, at, answer.sequence, None);
            }
            (Request::AddRoute(_), Ok(()) | Err(Errno::EEXIST)) => {
                self.accept(router, at, answer.sequence, Some(Route::Placed(now + LINGER)));
            }
            // Without the route packets in flight are lost, no more: the address goes all the same.
            (Request::AddRoute(_), Err(_)) => {
                self.accept(router, at, answer.sequence, Some(Route::Absent));
            }
            // ESRCH: it is not there. Nor is any local route where `lo` is down or gone.
            (
                Request::DeleteRoute(_),
                Ok(()) | Err(Errno::ESRCH | Errno::ENODEV | Errno::ENETDOWN | Errno::ENETUNREACH),
            ) => self.accept(router, at, answer.sequence, Some(Route::Absent)),
            (
                Request::AddAddress { .. }
                | Request::DeleteAddress { .. }
                | Request::DeleteRoute(_),
                Err(errno),
            ) => self.refuse(now, router, at, errno),
        }
    }

    /// An address is there: announce it at once, before the next answer is looked at.
    fn landed(&mut self, now: Instant, router: RouterId, at: usize, index: u32, answer: Answer) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        let Some(spot) = moved.spots.get_mut(at) else { return };
        let address = spot.wanted.address;
        if let Some(mac) = self.picture.by_name(&moved.interface).and_then(|link| link.mac) {
            self.budget.spend(now);
            spot.repeat = Some(match self.kernel.announce(index, mac, address) {
                Ok(()) => Repeat::first(now),
                // The interface cannot send yet: link up announces, and so does the next repeat.
                Err(_) => Repeat::due(now + LINGER),
            });
            let next = spot.repeat.map(Repeat::at);
            self.repeat_at = self.repeat_at.into_iter().chain(next).min();
        }
        self.picture.address(AddressRow {
            index,
            address,
            prefix: spot.wanted.prefix,
            secondary: false,
        });
        spot.accepted(answer.sequence);
        let lost = std::mem::take(&mut spot.lost);
        if lost && answer.result.is_ok() {
            self.facts.push(Fact::Repaired { router, address: address.into() });
        }
    }

    fn accept(&mut self, router: RouterId, at: usize, sequence: u32, route: Option<Route>) {
        let spot = self.routers.get_mut(&router).and_then(|moved| moved.spots.get_mut(at));
        if let Some(spot) = spot {
            spot.accepted(sequence);
            spot.route = route.unwrap_or(spot.route);
        }
    }

    fn refuse(&mut self, now: Instant, router: RouterId, at: usize, errno: Errno) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        let Some(spot) = moved.spots.get_mut(at) else { return };
        if let Some(errno) = spot.refused(now, errno) {
            let address = spot.wanted.address;
            self.facts.push(Fact::AddressRefused {
                router,
                address: address.into(),
                errno: errno as i32,
            });
        }
    }
}
