//! What to ask of the kernel next for one address, given what is wanted and what is there. Pure.
//!
//! The order, and why:
//! - *Held*: the address first, then the local route that kept its packets while it was away, so
//!   that the packets are ours all the time.
//! - *Absent*: the local route first, then the address. Without the address the machine answers no
//!   neighbour solicitation for it, and with `arp_ignore` at 1 no ARP request; with the route it
//!   still takes what is in flight towards it. The route goes after [`LINGER`].
//! - *Absent from a virtual MAC's device*: just the address. The device is down before, and what is
//!   in flight goes to its MAC address, which the switch knows elsewhere since the successor's first
//!   advert.
//!
//! Planning what is so already asks nothing, so applying twice is the same as once.

use std::net::IpAddr;

use clock::{Duration, Instant};
use vrrp_proto::router::Holding;

use super::kernel::Request;
use super::rows::Manner;

/// How long packets in flight towards an address that went are still taken. Their senders have
/// heard the successor's announcement long before.
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
    /// Never there: the address stands on a virtual MAC's device.
    Never,
}

/// One address and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) address: IpAddr,
    /// The prefix length it is to have.
    pub(super) prefix: u8,
    pub(super) manner: Manner,
    /// Its interface; `None` while that is absent.
    pub(super) index: Option<u32>,
    /// The prefix lengths it has there now.
    pub(super) present: &'a [u8],
    /// Where it is besides: an interface that has another name by now, and the prefix length there.
    pub(super) stray: Option<(u32, u8)>,
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
    if let Some((index, prefix)) = place.stray {
        return Next::Ask(Request::DeleteAddress { index, address: place.address, prefix });
    }
    match want {
        Holding::Held => hold(place),
        Holding::Absent => let_go(now, place),
    }
}

fn hold(place: &Place<'_>) -> Next {
    let &Place { address, prefix, manner, index, present, route, .. } = place;
    let Some(index) = index else { return Next::Stuck };
    if !present.contains(&prefix) {
        return Next::Ask(Request::AddAddress { index, address, prefix, manner });
    }
    match route {
        Route::Absent | Route::Never => Next::Settled,
        Route::Unknown | Route::Placed(_) => Next::Ask(Request::DeleteLocal(address)),
    }
}

fn let_go(now: Instant, place: &Place<'_>) -> Next {
    let &Place { address, index, present, route, .. } = place;
    if let Some(index) = index
        && !present.is_empty()
    {
        let deletes =
            present.iter().map(|&prefix| Request::DeleteAddress { index, address, prefix });
        let keeps = (route != Route::Never).then_some(Request::AddLocal(address));
        return Next::LetGo(keeps.into_iter().chain(deletes).collect());
    }
    match route {
        Route::Absent | Route::Never => Next::Settled,
        Route::Placed(until) if now < until => Next::Wait(until),
        Route::Unknown | Route::Placed(_) => Next::Ask(Request::DeleteLocal(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 80));
    const UNTIL: Instant = Instant::from_millis(100);
    const DELETE: Request = Request::DeleteAddress { index: 7, address: VIP, prefix: 32 };
    const STRAY: Request = Request::DeleteAddress { index: 7, address: VIP, prefix: 24 };

    #[test]
    fn what_is_wanted_and_what_is_there_decide_what_comes_next() {
        use Holding::{Absent, Held};
        let add = || {
            let manner = Manner::default();
            Next::Ask(Request::AddAddress { index: 7, address: VIP, prefix: 32, manner })
        };
        let drop_route = || Next::Ask(Request::DeleteLocal(VIP));
        let placed = Route::Placed(UNTIL);
        check(Held, &[], Route::Absent, 0, &add());
        check(Held, &[24], Route::Absent, 0, &add());
        check(Held, &[], placed, 0, &add());
        check(Held, &[32], placed, 0, &drop_route());
        check(Held, &[32], Route::Unknown, 0, &drop_route());
        check(Held, &[32], Route::Absent, 0, &Next::Settled);
        check(Held, &[32], Route::Never, 0, &Next::Settled);
        let mute = |deletes: &[Request]| Next::LetGo([&[Request::AddLocal(VIP)], deletes].concat());
        check(Absent, &[32], Route::Absent, 0, &mute(&[DELETE]));
        check(Absent, &[32], placed, 0, &mute(&[DELETE]));
        check(Absent, &[24, 32], Route::Unknown, 0, &mute(&[STRAY, DELETE]));
        check(Absent, &[32], Route::Never, 0, &Next::LetGo(vec![DELETE]));
        check(Absent, &[], placed, 99, &Next::Wait(UNTIL));
        check(Absent, &[], placed, 100, &drop_route());
        check(Absent, &[], Route::Unknown, 0, &drop_route());
        check(Absent, &[], Route::Absent, 0, &Next::Settled);
        check(Absent, &[], Route::Never, 0, &Next::Settled);
    }

    #[test]
    fn without_its_interface_nothing_is_held_and_nothing_is_left() {
        let gone = Place { index: None, ..place(&[], Route::Absent) };
        assert_eq!(plan(UNTIL, Holding::Held, &gone), Next::Stuck);
        assert_eq!(plan(UNTIL, Holding::Absent, &gone), Next::Settled);
    }

    #[test]
    fn an_interface_that_was_renamed_keeps_no_address_of_ours() {
        let strayed = Place { index: None, stray: Some((9, 32)), ..place(&[], Route::Absent) };
        let delete = Request::DeleteAddress { index: 9, address: VIP, prefix: 32 };
        for want in [Holding::Held, Holding::Absent] {
            assert_eq!(plan(UNTIL, want, &strayed), Next::Ask(delete));
        }
    }

    fn place(present: &[u8], route: Route) -> Place<'_> {
        let manner = Manner::default();
        Place { address: VIP, prefix: 32, manner, index: Some(7), present, stray: None, route }
    }

    fn check(want: Holding, present: &[u8], route: Route, now_ms: u64, next: &Next) {
        let planned = plan(Instant::from_millis(now_ms), want, &place(present, route));
        assert_eq!(&planned, next, "{want:?} {present:?} {route:?} at {now_ms} ms");
    }
}
