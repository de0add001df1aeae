//! The state-machine vectors of `vrrp.md` section 12 and the rows of section 5 that are seen on the
//! wire, with real datagrams, for each protocol: what the family or the version changes, and what
//! neither does.

use super::two::*;
use super::*;
use crate::router::Auth;

/// The time of the last thing that was heard, and a deadline in nanoseconds after it.
const DOWN: u64 = 3_609_375_000;
const SKEW: u64 = 609_375_000;

#[test]
fn silence_makes_a_backup_active() {
    for member in protocols() {
        let mut director = Director::backup(&member);
        director.check_due(DOWN);
        let claim = director.tick(DOWN);
        assert_eq!(claim, takeover(Reason::PeerSilent), "{member:?}");
    }
}

#[test]
fn priority_0_leaves_skew_time() {
    for member in protocols() {
        let mut director = Director::backup(&member);
        director.hears(10_000, 2, 150, 100);
        director.hears(10_500, 2, 0, 100);
        director.check_due(10_500_000_000 + SKEW);
    }
}

#[test]
fn the_interval_of_the_active_router_is_learned_in_version_3_and_must_match_in_version_2() {
    for member in protocols() {
        let mut director = Director::backup(&member);
        director.hears(1_000, 2, 150, 200);
        let (due, refused) = match member.protocol {
            Protocol::V2(_) => (DOWN, 0),
            Protocol::V3Ipv4(_) | Protocol::V3Ipv6 => (1_000_000_000 + 2 * DOWN, 1),
        };
        director.check_due(due);
        let seat = director.election.seats(ONE)[0].counters();
        assert_eq!((seat.advertisement_rcvd, seat.interval_errors), (refused, 1), "{member:?}");
    }
}

#[test]
fn lower_adverts_do_not_keep_a_preempting_backup() {
    for member in protocols() {
        let mut director = Director::backup(&member);
        for second in 1..=3 {
            assert_eq!(director.hears(second * 1_000, 2, 50, 100), []);
        }
        director.check_due(DOWN);
        assert_eq!(director.tick(DOWN), takeover(Reason::PeerLower), "{member:?}");
    }
}

#[test]
fn lower_adverts_keep_a_backup_that_does_not_preempt() {
    for member in protocols() {
        let settings = Settings { preempt: Preempt::No, ..group(&[member], 100) };
        let mut director = Director::started(settings);
        director.hears(3_000, 2, 50, 100);
        director.check_due(3_000_000_000 + DOWN);
    }
}

#[test]
fn an_equal_keeps_a_backup_whatever_its_address() {
    for member in protocols() {
        for from in [0, 2] {
            let mut director = Director::backup(&member);
            director.hears(2_000, from, 100, 100);
            director.check_due(2_000_000_000 + DOWN);
        }
    }
}

#[test]
fn an_active_yields_to_a_better_one_and_to_an_equal_of_higher_address() {
    let yielded = [
        router::Output::Want(Holding::Absent),
        router::Output::Became(Role::Backup, Reason::PeerHigher),
    ];
    for member in protocols() {
        for (from, priority) in [(2, 100), (2, 101), (0, 101)] {
            let mut director = Director::active(&member);
            assert_eq!(director.hears(5_000, from, priority, 100), yielded, "{member:?}");
            director.check_due(5_000_000_000 + DOWN);
        }
    }
}

#[test]
fn an_active_answers_a_loser_at_once_in_version_3_and_in_turn_in_version_2() {
    for member in protocols() {
        for (from, priority) in [(0, 100), (0, 99), (2, 99)] {
            let mut director = Director::active(&member);
            let due = director.election.deadline();
            let both = [router::Output::Advertise(prio(100)), router::Output::Announce];
            let answer = match member.protocol {
                Protocol::V2(_) => &both[1..],
                Protocol::V3Ipv4(_) | Protocol::V3Ipv6 => &both[..],
            };
            assert_eq!(director.hears(4_100, from, priority, 100), answer, "{member:?}");
            assert_eq!(director.election.deadline(), due, "the Adver_Timer runs on");
        }
    }
}

#[test]
fn an_active_answers_a_release_and_starts_its_timer_anew() {
    for member in protocols() {
        let mut director = Director::active(&member);
        let advert = [router::Output::Advertise(prio(100))];
        assert_eq!(director.hears(4_100, 2, 0, 100), advert, "{member:?}");
        director.check_due(5_100_000_000);
    }
}

#[test]
fn our_own_advert_come_back_changes_nothing() {
    for member in protocols() {
        for priority in [0, 50, 100, 200] {
            let mut director = Director::active(&member);
            let due = director.election.deadline();
            assert_eq!(director.hears(4_100, 1, priority, 100), [], "{member:?}");
            assert_eq!(director.election.deadline(), due);
            assert_eq!(director.election.seats(ONE)[0].counters().own_source, 1);
        }
    }
}

#[test]
fn two_owners_are_decided_by_address_and_not_by_silence() {
    for member in protocols() {
        for (from, role) in [(0, Role::Active), (2, Role::Backup)] {
            let mut owner = Director::started(group(std::slice::from_ref(&member), 255));
            assert_eq!(owner.role(), Role::Active, "RFC 9568 6.4.1");
            owner.hears(100, from, 255, 100);
            assert_eq!(owner.role(), role, "erratum 8298: heard, {member:?}");
        }
    }
}

// --- helpers ---

/// Number 51 in each protocol, on link 1.
fn protocols() -> [Member; 4] {
    let password = Protocol::V2(Auth::Password(*b"secret12"));
    [v4(1), v6(1), v2(1), Member { protocol: password, ..v2(1) }]
}

fn takeover(reason: Reason) -> [router::Output; 3] {
    [
        router::Output::Advertise(prio(100)),
        router::Output::Want(Holding::Held),
        router::Output::Became(Role::Active, reason),
    ]
}

/// One director with one router of one member; its address ends in 1.
struct Director {
    election: Election,
    member: Member,
}

impl Director {
    /// Started at 0.
    fn started(settings: Settings) -> Self {
        let member = settings.members[0].clone();
        let mut election = Election::default();
        let address = Self::address(&member, 1);
        let family = member.protocol.family();
        election.handle(ms(0), Event::Link(member.link, family, Link::Up(address)));
        election.handle(ms(0), Event::Add(ONE, settings));
        assert!(!election.handle(ms(0), Event::Router(ONE, router::Event::Startup)).is_empty());
        Self { election, member }
    }

    fn backup(member: &Member) -> Self {
        Self::started(group(std::slice::from_ref(member), 100))
    }

    /// Since 4 s.
    fn active(member: &Member) -> Self {
        let mut director = Self::backup(member);
        assert_eq!(director.tick(4_000_000_000).len(), 3);
        director
    }

    fn address(member: &Member, last: u8) -> IpAddr {
        addresses(std::slice::from_ref(member), &[last])[0]
    }

    /// An advert from the host whose address ends so.
    fn hears(&mut self, at_ms: u64, from: u8, priority: u8, centis: u16) -> Vec<router::Output> {
        let from = Self::address(&self.member, from);
        let format = match self.member.protocol {
            Protocol::V2(auth) => Format::V2(auth),
            Protocol::V3Ipv4(_) => Format::V3Ipv4(Checksum::Rfc9568),
            Protocol::V3Ipv6 => Format::V3Ipv6,
        };
        let advert = Advert {
            from,
            to: wire::multicast(self.member.protocol.family()),
            priority: prio(priority),
            interval: Interval::from_centis(centis).unwrap(),
            format,
            ..advert_from_them()
        };
        let mut buffer = [0; MAX_DATAGRAM];
        let length = wire::emit(&advert, &self.member.addresses, &mut buffer).unwrap();
        let message = &buffer[..length];
        let datagram = match from {
            IpAddr::V4(_) => Datagram::V4(message),
            IpAddr::V6(from) => Datagram::V6 { from, to: wire::MULTICAST_V6, hops: 255, message },
        };
        let event = Event::Datagram(self.member.link, datagram);
        let outputs = self.election.handle(ms(at_ms), event);
        outputs.iter().map(|(_, output)| *output).collect()
    }

    fn tick(&mut self, nanos: u64) -> Vec<router::Output> {
        let outputs = self.election.handle(Instant::from_nanos(nanos), Event::Tick);
        outputs.iter().map(|(_, output)| *output).collect()
    }

    #[track_caller]
    fn check_due(&self, nanos: u64) {
        assert_eq!(self.election.deadline(), Some(Instant::from_nanos(nanos)), "{:?}", self.member);
    }

    fn role(&self) -> Role {
        self.election.router(ONE).unwrap().role()
    }
}
