//! The transition table: every state and every event, in the order of RFC 9568 6.4 (1 to 12 are
//! the rows of `vrrp.md` section 5), then what we add to it.
//!
//! Own priority 100, own address 192.0.2.1, 1 s, preempting.

use std::collections::BTreeSet;

use super::*;

/// The state before the event, which comes at 10 s or later.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Before {
    /// Not started.
    Init,
    /// Started, the link is down.
    Waiting,
    /// Heard a better router at 9 s.
    Backup,
    /// Since 9.5 s.
    Active,
    /// Since 9.5 s.
    Leaving,
}

const ALL: [Before; 5] =
    [Before::Init, Before::Waiting, Before::Backup, Before::Active, Before::Leaving];

const NOW: Instant = ms(10_000);
const LATE: Instant = ms(20_000);

const RELEASED: Event = heard(HIGHER_ADDRESS, 0);
const HIGHER: Event = heard(LOWER_ADDRESS, 150);
const TIE_ABOVE: Event = heard(HIGHER_ADDRESS, 100);
const TIE_BELOW: Event = heard(LOWER_ADDRESS, 100);
const LOWER: Event = heard(HIGHER_ADDRESS, 50);
const OWN: Event = heard(OURS, 100);
const FRESH: Event = Event::Resume(ms(9_000));
const STALE: Event = Event::Resume(ms(7_000));
const RAISED: Event = Event::Priority(prio(200));
const DOWN: Event = Event::Link(Link::Down);
const MOVED: Event = Event::Link(Link::Up(host(7)));
const LEARNED: Event = Event::Learned(Checksum::Rfc9568);

/// Each event once. A new variant of `Event` or `Link` does not compile until it has a number here,
/// and then fails until it has a row for every state.
fn number(now: Instant, event: Event) -> usize {
    match event {
        Event::Startup => 0,
        Event::Resume(sent) => 1 + usize::from(sent < ms(8_000)),
        Event::Shutdown => 3,
        Event::Keep => 4,
        Event::Tick => 5 + usize::from(now == LATE),
        Event::Advert(heard) if heard.priority == Priority::RELEASE => 7,
        Event::Advert(heard) if heard.priority > prio(100) => 8,
        Event::Advert(heard) if heard.priority < prio(100) => 9,
        Event::Advert(heard) if heard.from > OURS => 10,
        Event::Advert(heard) if heard.from < OURS => 11,
        Event::Advert(_) => 12,
        Event::Priority(_) => 13,
        Event::Link(Link::Down) => 14,
        Event::Link(Link::Up(_)) => 15,
        Event::Ready => 16,
        Event::Learned(_) => 17,
    }
}
const NUMBERS: usize = 18;

/// Before, when, what; then what comes out, the role after it, and the deadline.
type Row = (Before, Instant, Event, &'static [Output], Role, Option<Instant>);

const STARTED: &[Output] = &[ABSENT, became(Role::Backup, Reason::Startup)];
const YIELDED: &[Output] = &[ABSENT, became(Role::Backup, Reason::PeerHigher)];
const SUCCEEDED: &[Output] = &[ABSENT, became(Role::Init, Reason::Succeeded)];
const CUT: &[Output] = &[ABSENT, became(Role::Init, Reason::LinkDown)];

// From 10 s: Skew_Time, Active_Down_Interval; and the deadlines of the states before the event.
const IN_SKEW: Option<Instant> = Some(us(10_609_375));
const IN_DOWN: Option<Instant> = Some(us(13_609_375));
const TAKEOVER: Option<Instant> = Some(us(12_609_375));
const ADVERT: Option<Instant> = Some(ms(10_500));
const LEAVE: Option<Instant> = Some(Instant::from_nanos(11_492_187_500));

#[rustfmt::skip]
const TABLE: &[Row] = {
    use Before::*;
    &[
    // 2 (1: the_owner_is_active_at_once)
    (Init, NOW, Event::Startup, STARTED, Role::Backup, IN_DOWN),
    (Init, NOW, FRESH, &[advertise(100), HELD, became(Role::Active, Reason::Resumed)], Role::Active, Some(ms(11_000))),
    (Init, NOW, STALE, STARTED, Role::Backup, IN_DOWN),
    (Init, NOW, Event::Shutdown, &[], Role::Init, None),
    (Init, NOW, Event::Keep, &[], Role::Init, None),
    (Init, NOW, Event::Tick, &[], Role::Init, None),
    (Init, LATE, Event::Tick, &[], Role::Init, None),
    (Init, NOW, RELEASED, &[], Role::Init, None),
    (Init, NOW, HIGHER, &[], Role::Init, None),
    (Init, NOW, TIE_ABOVE, &[], Role::Init, None),
    (Init, NOW, TIE_BELOW, &[], Role::Init, None),
    (Init, NOW, LOWER, &[], Role::Init, None),
    (Init, NOW, OWN, &[], Role::Init, None),
    (Init, NOW, RAISED, &[], Role::Init, None),
    (Init, NOW, DOWN, &[], Role::Init, None),
    (Init, NOW, MOVED, &[], Role::Init, None),
    (Init, NOW, Event::Ready, &[], Role::Init, None),
    (Init, NOW, LEARNED, &[], Role::Init, None),

    (Waiting, NOW, Event::Startup, &[ABSENT], Role::Init, None),
    (Waiting, NOW, FRESH, &[ABSENT], Role::Init, None),
    (Waiting, NOW, STALE, &[ABSENT], Role::Init, None),
    (Waiting, NOW, Event::Shutdown, &[], Role::Init, None),
    (Waiting, NOW, Event::Keep, &[], Role::Init, None),
    (Waiting, NOW, Event::Tick, &[], Role::Init, None),
    (Waiting, LATE, Event::Tick, &[], Role::Init, None),
    (Waiting, NOW, RELEASED, &[], Role::Init, None),
    (Waiting, NOW, HIGHER, &[], Role::Init, None),
    (Waiting, NOW, TIE_ABOVE, &[], Role::Init, None),
    (Waiting, NOW, TIE_BELOW, &[], Role::Init, None),
    (Waiting, NOW, LOWER, &[], Role::Init, None),
    (Waiting, NOW, OWN, &[], Role::Init, None),
    (Waiting, NOW, RAISED, &[], Role::Init, None),
    (Waiting, NOW, DOWN, &[], Role::Init, None),
    (Waiting, NOW, MOVED, &[ABSENT, became(Role::Backup, Reason::LinkUp)], Role::Backup, IN_DOWN),
    (Waiting, NOW, Event::Ready, &[], Role::Init, None),
    (Waiting, NOW, LEARNED, &[], Role::Init, None),

    (Backup, NOW, Event::Startup, &[], Role::Backup, TAKEOVER),
    (Backup, NOW, FRESH, &[], Role::Backup, TAKEOVER),
    (Backup, NOW, STALE, &[], Role::Backup, TAKEOVER),
    // 3
    (Backup, NOW, Event::Shutdown, &[became(Role::Init, Reason::Shutdown)], Role::Init, None),
    (Backup, NOW, Event::Keep, &[became(Role::Init, Reason::Keep)], Role::Init, None),
    // 4
    (Backup, NOW, Event::Tick, &[], Role::Backup, TAKEOVER),
    (Backup, LATE, Event::Tick, &[advertise(100), HELD, became(Role::Active, Reason::PeerSilent)], Role::Active, Some(ms(21_000))),
    // 5
    (Backup, NOW, RELEASED, &[], Role::Backup, IN_SKEW),
    // 6
    (Backup, NOW, HIGHER, &[], Role::Backup, IN_DOWN),
    (Backup, NOW, TIE_ABOVE, &[], Role::Backup, IN_DOWN),
    (Backup, NOW, TIE_BELOW, &[], Role::Backup, IN_DOWN),
    // 7
    (Backup, NOW, LOWER, &[], Role::Backup, TAKEOVER),
    (Backup, NOW, OWN, &[], Role::Backup, TAKEOVER),
    (Backup, NOW, RAISED, &[], Role::Backup, Some(us(12_218_750))),
    (Backup, NOW, DOWN, CUT, Role::Init, None),
    (Backup, NOW, MOVED, &[], Role::Backup, TAKEOVER),
    (Backup, NOW, Event::Ready, &[], Role::Backup, TAKEOVER),
    (Backup, NOW, LEARNED, &[], Role::Backup, TAKEOVER),

    (Active, NOW, Event::Startup, &[], Role::Active, ADVERT),
    (Active, NOW, FRESH, &[], Role::Active, ADVERT),
    (Active, NOW, STALE, &[], Role::Active, ADVERT),
    // 8
    (Active, NOW, Event::Shutdown, &[advertise(0), became(Role::Leaving, Reason::Shutdown)], Role::Leaving, Some(Instant::from_nanos(11_992_187_500))),
    (Active, NOW, Event::Keep, &[advertise(100), became(Role::Init, Reason::Keep)], Role::Init, None),
    // 9
    (Active, NOW, Event::Tick, &[], Role::Active, ADVERT),
    (Active, LATE, Event::Tick, &[advertise(100)], Role::Active, Some(ms(21_000))),
    // 10
    (Active, NOW, RELEASED, &[advertise(100)], Role::Active, Some(ms(11_000))),
    // 11
    (Active, NOW, HIGHER, YIELDED, Role::Backup, IN_DOWN),
    (Active, NOW, TIE_ABOVE, YIELDED, Role::Backup, IN_DOWN),
    // 12
    (Active, NOW, TIE_BELOW, &[advertise(100), Output::Announce], Role::Active, ADVERT),
    (Active, NOW, LOWER, &[advertise(100), Output::Announce], Role::Active, ADVERT),
    (Active, NOW, OWN, &[], Role::Active, ADVERT),
    (Active, NOW, RAISED, &[advertise(200)], Role::Active, ADVERT),
    (Active, NOW, DOWN, CUT, Role::Init, None),
    (Active, NOW, MOVED, &[advertise(100)], Role::Active, ADVERT),
    (Active, NOW, Event::Ready, &[], Role::Active, ADVERT),
    (Active, NOW, LEARNED, &[], Role::Active, ADVERT),

    (Leaving, NOW, Event::Startup, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, FRESH, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, STALE, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, Event::Shutdown, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, Event::Keep, &[ABSENT, became(Role::Init, Reason::Keep)], Role::Init, None),
    (Leaving, NOW, Event::Tick, &[], Role::Leaving, LEAVE),
    (Leaving, LATE, Event::Tick, &[ABSENT, became(Role::Init, Reason::NoSuccessor)], Role::Init, None),
    (Leaving, NOW, RELEASED, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, HIGHER, SUCCEEDED, Role::Init, None),
    (Leaving, NOW, TIE_ABOVE, SUCCEEDED, Role::Init, None),
    (Leaving, NOW, TIE_BELOW, SUCCEEDED, Role::Init, None),
    (Leaving, NOW, LOWER, SUCCEEDED, Role::Init, None),
    (Leaving, NOW, OWN, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, RAISED, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, DOWN, CUT, Role::Init, None),
    (Leaving, NOW, MOVED, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, Event::Ready, &[], Role::Leaving, LEAVE),
    (Leaving, NOW, LEARNED, &[], Role::Leaving, LEAVE),
    ]
};

#[test]
fn every_state_answers_every_event() {
    for (before, now, event, outputs, role, deadline) in TABLE.iter().copied() {
        let mut router = router_in(before);
        let title = std::format!("{before:?}, {event:?} at {now:?}");
        assert_eq!(&*router.handle(now, event), outputs, "{title}");
        assert_eq!((router.role(), router.deadline()), (role, deadline), "{title}");
    }
}

#[test]
fn the_table_has_every_pair_once() {
    let pairs: BTreeSet<_> =
        TABLE.iter().map(|(before, now, event, ..)| (*before, number(*now, *event))).collect();
    let all = ALL.iter().flat_map(|before| (0..NUMBERS).map(move |number| (*before, number)));
    assert_eq!(pairs, all.collect());
    assert_eq!(TABLE.len(), ALL.len() * NUMBERS);
}

#[test]
fn every_role_is_in_the_table() {
    let seen = |router: &Router| match router.state {
        State::Init(Init { ordered: Ordered::Out, .. }) => Before::Init,
        State::Init(Init { ordered: Ordered::In, .. }) => Before::Waiting,
        State::Backup(_) => Before::Backup,
        State::Active(_) => Before::Active,
        State::Leaving(_) => Before::Leaving,
    };
    assert_eq!(ALL.map(|before| seen(&router_in(before))), ALL);
}

fn router_in(before: Before) -> Router {
    let mut router = node(settings(100));
    let events: &[(Instant, Event)] = match before {
        Before::Init => &[],
        Before::Waiting => &[(ms(0), DOWN), (ms(0), Event::Startup)],
        Before::Backup => &[(ms(0), Event::Startup), (ms(9_000), HIGHER)],
        Before::Active => &[(ms(0), Event::Startup), (ms(9_500), Event::Tick)],
        Before::Leaving => {
            &[(ms(0), Event::Startup), (ms(9_500), Event::Tick), (ms(9_500), Event::Shutdown)]
        }
    };
    for (at, event) in events {
        let _outputs = router.handle(*at, *event);
    }
    router
}
