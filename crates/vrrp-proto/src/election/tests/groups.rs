//! Several virtual routers that move together (design.md 6, Groups).

use super::two::*;
use super::*;
use crate::router::{Auth, Fault, LastEvent};

fn dual() -> Vec<Member> {
    vec![v4(1), v6(1)]
}

/// Side 0 has priority 150 and becomes Active first; both started at 0.
fn settled(members: &[Member], deciders: Deciders) -> Two {
    let of = |priority| Settings { deciders, ..group(members, priority) };
    let last = [vec![1; members.len()], vec![2; members.len()]];
    let addresses = last.map(|last| addresses(members, &last));
    let mut two = Two::new(7, [of(150), of(100)], addresses);
    two.order_both(router::Event::Startup);
    two.run(ms(10_000));
    assert_eq!([two.sides[0].role, two.sides[1].role], [Role::Active, Role::Backup]);
    two
}

#[track_caller]
fn check_roles(two: &Two, want: [Role; 2]) {
    assert_eq!([two.sides[0].role, two.sides[1].role], want);
}

#[test]
fn every_member_advertises_and_is_heard() {
    let two = settled(&dual(), Deciders::All);
    for (side, other) in [(0, 1), (1, 0)] {
        for (at, seat) in two.sides[side].election.seats(ONE).iter().enumerate() {
            let sent = seat.counters().advertisement_sent;
            assert_eq!(sent > 0, side == 0);
            let heard = seat.peer().map(|peer| (peer.address, peer.priority));
            let want = (two.sides[other].addresses[at], prio(150));
            assert_eq!(heard, (side == 1).then_some(want));
        }
    }
}

#[test]
fn one_member_that_is_heard_keeps_the_whole_group() {
    for cut in [0, 1] {
        let mut two = settled(&dual(), Deciders::All);
        two.carries[cut] = [false; 2];
        two.run(ms(60_000));
        check_roles(&two, [Role::Active, Role::Backup]);
        assert_eq!(two.both.longest, Duration::ZERO);
    }
}

#[test]
fn a_group_on_two_links_survives_a_cut_of_either_between_the_directors() {
    for cut in [0, 1] {
        let mut two = settled(&[v4(1), v4(2)], Deciders::All);
        two.carries[cut] = [false; 2];
        two.run(ms(60_000));
        check_roles(&two, [Role::Active, Role::Backup]);
    }
}

#[test]
fn silence_on_all_members_ends_in_a_takeover() {
    let mut two = settled(&dual(), Deciders::All);
    two.carries = vec![[false; 2]; 2];
    two.run(ms(15_000));
    check_roles(&two, [Role::Active, Role::Active]);
}

#[test]
fn a_release_heard_on_one_member_is_the_whole_groups() {
    for heard_on in [0, 1] {
        let mut two = settled(&dual(), Deciders::All);
        two.carries[1 - heard_on] = [false; 2];
        two.nobody = Span::default();
        two.order(0, router::Event::Shutdown);
        // Skew_Time of priority 100 is 609 ms.
        two.run(ms(10_620));
        check_roles(&two, [Role::Init, Role::Active]);
        assert_eq!(two.nobody.longest, Duration::ZERO, "no hole");
    }
}

#[test]
fn a_member_without_a_link_makes_the_active_leave_by_the_others() {
    for down in [0, 1] {
        for link in [Link::Down, Link::Unaddressed] {
            let mut two = settled(&[v4(1), v4(2)], Deciders::All);
            two.nobody = Span::default();
            two.link(0, down, link);
            check_roles(&two, [Role::Leaving, Role::Backup]);
            two.run(ms(10_620));
            check_roles(&two, [Role::Init, Role::Active]);
            assert_eq!(two.nobody.longest, Duration::ZERO, "no hole");
            two.run(ms(20_000));
            two.link_up(0, down);
            check_roles(&two, [Role::Backup, Role::Active]);
            two.run(ms(30_000));
            check_roles(&two, [Role::Active, Role::Backup]);
        }
    }
}

#[test]
fn a_group_that_lost_every_link_is_out_at_once() {
    let mut two = settled(&[v4(1), v4(2)], Deciders::All);
    two.link(0, 0, Link::Down);
    two.link(0, 1, Link::Down);
    check_roles(&two, [Role::Init, Role::Backup]);
    assert_eq!(two.sides[0].wanted, Some(Holding::Absent));
}

#[test]
fn a_group_is_unaddressed_only_if_no_link_is_down() {
    for (links, event) in [
        ([Link::Unaddressed, Link::Unaddressed], LastEvent::NoPrimaryIpAddress),
        ([Link::Unaddressed, Link::Down], LastEvent::InterfaceDown),
        ([Link::Down, Link::Unaddressed], LastEvent::InterfaceDown),
    ] {
        let mut two = settled(&[v4(1), v4(2)], Deciders::All);
        two.link(1, 0, links[0]);
        two.link(1, 1, links[1]);
        assert_eq!(two.sides[1].router().last_event(), event, "{links:?}");
    }
}

#[test]
fn a_fault_faults_all_members() {
    let mut two = settled(&dual(), Deciders::All);
    two.order(0, router::Event::Fault(Fault::Present));
    two.run(ms(10_620));
    check_roles(&two, [Role::Init, Role::Active]);
    two.order(0, router::Event::Fault(Fault::Clear));
    two.run(ms(20_000));
    check_roles(&two, [Role::Active, Role::Backup]);
}

#[test]
fn a_leader_decides_alone() {
    for leader in [0, 1] {
        let mut two = settled(&dual(), Deciders::Leader(leader));
        let other = 1 - leader;
        two.carries[other] = [false; 2];
        two.run(ms(20_000));
        check_roles(&two, [Role::Active, Role::Backup]);
        two.carries[other] = [true; 2];
        two.carries[leader] = [false; 2];
        two.run(ms(30_000));
        check_roles(&two, [Role::Active, Role::Active]);
        let counted = two.sides[1].election.seats(ONE)[other].counters().advertisement_rcvd;
        assert!(counted > 0, "the others are counted");
    }
}

#[test]
fn a_leaders_group_goes_on_when_another_member_has_no_link() {
    let mut two = settled(&[v4(1), v4(2)], Deciders::Leader(1));
    two.link(0, 0, Link::Down);
    two.run(ms(20_000));
    check_roles(&two, [Role::Active, Role::Backup]);
    let mut buffer = [0; MAX_DATAGRAM];
    let mut emits = |at| {
        let member = MemberId { router: ONE, at };
        let to = wire::MULTICAST.into();
        two.sides[0].election.emit(member, prio(150), to, &mut buffer).is_some()
    };
    assert_eq!([emits(0), emits(1)], [false, true], "that one cannot send");
    two.link(0, 1, Link::Down);
    check_roles(&two, [Role::Init, Role::Backup]);
}

#[test]
fn an_old_priority_on_one_member_after_a_new_one_on_another_moves_nothing_twice() {
    // Every order of four adverts, two of before a change and two of after it.
    for order in permutations([(0, 150), (1, 150), (0, 90), (1, 90)]) {
        for (role, before) in [(Role::Backup, Role::Backup), (Role::Active, Role::Active)] {
            let mut election = Election::default();
            let members = [v4(1), v4(2)];
            election.handle(ms(0), Event::Add(ONE, group(&members, 100)));
            for link in [1, 2] {
                election.handle(ms(0), Event::Link(LinkId(link), Family::V4, up(OURS)));
            }
            election.handle(ms(0), Event::Router(ONE, router::Event::Startup));
            if before == Role::Active {
                election.handle(ms(5_000), Event::Tick);
            }
            assert_eq!(election.router(ONE).unwrap().role(), before);
            let mut changes = 0;
            for (at, priority) in order {
                let datagram = theirs(|advert| advert.priority = prio(priority));
                let link = members[at].link;
                let outputs =
                    election.handle(ms(5_001), Event::Datagram(link, Datagram::V4(&datagram)));
                changes +=
                    outputs.iter().filter(|o| matches!(o.1, router::Output::Became(..))).count();
            }
            // 150 beats us whenever it comes; 90 then waits for the timer.
            assert_eq!(changes, usize::from(role == Role::Active), "{order:?}");
            assert_eq!(election.router(ONE).unwrap().role(), Role::Backup);
        }
    }
}

#[test]
fn a_losing_advert_is_answered_if_it_was_heard_in_version_3() {
    let members = [v2(1), v4(2)];
    let mut election = Election::default();
    election.handle(ms(0), Event::Add(ONE, group(&members, 100)));
    for link in [1, 2] {
        election.handle(ms(0), Event::Link(LinkId(link), Family::V4, up(OURS)));
    }
    election.handle(ms(0), Event::Router(ONE, router::Event::Startup));
    election.handle(ms(5_000), Event::Tick);
    let lower = |format| {
        theirs(|advert| {
            (advert.priority, advert.format) = (prio(50), format);
        })
    };
    let announce = (ONE, router::Output::Announce);
    let v2 = lower(Format::V2(Auth::None));
    let outputs = election.handle(ms(5_001), Event::Datagram(LinkId(1), Datagram::V4(&v2)));
    assert_eq!(outputs, [announce], "RFC 3768 6.4.3");
    let v3 = lower(Format::V3Ipv4(Checksum::PseudoHeader));
    let advert = (ONE, router::Output::Advertise(prio(100)));
    let outputs = election.handle(ms(5_200), Event::Datagram(LinkId(2), Datagram::V4(&v3)));
    assert_eq!(outputs, [advert, announce], "RFC 9568 6.4.3");
}

#[test]
fn the_interval_learned_on_one_member_is_the_groups() {
    let mut two = settled(&dual(), Deciders::All);
    assert_eq!(two.sides[1].router().skew(), prio(100).skew(Interval::DEFAULT));
    let faster = Interval::from_centis(10).unwrap();
    let advert = theirs(|advert| (advert.from, advert.interval) = (OURS.into(), faster));
    let event = Event::Datagram(LinkId(1), Datagram::V4(&advert));
    two.sides[1].election.handle(ms(10_001), event);
    let down = prio(100).down(faster, DownFactor::DEFAULT);
    assert_eq!(two.sides[1].router().down_interval(), down);
    assert_eq!(two.sides[1].election.deadline(), Some(ms(10_001) + down));
}

/// Every order of four.
fn permutations(items: [(usize, u8); 4]) -> Vec<[(usize, u8); 4]> {
    let mut all = Vec::new();
    for code in 0..256 {
        let picks = [code % 4, code / 4 % 4, code / 16 % 4, code / 64];
        if (0..4).all(|item| picks.contains(&item)) {
            all.push(picks.map(|pick| items[pick]));
        }
    }
    assert_eq!(all.len(), 24);
    all
}
