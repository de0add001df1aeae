//! The harness itself, proven with a pair of keepalived before it judges anybody else.

use std::net::IpAddr;

use lab::pair::{CONVERGENCE, Pair};
use lab::peers::{Adverts, Product, Side, VIP};
use lab::witness::{Checksum, Kind, now_ns};
use nix::sys::signal::Signal;

#[test]
fn a_crash_is_taken_over_and_handed_back_and_the_witness_sees_it() {
    let mut pair = keepalived(Adverts::Multicast);
    pair.expect_sole_answer(Side::Lb1).unwrap();
    let from = now_ns();
    let advert = pair.witness.advert_of("lb1", from, CONVERGENCE).unwrap();
    let Kind::Advert(advert) = advert.kind else { panic!("{advert:?}") };
    assert_eq!((advert.source, advert.priority), (Side::Lb1.address().into(), 150));
    assert_eq!((advert.interval_cs, advert.ttl, advert.addresses), (10, 255, vec![VIP.into()]));
    assert_eq!(advert.checksum, Checksum::PseudoHeader);

    let crashed_at = now_ns();
    pair.crash_and_cut(Side::Lb1).unwrap();
    pair.witness.garp_of("lb2", crashed_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();

    pair.mend_clean(Side::Lb1).unwrap();
    pair.start_lb1().unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn the_witness_hears_unicast_and_the_client_sees_the_hole_that_a_stopped_keepalived_leaves() {
    let mut pair = keepalived(Adverts::Unicast);
    let client = pair.client().unwrap();
    let stopped_at = now_ns();
    pair.lb1.stop(Signal::SIGTERM).unwrap();
    let release = pair
        .witness
        .wait_for(stopped_at, CONVERGENCE, "a release", |event| event.releases_by("lb1"))
        .unwrap();
    let Kind::Advert(release) = release.kind else { panic!("{release:?}") };
    assert_eq!(release.destination, IpAddr::from(Side::Lb2.address()));
    pair.witness.garp_of("lb2", stopped_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb2).unwrap();
    let report = client.finish().unwrap();
    // The skew time of the Backup is 60.9 ms: so long nobody has the address.
    assert!((50..500).contains(&report.longest_loss), "{report:?}");
}

#[test]
fn two_that_answer_are_seen() {
    let mut pair = keepalived(Adverts::Multicast);
    pair.lb2.host.ip(&[format!("addr add {VIP}/32 dev eth0")]).unwrap();
    let told = pair.expect_sole_answer(Side::Lb1).unwrap_err().to_string();
    assert!(told.contains("lb1") && told.contains("lb2"), "{told}");
    assert!(!pair.double_answers(0).is_empty());
}

fn keepalived(adverts: Adverts) -> Pair {
    let mut pair = Pair::new(Product::Keepalived, Product::Keepalived, adverts).unwrap();
    pair.start().unwrap();
    pair
}
