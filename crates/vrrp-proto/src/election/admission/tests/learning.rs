//! From whom a seat learns which checksum to send in version 3 over IPv4.

use super::*;

const BARE: Checksum = Checksum::Rfc9568;
const PSEUDO: Checksum = Checksum::PseudoHeader;

#[test]
fn it_begins_with_what_linux_peers_expect() {
    assert_eq!(sends(&started(settings(V3))), PSEUDO);
}

#[test]
fn the_first_that_is_heard_teaches_whoever_it_is() {
    let mut election = active();
    hear(&mut election, peer(2, 50, BARE));
    assert_eq!(sends(&election), BARE, "it is Active because it cannot hear us");
}

#[test]
fn a_better_one_teaches() {
    for mut election in [started(settings(V3)), active()] {
        hear(&mut election, peer(2, 150, BARE));
        hear(&mut election, peer(3, 160, PSEUDO));
        assert_eq!(sends(&election), PSEUDO);
        hear(&mut election, peer(2, 150, BARE));
        assert_eq!(sends(&election), BARE);
    }
}

#[test]
fn of_equals_the_one_that_wins_the_tie_teaches() {
    let mut election = active();
    hear(&mut election, peer(7, 50, PSEUDO));
    hear(&mut election, peer(0, 100, BARE));
    assert_eq!(sends(&election), PSEUDO, "a lower address loses");
    hear(&mut election, peer(2, 100, BARE));
    assert_eq!(sends(&election), BARE);
}

#[test]
fn a_stray_third_router_does_not_make_the_peer_deaf() {
    let mut election = active();
    hear(&mut election, peer(2, 50, PSEUDO));
    hear(&mut election, peer(9, 60, BARE));
    assert_eq!(sends(&election), PSEUDO);
    let mut backup = started(settings(V3));
    hear(&mut backup, peer(2, 150, PSEUDO));
    hear(&mut backup, peer(9, 60, BARE));
    assert_eq!(sends(&backup), PSEUDO);
}

#[test]
fn the_peer_may_change_its_mind() {
    let mut election = active();
    hear(&mut election, peer(2, 50, PSEUDO));
    hear(&mut election, peer(2, 50, BARE));
    assert_eq!(sends(&election), BARE);
}

#[test]
fn without_preemption_the_lesser_active_is_obeyed_and_teaches() {
    let mut election = started(Settings { preempt: Preempt::No, ..settings(V3) });
    hear(&mut election, peer(3, 150, PSEUDO));
    hear(&mut election, peer(2, 50, BARE));
    assert_eq!(sends(&election), BARE);
}

#[test]
fn what_is_discarded_teaches_nobody() {
    let better = peer(2, 250, BARE);
    for advert in [
        Advert { ttl: 254, ..better },
        Advert { vrid: vrid(52), ..better },
        Advert { from: vip(1), ..better },
        Advert { to: vip(1), ..better },
    ] {
        let mut election = started(settings(V3));
        hear(&mut election, advert);
        assert_eq!(sends(&election), PSEUDO, "{advert:?}");
    }
    let broken = sent(better, &ours(V3)).rewritten(|message| message[4..6].fill(0));
    let mut election = started(settings(V3));
    election.handle(ms(0), Event::Datagram(LINK, broken.datagram()));
    assert_eq!(sends(&election), PSEUDO, "interval 0");
}

#[test]
fn an_earlier_process_teaches_until_somebody_is_heard() {
    let mut election = started(settings(V3));
    election.handle(ms(0), Event::Learned(MEMBER, BARE));
    assert_eq!(sends(&election), BARE);
    hear(&mut election, peer(9, 50, PSEUDO));
    assert_eq!(sends(&election), PSEUDO);
    election.handle(ms(0), Event::Learned(MEMBER, BARE));
    assert_eq!(sends(&election), PSEUDO);
}

#[test]
fn told_to_use_one_it_learns_nothing() {
    let only = Protocol::V3Ipv4(ChecksumPolicy::Only(PSEUDO));
    let mut election = started(settings(only));
    hear(&mut election, peer(2, 150, PSEUDO));
    election.handle(ms(0), Event::Learned(MEMBER, BARE));
    assert_eq!(sends(&election), PSEUDO);
}

// --- helpers ---

fn peer(last: u8, priority: u8, form: Checksum) -> Advert {
    let (from, priority) = (vip(last), prio(priority));
    Advert { from, priority, format: Format::V3Ipv4(form), ..theirs(V3) }
}

fn hear(election: &mut Election, advert: Advert) {
    let sent = sent(advert, &ours(V3));
    election.handle(ms(10_000), Event::Datagram(LINK, sent.datagram()));
}

fn active() -> Election {
    let mut election = started(settings(V3));
    election.handle(ms(10_000), Event::Tick);
    assert_eq!(election.router(ONE).unwrap().role(), crate::Role::Active);
    election
}

/// What it would send now, read from the bytes.
fn sends(election: &Election) -> Checksum {
    let mut buffer = [0; MAX_DATAGRAM];
    let group = wire::multicast(V3.family());
    let length = election.emit(MEMBER, prio(100), group, &mut buffer).unwrap();
    let envelope = Envelope::open(Datagram::V4(&buffer[..length])).unwrap();
    match envelope.read(V3).unwrap().0.format {
        Format::V3Ipv4(form) => form,
        Format::V2(_) | Format::V3Ipv6 => panic!("another format"),
    }
}
