//! Whole directors on the real kernel: start, repair, links, resume.

use std::cell::Cell;
use std::net::Ipv4Addr;

use clock::Duration;
use vrrp::{Fact, Order};
use vrrp_proto::Role;
use vrrp_proto::router::{Adverts, Holding, Reason};

use crate::net::{Lab, VIP, on, place, until};
use crate::witness::{What, Witness, is_advert, is_gratuitous, times};

fn settled(fact: &Fact) -> Option<Holding> {
    if let Fact::Settled { holding, .. } = fact { Some(*holding) } else { None }
}

pub(crate) fn role(fact: &Fact) -> Option<(Role, Reason)> {
    if let Fact::Role { role, reason, .. } = fact { Some((*role, *reason)) } else { None }
}

fn warning(fact: &Fact, part: &str) -> Option<()> {
    matches!(fact, Fact::Warning(text) if text.contains(part)).then_some(())
}

#[test]
fn an_address_deleted_by_hand_is_back_within_50_ms() {
    let lab = Lab::new(1);
    let mut a = lab.start('a', 100);
    a.wait("held", |fact| settled(fact).filter(|holding| *holding == Holding::Held));
    let witness = Witness::new(&lab);
    let (mut worst, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..5 {
        let asked = std::time::Instant::now();
        lab.ip('a', "addr del 192.0.2.80/32 dev eth0");
        let deleted = std::time::Instant::now();
        a.wait("repair", |fact| {
            matches!(fact, Fact::Repaired { address, .. } if *address == VIP).then_some(())
        });
        worst = worst.max(deleted.elapsed());
        slowest = slowest.max(asked.elapsed());
        assert!(lab.has_vip('a'));
    }
    println!(
        "repaired {worst:?} after `ip` returned, {slowest:?} after it was started (worst of 5)"
    );
    assert!(worst < Duration::from_millis(50), "{worst:?}");
    let seen = witness.seen();
    assert!(times(&seen, 'a', is_gratuitous).len() >= 5, "each repair is announced");
    assert!(!a.heard().iter().any(|fact| matches!(fact, Fact::Role { .. })), "no change of role");
    a.order(Order::Release);
    a.ended();
}

#[test]
fn what_an_earlier_process_left_goes_at_start() {
    let lab = Lab::new(1);
    lab.ip('a', "addr add 192.0.2.80/32 dev eth0");
    lab.ip('a', "route prepend local 192.0.2.80/32 dev lo table local proto 112");
    let mut a = lab.start('a', 100);
    let first = a.wait("settled", settled);
    assert_eq!(first, Holding::Absent);
    assert!(!lab.has_vip('a'));
    assert_eq!(lab.local_routes('a'), "");
    a.order(Order::Release);
    a.ended();
}

#[test]
fn a_cable_pulled_moves_the_addresses_and_back() {
    let lab = Lab::new(2);
    let (mut a, mut b) = lab.pair([150, 100]);
    lab.cable('a', "down");
    a.role(Role::Init);
    b.role(Role::Active);
    a.wait("absent", |fact| settled(fact).filter(|holding| *holding == Holding::Absent));
    assert!(!lab.has_vip('a'));
    b.wait("held", |fact| settled(fact).filter(|holding| *holding == Holding::Held));
    lab.cable('a', "up");
    a.role(Role::Active);
    b.role(Role::Backup);
    b.wait("absent", |fact| settled(fact).filter(|holding| *holding == Holding::Absent));
    assert!(!lab.has_vip('b'));
}

#[test]
fn an_absent_interface_is_waited_for_and_may_come_back_as_another() {
    let lab = Lab::new(1);
    let mut setup = lab.setup('a', 100);
    setup.routers[0].members = vec![place("eth7")];
    setup.routers[0].held.addresses = vec![on("eth7", VIP.into())];
    setup.track = vec!["eth0".into()];
    let mut a = lab.try_start('a', setup).unwrap();
    // Told by two threads, in any order.
    let (warned, tracked) = (Cell::new(false), Cell::new(false));
    a.wait("the absent and the tracked interface", |fact| {
        let text = "router web: interface eth7 is absent; waiting for it";
        warned.set(warned.get() || warning(fact, text).is_some());
        let is_eth0 = matches!(fact, Fact::Interface { name, up: true } if name == "eth0");
        tracked.set(tracked.get() || is_eth0);
        (warned.get() && tracked.get()).then_some(())
    });
    for _ in 0..2 {
        lab.plug('a', "eth7");
        a.role(Role::Active);
        a.wait("held", |fact| settled(fact).filter(|holding| *holding == Holding::Held));
        assert!(lab.addresses('a', "eth7").contains("192.0.2.80/32"));
        lab.ip('a', "link del eth7");
        a.role(Role::Init);
    }
    a.order(Order::Release);
    a.ended();
}

#[test]
fn an_address_that_the_file_no_longer_names_goes_at_start_and_a_foreign_one_stays() {
    let lab = Lab::new(1);
    lab.ip('a', "addr add 192.0.2.81/32 dev eth0");
    lab.ip('a', "addr add 192.0.2.90/32 dev eth0");
    let left = |host| on("eth0", [192, 0, 2, host].into());
    let mut setup = lab.setup('a', 100);
    setup.leftovers = vec![left(81), left(82)];
    let mut a = lab.try_start('a', setup).unwrap();
    let removed = a.wait("a leftover", |fact| {
        let Fact::LeftoverRemoved { address } = fact else { return None };
        Some(address.clone())
    });
    assert_eq!(removed, left(81));
    let addresses = lab.addresses('a', "eth0");
    assert!(!addresses.contains("192.0.2.81/"), "{addresses}");
    assert!(addresses.contains("192.0.2.90/32"), "{addresses}");
}

#[test]
fn a_restart_within_the_bound_is_active_at_once_and_nobody_notices() {
    let lab = Lab::new(2);
    let (mut a, mut b) = lab.pair([150, 100]);
    let witness = Witness::new(&lab);
    for _ in 0..3 {
        a.keep();
        assert!(lab.has_vip('a'), "the address stays");
        a = lab.start('a', 150);
        let first = a.wait("a role", role);
        assert_eq!(first, (Role::Active, Reason::Resumed));
        a.wait("held", |fact| settled(fact).filter(|holding| *holding == Holding::Held));
        assert!(lab.has_vip('a'));
    }
    assert_eq!(times(&witness.seen(), 'b', is_advert), [] as [i64; 0]);
    assert!(!b.heard().iter().any(|fact| matches!(fact, Fact::Role { .. })));
}

#[test]
fn a_restart_beyond_the_bound_lets_go_first() {
    let lab = Lab::new(2);
    let (a, mut b) = lab.pair([100, 100]);
    a.keep();
    b.role(Role::Active);
    assert!(lab.has_vip('a'), "as after a crash");
    let mut a = lab.start('a', 100);
    let first = a.wait("a role", role);
    assert_eq!(first, (Role::Backup, Reason::Startup));
    assert_eq!(a.wait("settled", settled), Holding::Absent);
    assert!(!lab.has_vip('a'));
}

#[test]
fn a_broken_state_file_is_named_and_costs_the_resumption_only() {
    let lab = Lab::new(1);
    let setup = lab.setup('a', 100);
    std::fs::create_dir_all(&setup.run_dir).unwrap();
    std::fs::write(setup.run_dir.join("state"), [0x5a; 333]).unwrap();
    let mut a = lab.try_start('a', setup).unwrap();
    a.wait("a warning", |fact| warning(fact, "nothing is resumed"));
    a.role(Role::Active);
    a.order(Order::Release);
    a.ended();
}

#[test]
fn a_second_director_in_the_same_folder_is_refused() {
    let lab = Lab::new(1);
    let a = lab.start('a', 100);
    let refused = lab.try_start('a', lab.setup('a', 100)).err().unwrap();
    assert!(refused.0.contains("another gemel uses this folder"), "{refused}");
    a.keep();
    let a = lab.start('a', 100);
    a.order(Order::Release);
    a.ended();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let lab = Lab::new(1);
    let mut setup = lab.setup('a', 100);
    setup.run_dir = "/proc/no/such/folder".into();
    let refused = lab.try_start('a', setup).err().unwrap();
    assert!(refused.0.starts_with("/proc/no/such/folder: "), "{refused}");
}

#[test]
fn unicast_adverts_go_from_the_source_to_the_peers() {
    let lab = Lab::new(2);
    lab.ip('a', "addr add 192.0.2.11/24 dev eth0");
    let witness = Witness::new(&lab);
    let unicast = |host, priority, source: u8, peer: u8| {
        let mut setup = lab.setup(host, priority);
        let peers = vec![[192, 0, 2, peer].into()];
        setup.routers[0].settings.members[0].adverts = Adverts::Unicast { peers, min_ttl: 255 };
        setup.routers[0].members[0].source = Some([192, 0, 2, source].into());
        lab.try_start(host, setup).unwrap()
    };
    let mut a = unicast('a', 150, 11, 12);
    let mut b = unicast('b', 100, 12, 11);
    a.role(Role::Active);
    // The source is not there yet: the link counts as down.
    lab.ip('b', "addr add 192.0.2.12/24 dev eth0");
    b.role(Role::Backup);
    let advert = What::Advert(150, Ipv4Addr::new(192, 0, 2, 11), Ipv4Addr::new(192, 0, 2, 12));
    until("an advert", || witness.seen().iter().any(|seen| seen.what == advert));
    a.order(Order::Release);
    a.ended();
    b.role(Role::Active);
}

#[test]
fn a_lease_that_lapses_is_told_and_changes_no_role() {
    let lab = Lab::new(1);
    let mut a = lab.start('a', 100);
    a.role(Role::Active);
    a.order(Order::Lease);
    a.wait("a warning", |fact| warning(fact, "the engine has been silent for 8 s"));
    a.order(Order::Lease);
    a.wait("a warning", |fact| warning(fact, "the engine answers again"));
    let report = a.report();
    assert_eq!(report.role, Role::Active);
    assert!(report.members[0].counters.advertisement_sent > 40, "{report:?}");
    println!("worst lateness: {} us", report.worst_lateness_ns / 1_000);
}
