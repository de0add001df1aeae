use vrrp_proto::{Priority, RouterId};

use super::*;

#[test]
fn only_the_newest_priority_of_a_router_waits() {
    let order =
        |router, priority| vrrp::Order::Priority(RouterId(router), Priority::clamped(priority));
    let mut waiting = order(1, 150);
    assert!(newest(&mut waiting, order(2, 100)).is_some(), "another router's is apart");
    assert!(newest(&mut waiting, order(1, 90)).is_none());
    let vrrp::Order::Priority(_, priority) = waiting else { panic!("{waiting:?}") };
    assert_eq!(priority.get(), 90);
}

#[test]
fn wants_that_wait_become_one_with_the_later_entries() {
    let key = |port| ServiceKey::Listen {
        protocol: ipvs_table::Protocol::Tcp,
        address: "192.0.2.80".parse().unwrap(),
        port,
    };
    let mut waiting = ipvs::Order::Want { revision: 1, changed: [(key(80), None)].into() };
    let later = ipvs::Order::Want { revision: 2, changed: [(key(443), None)].into() };
    assert!(merged(&mut waiting, later).is_none());
    let ipvs::Order::Want { revision, changed } = &waiting else { panic!("{waiting:?}") };
    assert_eq!((*revision, changed.len()), (2, 2));
    assert!(merged(&mut waiting, ipvs::Order::Keep).is_some(), "an end is never swallowed");
}
