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
    /// Started, with a fault.
    Faulty,
    /// Started, with a delay until 15 s.
    Delayed,
    /// Heard a better router at 9 s.
    Backup,
    /// Since 9.5 s.
    Active,
    /// Since 9.5 s, and has said so for the last time.
    Leaving,
}

const ALL: [Before; 7] = [
    Before::Init,
    Before::Waiting,
    Before::Faulty,
    Before::Delayed,
    Before::Backup,
    Before::Active,
    Before::Leaving,
];

/// When the event comes: before every deadline (but the past ones of Init), or after all of them.
const NOW: Instant = ms(10_000);
const LATE: Instant = ms(20_000);

const RELEASED: Event = heard(HIGHER_ADDRESS, 0);
const RELEASED_BESIDE: Event = Event::Advert(Heard {
    other: Some(prio(100)),
    ..said(HIGHER_ADDRESS, OURS, 0, Interval::DEFAULT)
});
const HIGHER: Event = heard(LOWER_ADDRESS, 150);
const TIE_ABOVE: Event = heard(HIGHER_ADDRESS, 100);
const TIE_DOUBTED: Event =
    Event::Advert(Heard { dissent: 1, ..said(HIGHER_ADDRESS, OURS, 100, Interval::DEFAULT) });
const TIE_BELOW: Event = heard(LOWER_ADDRESS, 100);
const LOWER: Event = heard(HIGHER_ADDRESS, 50);
const LOWER_V2: Event = Event::Advert(Heard {
    version: Version::V2,
    ..said(HIGHER_ADDRESS, OURS, 50, Interval::DEFAULT)
});
const OWN: Event = heard(OURS, 100);
const FRESH: Event = Event::Resume(ms(9_000));
const STALE: Event = Event::Resume(ms(7_000));
const RAISED: Event = Event::Priority(prio(200));
const OPEN: Event = Event::Path(Path::Open);
const PARTIAL: Event = Event::Path(Path::Partial);
const CLOSED: Event = Event::Path(Path::Closed);
const UNADDRESSED: Event = Event::Path(Path::Unaddressed);
const FAULT: Event = Event::Fault(Fault::Present);
const CLEAR: Event = Event::Fault(Fault::Clear);

/// Each event once. A new variant of `Event` or `Path` does not compile until it has a number here,
/// and then fails until it has a row for every state.
fn number(now: Instant, event: Event) -> usize {
    match event {
        Event::Startup => 0,
        Event::Resume(sent) => 1 + usize::from(sent < ms(8_000)),
        Event::Shutdown => 3,
        Event::Keep => 4,
        Event::Tick => 5 + usize::from(now == LATE),
        Event::Advert(heard) if heard.priority == Priority::RELEASE => {
            if heard.other.is_some() {
                24
            } else {
                7
            }
        }
        Event::Advert(heard) if heard.priority > prio(100) => 8,
        Event::Advert(heard) if heard.priority < prio(100) && heard.version == Version::V3 => 9,
        Event::Advert(heard) if heard.priority < prio(100) => 10,
        Event::Advert(heard) if heard.dissent > 0 => 11,
        Event::Advert(heard) if heard.tie == Ordering::Greater => 12,
        Event::Advert(heard) if heard.tie == Ordering::Less => 13,
        Event::Advert(_) => 14,
        Event::Priority(_) => 15,
        Event::Path(Path::Open) => 16,
        Event::Path(Path::Partial) => 17,
        Event::Path(Path::Closed) => 18,
        Event::Path(Path::Unaddressed) => 19,
        Event::Ready => 20,
        Event::Moved => 21,
        Event::Fault(Fault::Present) => 22,
        Event::Fault(Fault::Clear) => 23,
    }
}
const NUMBERS: usize = 25;

/// Before, when, what (any of these); then what comes out, the role after it, and the deadline.
type Row = (Before, Instant, &'static [Event], &'static [Output], Role, Option<Instant>);

const STARTED: &[Output] = &[ABSENT, became(Role::Backup, Reason::Startup)];
const RESUMED: &[Output] = &[advertise(100), HELD, became(Role::Active, Reason::Resumed)];
const YIELDED: &[Output] = &[ABSENT, became(Role::Backup, Reason::PeerHigher)];
const SUCCEEDED: &[Output] = &[ABSENT, became(Role::Init, Reason::Succeeded)];
const CUT: &[Output] = &[ABSENT, became(Role::Init, Reason::LinkDown)];
const STRIPPED: &[Output] = &[ABSENT, became(Role::Init, Reason::AddressGone)];
const ANSWERED: &[Output] = &[advertise(100), Output::Announce];

// From 10 s: Skew_Time, Active_Down_Interval, the next advert; and the deadlines of the states
// before the event.
const IN_SKEW: Option<Instant> = Some(us(10_609_375));
const IN_DOWN: Option<Instant> = Some(us(13_609_375));
const IN_TURN: Option<Instant> = Some(ms(11_000));
const DELAY: Option<Instant> = Some(ms(15_000));
const TAKEOVER: Option<Instant> = Some(us(12_609_375));
const ADVERT: Option<Instant> = Some(ms(10_500));
const REPEAT: Option<Instant> = Some(us(10_062_500));
const LEAVE: Option<Instant> = Some(Instant::from_nanos(11_492_187_500));

#[rustfmt::skip]
const TABLE: &[Row] = {
    use Before::*;
    use Event::{Keep, Moved, Ready, Shutdown, Startup, Tick};
    &[
    // 2 (1: the_owner_is_active_at_once)
    (Init, NOW, &[Startup, STALE], STARTED, Role::Backup, IN_DOWN),
    (Init, NOW, &[FRESH], RESUMED, Role::Active, IN_TURN),
    (Init, NOW, &[Shutdown, Keep, Tick, RELEASED, RELEASED_BESIDE, HIGHER, TIE_ABOVE, TIE_DOUBTED, TIE_BELOW], &[], Role::Init, None),
    (Init, NOW, &[LOWER, LOWER_V2, OWN, RAISED, Ready, Moved], &[], Role::Init, None),
    (Init, NOW, &[OPEN, PARTIAL, CLOSED, UNADDRESSED, FAULT, CLEAR], &[], Role::Init, None),
    (Init, LATE, &[Tick], &[], Role::Init, None),

    // Something stands in the way: ordered in, it takes part once nothing does.
    (Waiting, NOW, &[Startup, FRESH, STALE], &[ABSENT], Role::Init, None),
    (Waiting, NOW, &[OPEN], &[ABSENT, became(Role::Backup, Reason::LinkUp)], Role::Backup, IN_DOWN),
    (Waiting, NOW, &[Shutdown, Keep, Tick, RELEASED, RELEASED_BESIDE, HIGHER, TIE_ABOVE, TIE_DOUBTED, TIE_BELOW], &[], Role::Init, None),
    (Waiting, NOW, &[LOWER, LOWER_V2, OWN, RAISED, Ready, Moved], &[], Role::Init, None),
    (Waiting, NOW, &[PARTIAL, CLOSED, UNADDRESSED, FAULT, CLEAR], &[], Role::Init, None),
    (Waiting, LATE, &[Tick], &[], Role::Init, None),

    (Faulty, NOW, &[Startup, FRESH, STALE], &[ABSENT], Role::Init, None),
    (Faulty, NOW, &[CLEAR], &[ABSENT, became(Role::Backup, Reason::FaultCleared)], Role::Backup, IN_DOWN),
    (Faulty, NOW, &[Shutdown, Keep, Tick, RELEASED, RELEASED_BESIDE, HIGHER, TIE_ABOVE, TIE_DOUBTED, TIE_BELOW], &[], Role::Init, None),
    (Faulty, NOW, &[LOWER, LOWER_V2, OWN, RAISED, Ready, Moved], &[], Role::Init, None),
    (Faulty, NOW, &[OPEN, PARTIAL, CLOSED, UNADDRESSED, FAULT], &[], Role::Init, None),
    (Faulty, LATE, &[Tick], &[], Role::Init, None),

    (Delayed, NOW, &[Startup], &[ABSENT], Role::Init, DELAY),
    (Delayed, NOW, &[FRESH], RESUMED, Role::Active, IN_TURN),
    (Delayed, NOW, &[STALE], STARTED, Role::Backup, IN_DOWN),
    (Delayed, NOW, &[Shutdown, Keep, PARTIAL, CLOSED, UNADDRESSED, FAULT], &[], Role::Init, None),
    (Delayed, NOW, &[Tick, RELEASED, RELEASED_BESIDE, HIGHER, TIE_ABOVE, TIE_DOUBTED, TIE_BELOW], &[], Role::Init, DELAY),
    (Delayed, NOW, &[LOWER, LOWER_V2, OWN, RAISED, Ready, Moved, OPEN, CLEAR], &[], Role::Init, DELAY),
    (Delayed, LATE, &[Tick], STARTED, Role::Backup, Some(us(23_609_375))),

    (Backup, NOW, &[Startup, FRESH, STALE], &[], Role::Backup, TAKEOVER),
    // 3
    (Backup, NOW, &[Shutdown], &[became(Role::Init, Reason::Shutdown)], Role::Init, None),
    (Backup, NOW, &[Keep], &[became(Role::Init, Reason::Keep)], Role::Init, None),
    // 4
    (Backup, NOW, &[Tick], &[], Role::Backup, TAKEOVER),
    (Backup, LATE, &[Tick], &[advertise(100), HELD, became(Role::Active, Reason::PeerSilent)], Role::Active, Some(ms(21_000))),
    // 5
    (Backup, NOW, &[RELEASED], &[], Role::Backup, IN_SKEW),
    // 5, come late: a successor has spoken
    (Backup, NOW, &[RELEASED_BESIDE], &[], Role::Backup, TAKEOVER),
    // 6
    (Backup, NOW, &[HIGHER, TIE_ABOVE, TIE_DOUBTED, TIE_BELOW], &[], Role::Backup, IN_DOWN),
    // 7
    (Backup, NOW, &[LOWER, LOWER_V2], &[], Role::Backup, TAKEOVER),
    (Backup, NOW, &[OWN, Ready, Moved, OPEN, CLEAR], &[], Role::Backup, TAKEOVER),
    (Backup, NOW, &[RAISED], &[], Role::Backup, Some(us(12_218_750))),
    (Backup, NOW, &[CLOSED, PARTIAL], CUT, Role::Init, None),
    (Backup, NOW, &[UNADDRESSED], STRIPPED, Role::Init, None),
    (Backup, NOW, &[FAULT], &[ABSENT, became(Role::Init, Reason::Fault)], Role::Init, None),

    (Active, NOW, &[Startup, FRESH, STALE], &[], Role::Active, ADVERT),
    // 8
    (Active, NOW, &[Shutdown], &[advertise(0), became(Role::Leaving, Reason::Shutdown)], Role::Leaving, REPEAT),
    (Active, NOW, &[Keep], &[advertise(100), became(Role::Init, Reason::Keep)], Role::Init, None),
    // 9
    (Active, NOW, &[Tick], &[], Role::Active, ADVERT),
    (Active, LATE, &[Tick], &[advertise(100)], Role::Active, Some(ms(21_000))),
    // 10
    (Active, NOW, &[RELEASED, RELEASED_BESIDE], &[advertise(100)], Role::Active, IN_TURN),
    // 11
    (Active, NOW, &[HIGHER, TIE_ABOVE], YIELDED, Role::Backup, IN_DOWN),
    // 11, where another member of the group may say otherwise
    (Active, NOW, &[TIE_DOUBTED], ANSWERED, Role::Active, ADVERT),
    // 12
    (Active, NOW, &[TIE_BELOW, LOWER], ANSWERED, Role::Active, ADVERT),
    // 12 of version 2 (RFC 3768 6.4.3)
    (Active, NOW, &[LOWER_V2], &[Output::Announce], Role::Active, ADVERT),
    (Active, NOW, &[OWN, Ready, OPEN, CLEAR], &[], Role::Active, ADVERT),
    (Active, NOW, &[RAISED], &[advertise(200)], Role::Active, ADVERT),
    (Active, NOW, &[Moved], &[advertise(100)], Role::Active, ADVERT),
    (Active, NOW, &[CLOSED], CUT, Role::Init, None),
    (Active, NOW, &[UNADDRESSED], STRIPPED, Role::Init, None),
    (Active, NOW, &[PARTIAL], &[advertise(0), became(Role::Leaving, Reason::LinkDown)], Role::Leaving, REPEAT),
    (Active, NOW, &[FAULT], &[advertise(0), became(Role::Leaving, Reason::Fault)], Role::Leaving, REPEAT),

    (Leaving, NOW, &[Startup, FRESH, STALE, Shutdown, Tick, RELEASED, RELEASED_BESIDE, OWN, RAISED, Ready], &[], Role::Leaving, LEAVE),
    (Leaving, NOW, &[Moved, OPEN, PARTIAL, FAULT, CLEAR], &[], Role::Leaving, LEAVE),
    (Leaving, NOW, &[Keep], &[ABSENT, became(Role::Init, Reason::Keep)], Role::Init, None),
    (Leaving, LATE, &[Tick], &[ABSENT, became(Role::Init, Reason::NoSuccessor)], Role::Init, None),
    (Leaving, NOW, &[HIGHER, TIE_ABOVE, TIE_DOUBTED, TIE_BELOW, LOWER, LOWER_V2], SUCCEEDED, Role::Init, None),
    (Leaving, NOW, &[CLOSED], CUT, Role::Init, None),
    (Leaving, NOW, &[UNADDRESSED], STRIPPED, Role::Init, None),
    ]
};

fn pairs() -> impl Iterator<Item = (Row, Event)> {
    TABLE.iter().flat_map(|row| row.2.iter().map(|event| (*row, *event)))
}

#[test]
fn every_state_answers_every_event() {
    for ((before, now, _, outputs, role, deadline), event) in pairs() {
        let mut router = router_in(before);
        let title = std::format!("{before:?}, {event:?} at {now:?}");
        assert_eq!(&*router.handle(now, event), outputs, "{title}");
        assert_eq!((router.role(), router.deadline()), (role, deadline), "{title}");
    }
}

#[test]
fn the_table_has_every_pair_once() {
    let numbers: BTreeSet<_> =
        pairs().map(|((before, now, ..), event)| (before, number(now, event))).collect();
    let all = ALL.iter().flat_map(|before| (0..NUMBERS).map(move |number| (*before, number)));
    assert_eq!(numbers, all.collect());
    assert_eq!(pairs().count(), ALL.len() * NUMBERS);
}

#[test]
fn every_role_is_in_the_table() {
    let seen = |router: &Router| match (router.state, router.reason()) {
        (State::Init(Init { ordered: Ordered::Out, .. }), _) => Before::Init,
        (State::Init(_), Reason::LinkDown) => Before::Waiting,
        (State::Init(_), Reason::Fault) => Before::Faulty,
        (State::Init(_), _) => Before::Delayed,
        (State::Backup(_), _) => Before::Backup,
        (State::Active(_), _) => Before::Active,
        (State::Leaving(_), _) => Before::Leaving,
    };
    assert_eq!(ALL.map(|before| seen(&router_in(before))), ALL);
}

fn router_in(before: Before) -> Router {
    let delayed = before == Before::Delayed;
    let startup_delay = if delayed { Duration::from_secs(15) } else { Duration::ZERO };
    let mut router = node(Settings { startup_delay, ..settings(100) });
    let events: &[(Instant, Event)] = match before {
        Before::Init => &[],
        Before::Waiting => &[(ms(0), CLOSED), (ms(0), Event::Startup)],
        Before::Faulty => &[(ms(0), FAULT), (ms(0), Event::Startup)],
        Before::Delayed => &[(ms(0), Event::Startup)],
        Before::Backup => &[(ms(0), Event::Startup), (ms(9_000), HIGHER)],
        Before::Active => &[(ms(0), Event::Startup), (ms(9_500), Event::Tick)],
        Before::Leaving => &[
            (ms(0), Event::Startup),
            (ms(9_500), Event::Tick),
            (ms(9_500), Event::Shutdown),
            (ms(9_563), Event::Tick),
            (ms(9_688), Event::Tick),
            (ms(9_938), Event::Tick),
        ],
    };
    for (at, event) in events {
        let _outputs = router.handle(*at, *event);
    }
    router
}
