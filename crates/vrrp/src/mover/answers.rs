//! What the mover does about each answer of the kernel.

use clock::Instant;
use nix::errno::Errno;
use vrrp_proto::RouterId;
use vrrp_proto::router::Holding;

use super::announce::{Repeat, Who};
use super::kernel::{Answer, Kernel, Request};
use super::plan::{LINGER, Route};
use super::rows::{AddressRow, Standing};
use super::{Asked, Mover, Piece};
use crate::Fact;

impl<K: Kernel> Mover<K> {
    /// One answer.
    pub(super) fn answered(&mut self, now: Instant, asked: Asked, answer: Answer) {
        let Asked { router, piece, request } = asked;
        if answer.result == Err(Errno::ENOBUFS) {
            // The answer was lost: only a dump tells what happened.
            self.verify_at = now;
        }
        match piece {
            Piece::Device(id) => self.device_answered(now, id, request, answer.result),
            Piece::Spot(at) => {
                self.spot_answered(now, router, at, request, answer);
                if let Some(moved) = self.routers.get_mut(&router) {
                    moved.queue(at);
                }
            }
            Piece::Extra(at) => self.extra_answered(now, router, at, request, answer),
        }
        self.line_up(router);
    }

    fn spot_answered(
        &mut self,
        now: Instant,
        router: RouterId,
        at: usize,
        request: Request,
        answer: Answer,
    ) {
        match (request, answer.result) {
            // EEXIST: it is there, which is all that was asked.
            (Request::AddAddress { index, .. }, Ok(()) | Err(Errno::EEXIST)) => {
                self.added((router, at), index, answer);
                self.landed(now, (router, at));
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
            (Request::AddLocal(_), Ok(()) | Err(Errno::EEXIST)) => {
                self.accept(router, at, answer.sequence, Some(Route::Placed(now + LINGER)));
            }
            // Without the route packets in flight are lost, no more: the address goes all the same.
            (Request::AddLocal(_), Err(_)) => {
                self.accept(router, at, answer.sequence, Some(Route::Absent));
            }
            // ESRCH: it is not there. Nor is any local route where `lo` is down or gone, or where
            // there is no IPv6.
            (
                Request::DeleteLocal(_),
                Ok(())
                | Err(
                    Errno::ESRCH
                    | Errno::ENODEV
                    | Errno::ENETDOWN
                    | Errno::ENETUNREACH
                    | Errno::EAFNOSUPPORT
                    | Errno::EOPNOTSUPP,
                ),
            ) => self.accept(router, at, answer.sequence, Some(Route::Absent)),
            (_, Err(errno)) => self.refuse(now, router, at, errno),
            // Nothing else is asked about an address.
            (_, Ok(())) => {}
        }
    }

    /// An address is on an interface.
    fn added(&mut self, (router, at): Who, index: u32, answer: Answer) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        let Some(spot) = moved.spots.get_mut(at) else { return };
        let (address, prefix) = (spot.wanted.address, spot.wanted.prefix);
        self.picture.address(AddressRow { index, address, prefix, standing: Standing::Primary });
        spot.accepted(answer.sequence);
        spot.on = Some(index);
        let lost = std::mem::take(&mut spot.lost);
        if lost && answer.result.is_ok() {
            self.facts.push(Fact::Repaired { router, address });
        }
    }

    /// An address is there and held: announced with the batch it landed in.
    pub(super) fn landed(&mut self, now: Instant, who: Who) {
        let (router, at) = who;
        let Some(moved) = self.routers.get_mut(&router) else { return };
        if moved.holding() != Some(Holding::Held) {
            return;
        }
        let Some(spot) = moved.spots.get_mut(at) else { return };
        spot.landed_at = Some(now);
        let repeat = Repeat::landed(now);
        if let Some(before) = spot.repeat.replace(repeat) {
            self.schedule.remove(who, before);
        }
        self.schedule.add(who, repeat);
    }

    /// A request was done; `route` is what it made of the local route.
    fn accept(&mut self, router: RouterId, at: usize, sequence: u32, route: Option<Route>) {
        let spot = self.routers.get_mut(&router).and_then(|moved| moved.spots.get_mut(at));
        let Some(spot) = spot else { return };
        spot.accepted(sequence);
        let Some(route) = route else { return };
        let placed = |route| matches!(route, Route::Placed(_));
        let before = std::mem::replace(&mut spot.route, route);
        if spot.wanted.address.is_ipv4() {
            match (placed(before), placed(route)) {
                (false, true) => self.quiet.enter(spot.wanted.device),
                (true, false) => self.quiet.leave(spot.wanted.device),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn refuse(&mut self, now: Instant, router: RouterId, at: usize, errno: Errno) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        let Some(spot) = moved.spots.get_mut(at) else { return };
        if let Some(errno) = spot.refused(now, errno) {
            let address = spot.wanted.address;
            self.facts.push(Fact::AddressRefused { router, address, errno: errno as i32 });
        }
    }
}
