use std::vec;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use super::*;
use crate::{Forward, Protocol, Scheduler};

fn service_key() -> impl Strategy<Value = ServiceKey> {
    (0..4u8).prop_map(|last| ServiceKey::Listen {
        protocol: Protocol::Tcp,
        address: [192, 0, 2, last].into(),
        port: 80,
    })
}

fn server_key() -> impl Strategy<Value = ServerKey> {
    (0..6u8).prop_map(|last| ServerKey { address: [198, 51, 100, last].into(), port: 80 })
}

fn server() -> impl Strategy<Value = Server> {
    let forward = prop_oneof![Just(Forward::Direct), Just(Forward::Nat), Just(Forward::Tunnel)];
    (forward, 0..3u16, 0..2u32).prop_map(|(forward, weight, upper)| Server {
        forward,
        weight: Weight(weight),
        upper,
        lower: 0,
    })
}

fn service() -> impl Strategy<Value = Service> {
    let scheduler = prop_oneof![Just("rr"), Just("wlc")];
    (scheduler, 0..2u32, btree_map(server_key(), server(), 0..6)).prop_map(
        |(scheduler, flags, servers)| Service {
            scheduler: Scheduler::new(scheduler).unwrap(),
            flags,
            timeout_s: flags * 300,
            prefix: 32,
            servers,
        },
    )
}

fn table() -> impl Strategy<Value = Table> {
    btree_map(service_key(), service(), 0..4)
}

proptest! {
    #[test]
    fn the_plan_applied_gives_what_is_wanted(have in table(), want in table()) {
        let mut held = have.clone();
        for request in plan(&have, &want) {
            request.apply(&mut held);
        }
        prop_assert_eq!(held, want);
    }

    #[test]
    fn nothing_is_asked_for_what_is_there(have in table()) {
        prop_assert_eq!(plan(&have, &have), vec![]);
    }

    #[test]
    fn never_fewer_live_servers_than_before_or_after(have in table(), want in table()) {
        let mut held = have.clone();
        for request in plan(&have, &want) {
            request.clone().apply(&mut held);
            for key in have.keys().chain(want.keys()) {
                let least = live(&have, key).min(live(&want, key));
                prop_assert!(live(&held, key) >= least, "{} after {:?}", key, request);
            }
        }
    }

    /// No add of what is there and no set or delete of what is not: the kernel would refuse it.
    #[test]
    fn every_request_makes_sense_when_it_is_made(have in table(), want in table()) {
        let mut held = have.clone();
        for request in plan(&have, &want) {
            let service = held.get(&request.service());
            let server = request.server().zip(service).is_some_and(|(key, service)| {
                service.servers.contains_key(&key)
            });
            let expected = match request {
                Request::AddService(..) => (false, false),
                Request::SetService(..) | Request::DeleteService(_) | Request::AddServer(..) => {
                    (true, false)
                }
                Request::SetServer(..) | Request::DeleteServer(..) => (true, true),
            };
            prop_assert_eq!((service.is_some(), server), expected, "{:?}", request);
            request.apply(&mut held);
        }
    }

    #[test]
    fn what_is_in_both_tables_is_never_deleted(
        both in btree_set(server_key(), 1..6), have in service(), want in service(), value in server()
    ) {
        let key = ServiceKey::Mark { family: crate::Family::V4, mark: 1 };
        let with = |mut service: Service| {
            service.servers.extend(both.iter().map(|&key| (key, value)));
            Table::from([(key, service)])
        };
        for request in plan(&with(have), &with(want)) {
            if let Request::DeleteServer(_, server) = request {
                prop_assert!(!both.contains(&server));
            }
        }
    }
}

#[test]
fn capacity_comes_before_it_goes() {
    let [a, b, c, d] =
        [1, 2, 3, 4].map(|last: u8| ServerKey { address: [198, 51, 100, last].into(), port: 80 });
    let weight =
        |weight| Server { forward: Forward::Direct, weight: Weight(weight), upper: 0, lower: 0 };
    let key = ServiceKey::Mark { family: crate::Family::V4, mark: 1 };
    let table = |scheduler, servers: &[(ServerKey, Server)]| {
        let scheduler = Scheduler::new(scheduler).unwrap();
        let servers = servers.iter().copied().collect();
        Table::from([(key, Service { scheduler, flags: 0, timeout_s: 0, prefix: 32, servers })])
    };
    let have = table("rr", &[(a, weight(1)), (b, weight(1)), (c, weight(0))]);
    let want = table("wlc", &[(b, weight(0)), (c, weight(1)), (d, weight(1))]);
    let settings = want[&key].settings();
    let expected = [
        Request::AddServer(key, d, weight(1)),
        Request::SetServer(key, c, weight(1)),
        Request::SetServer(key, b, weight(0)),
        Request::SetService(key, settings),
        Request::DeleteServer(key, a),
    ];
    assert_eq!(plan(&have, &want), expected);
}

fn live(table: &Table, key: &ServiceKey) -> usize {
    let live = |server: &&Server| server.weight != Weight(0);
    table.get(key).map_or(0, |service| service.servers.values().filter(live).count())
}
