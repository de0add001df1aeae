//! What to ask of the kernel next for one address, given what is wanted and what is there. Pure.
//!
//! The order, and why:
//! - *Held*: the address first, then the local route that kept its packets while it was away, so
//!   that the packets are ours all the time.
//! - *Absent*: the local route first, then the address. Without the address, and with `arp_ignore`
//!   at 1, the machine answers no ARP request for it; with the route it still takes what is in
//!   flight towards it. The route goes after [`LINGER`].
//!
//! Planning what is so already asks nothing, so applying twice is the same as once.

use std::net::Ipv4Addr;

use clock::{Duration, Instant};
use vrrp_proto::router::Holding;

use super::kernel::Request;

/// How long packets in flight towards an address that went are still taken. Their senders have
/// heard the successor's gratuitous ARP long before.
pub(super) const LINGER: Duration = Duration::from_millis(100);

/// The local route of one address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Route {
    /// A process before us may have left it.
    Unknown,
    /// Not there.
    Absent,
    /// Ours, until then.
    Placed(Instant),
}

/// One address and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) address: Ipv4Addr,
    /// The prefix length it is to have.
    pub(super) prefix: u8,
    /// Its interface; `None` while that is absent.
    pub(super) index: Option<u32>,
    /// The prefix lengths it has there now.
    pub(super) present: &'a [u8],
    pub(super) route: Route,
}

/// What comes next for one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// It is as wanted.
    Settled,
    /// Ask this.
    Ask(Request),
    /// Mute, then ask these in one send.
    LetGo(Vec<Request>),
    /// Look again then.
    Wait(Instant),
    /// Nothing can be done until its interface appears.
    Stuck,
}

/// What comes next.
pub(super) fn plan(now: Instant, want: Holding, place: &Place<'_>) -> Next {
    match want {
        Holding::Held => hold(place),
        Holding::Absent => let_go(now, place),
    }
}

fn hold(place: &Place<'_>) -> Next {
    let &Place { address, prefix, index, present, route } = place;
    let Some(index) = index else { return Next::Stuck };
    if !present.contains(&prefix) {
        return Next::Ask(Request::AddAddress { index, address, prefix });
    }
    match route {
        Route::Absent => Next::Settled,
        Route::Unknown | Route::Placed(_) => Next::Ask(Request::DeleteRoute(address)),
    }
}

fn let_go(now: Instant, place: &Place<'_>) -> Next {
    let &Place { address, index, present, route, .. } = place;
    if let Some(index) = index
        && !present.is_empty()
    {
        let deletes =
            present.iter().map(|&prefix| Request::DeleteAddress { index, address, prefix });
        return Next::LetGo([Request::AddRoute(address)].into_iter().chain(deletes).collect());
    }
    match route {
        Route::Absent => Next::Settled,
        Route::Placed(until) if now < until => Next::Wait(until),
        Route::Unknown | Route::Placed(_) => Next::Ask(Request::DeleteRoute(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);
    const UNTIL: Instant = Instant::from_millis(100);
    const ADD: Request = Request::AddAddress { index: 7, address: VIP, prefix: 32 };
    const DELETE: Request = Request::DeleteAddress { index: 7, address: VIP, prefix: 32 };
    const STRAY: Request = Request::DeleteAddress { index: 7, address: VIP, prefix: 24 };

    #[test]
    fn what_is_wanted_and_what_is_there_decide_what_comes_next() {
        use Holding::{Absent, Held};
        let drop_route = || Next::Ask(Request::DeleteRoute(VIP));
        let placed = Route::Placed(UNTIL);
        check(Held, &[], Route::Absent, 0, &Next::Ask(ADD));
        check(Held, &[24], Route::Absent, 0, &Next::Ask(ADD));
        check(Held, &[], placed, 0, &Next::Ask(ADD));
        check(Held, &[32], placed, 0, &drop_route());
        check(Held, &[32], Route::Unknown, 0, &drop_route());
        check(Held, &[32], Route::Absent, 0, &Next::Settled);
        let mute = |deletes: &[Request]| Next::LetGo([&[Request::AddRoute(VIP)], deletes].concat());
        check(Absent, &[32], Route::Absent, 0, &mute(&[DELETE]));
        check(Absent, &[32], placed, 0, &mute(&[DELETE]));
        check(Absent, &[24, 32], Route::Unknown, 0, &mute(&[STRAY, DELETE]));
        check(Absent, &[], placed, 99, &Next::Wait(UNTIL));
        check(Absent, &[], placed, 100, &drop_route());
        check(Absent, &[], Route::Unknown, 0, &drop_route());
        check(Absent, &[], Route::Absent, 0, &Next::Settled);
    }

    #[test]
    fn without_its_interface_nothing_is_held_and_nothing_is_left() {
        let gone = |route| Place { address: VIP, prefix: 32, index: None, present: &[], route };
        assert_eq!(plan(UNTIL, Holding::Held, &gone(Route::Absent)), Next::Stuck);
        assert_eq!(plan(UNTIL, Holding::Absent, &gone(Route::Absent)), Next::Settled);
    }

    fn check(want: Holding, present: &[u8], route: Route, now_ms: u64, next: &Next) {
        let place = Place { address: VIP, prefix: 32, index: Some(7), present, route };
        let planned = plan(Instant::from_millis(now_ms), want, &place);
        assert_eq!(&planned, next, "{want:?} {present:?} {route:?} at {now_ms} ms");
    }
}
