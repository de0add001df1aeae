use std::vec;

use super::*;
use crate::{Forward, Protocol, Scheduler, Weight};

const EINVAL: i32 = 22;
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EEXIST: i32 = 17;

#[test]
fn the_first_thing_is_a_dump() {
    let mut table = Reconciler::new(vec![], VERIFY);
    assert_eq!(table.deadline(), Some(Instant::ZERO));
    check(&mut table, 0, Event::Tick, &[Output::Dump]);
    assert_eq!(table.deadline(), None);
    check(&mut table, 0, want(1, &[(WEB, &[A])]), &[]);
    let expected = [
        Output::Ours(vec![WEB]),
        Output::Ask(vec![
            Request::AddService(WEB, service(&[])),
            Request::AddServer(WEB, A, server(1)),
        ]),
    ];
    check(&mut table, 0, Event::Dumped(Table::new()), &expected);
    check(&mut table, 0, Event::Answered(vec![0, 0]), &[Output::Applied(1)]);
}

#[test]
fn nothing_of_ours_is_touched_before_something_is_wanted() {
    let mut table = Reconciler::new(vec![WEB, DNS], VERIFY);
    check(&mut table, 0, Event::Dumped(held(&[(WEB, &[A]), (DNS, &[]), (MAIL, &[])])), &[]);
    assert_eq!(table.deadline(), None);
    let expected = [Output::Ask(vec![Request::DeleteService(DNS)])];
    check(&mut table, 100, want(1, &[(WEB, &[A])]), &expected);
    let expected = [Output::Ours(vec![WEB]), Output::Applied(1)];
    check(&mut table, 100, Event::Answered(vec![0]), &expected);
}

#[test]
fn a_wanted_service_that_is_there_is_adopted_by_sets() {
    let mut table = Reconciler::new(vec![], VERIFY);
    let mut kernel = held(&[(WEB, &[A, B])]);
    kernel.get_mut(&WEB).unwrap().flags |= Service::HASHED;
    kernel.get_mut(&WEB).unwrap().servers.insert(A, server(5));
    check(&mut table, 0, Event::Dumped(kernel), &[]);
    let expected = [
        Output::Ours(vec![WEB]),
        Output::Ask(vec![
            Request::AddServer(WEB, C, server(1)),
            Request::SetServer(WEB, A, server(1)),
            Request::DeleteServer(WEB, B),
        ]),
    ];
    check(&mut table, 0, want(1, &[(WEB, &[A, C])]), &expected);
}

#[test]
fn what_is_wanted_collapses_while_a_question_is_open() {
    let mut table = Reconciler::new(vec![], VERIFY);
    check(&mut table, 0, Event::Dumped(Table::new()), &[]);
    let add = Request::AddService(WEB, service(&[]));
    let expected = [Output::Ours(vec![WEB]), Output::Ask(vec![add])];
    check(&mut table, 0, want(1, &[(WEB, &[])]), &expected);
    check(&mut table, 1, want(2, &[(WEB, &[A])]), &[]);
    check(&mut table, 2, want(3, &[(WEB, &[A, B])]), &[]);
    check(&mut table, 3, want(4, &[(WEB, &[B])]), &[]);
    let expected = [Output::Ask(vec![Request::AddServer(WEB, B, server(1))])];
    check(&mut table, 4, Event::Answered(vec![0]), &expected);
    check(&mut table, 5, Event::Answered(vec![0]), &[Output::Applied(4)]);
}

#[test]
fn an_older_revision_is_ignored() {
    let mut table = applied(&[(WEB, &[A])]);
    check(&mut table, 0, want(0, &[(WEB, &[B])]), &[]);
    check(&mut table, 0, want(1, &[(WEB, &[A])]), &[Output::Applied(1)]);
}

#[test]
fn a_refusal_is_told_once_and_tried_again_after_1_2_4_seconds() {
    let mut table = applied(&[(WEB, &[A])]);
    let add = [Output::Ask(vec![Request::AddServer(WEB, B, server(1))])];
    check(&mut table, 0, want(2, &[(WEB, &[A, B])]), &add);
    let refused = Refusal { service: WEB, server: Some(B), errno: EINVAL };
    let expected = [Output::Refused(refused), Output::Applied(2)];
    check(&mut table, 0, Event::Answered(vec![EINVAL]), &expected);
    for retry_at in [1_000, 3_000, 7_000] {
        verify_until(&mut table, retry_at, &held(&[(WEB, &[A])]));
        check(&mut table, retry_at, Event::Tick, &add);
        check(&mut table, retry_at, Event::Answered(vec![EINVAL]), &[Output::ListServices]);
        check(&mut table, retry_at, Event::Listed(listed(&[WEB])), &[Output::DumpServers(WEB)]);
        check(&mut table, retry_at, servers(WEB, &[A]), &[]);
    }
    verify_until(&mut table, 15_000, &held(&[(WEB, &[A])]));
    check(&mut table, 15_000, Event::Tick, &add);
    let expected = [Output::Cured(WEB, Some(B)), Output::ListServices];
    check(&mut table, 15_000, Event::Answered(vec![0]), &expected);
}

#[test]
fn a_refused_service_is_tried_at_once_when_it_is_wanted_differently() {
    let mut table = applied(&[]);
    let wlc = Service { scheduler: Scheduler::new("wlc").unwrap(), ..service(&[A]) };
    let add = |service: &Service| {
        vec![Request::AddService(WEB, service.settings()), Request::AddServer(WEB, A, server(1))]
    };
    let expected = [Output::Ours(vec![WEB]), Output::Ask(add(&wlc))];
    check(&mut table, 0, want_services(2, &[(WEB, wlc)]), &expected);
    let refused = Refusal { service: WEB, server: None, errno: ENOENT };
    let expected = [Output::Refused(refused), Output::Applied(2)];
    check(&mut table, 0, Event::Answered(vec![ENOENT, ESRCH]), &expected);
    check(&mut table, 1, want(3, &[(WEB, &[A])]), &[Output::Ask(add(&service(&[A])))]);
    let expected = [Output::Cured(WEB, None), Output::Applied(3)];
    check(&mut table, 1, Event::Answered(vec![0, 0]), &expected);
}

#[test]
fn a_refused_entry_that_is_no_longer_wanted_is_cured() {
    let mut table = applied(&[(WEB, &[])]);
    let add = [Output::Ask(vec![Request::AddServer(WEB, A, server(1))])];
    check(&mut table, 0, want(2, &[(WEB, &[A])]), &add);
    let refused = Refusal { service: WEB, server: Some(A), errno: EINVAL };
    let expected = [Output::Refused(refused), Output::Applied(2)];
    check(&mut table, 0, Event::Answered(vec![EINVAL]), &expected);
    let expected = [Output::Cured(WEB, Some(A)), Output::Applied(3)];
    check(&mut table, 0, want(3, &[(WEB, &[])]), &expected);
}

#[test]
fn a_service_that_somebody_else_added_meanwhile_is_read_and_adopted() {
    let mut table = applied(&[]);
    let add = vec![Request::AddService(WEB, service(&[])), Request::AddServer(WEB, A, server(1))];
    let expected = [Output::Ours(vec![WEB]), Output::Ask(add)];
    check(&mut table, 0, want(2, &[(WEB, &[A])]), &expected);
    check(&mut table, 0, Event::Answered(vec![EEXIST, 0]), &[Output::ListServices]);
    check(&mut table, 0, Event::Listed(listed(&[WEB])), &[Output::DumpServers(WEB)]);
    let expected = [Output::Ask(vec![Request::DeleteServer(WEB, B)])];
    check(&mut table, 0, servers(WEB, &[A, B]), &expected);
}

#[test]
fn a_server_that_somebody_else_removed_meanwhile_is_added_again() {
    let mut table = applied(&[(WEB, &[A])]);
    let heavier = Service { servers: [(A, server(2))].into(), ..service(&[]) };
    let set = [Output::Ask(vec![Request::SetServer(WEB, A, server(2))])];
    check(&mut table, 0, want_services(2, &[(WEB, heavier)]), &set);
    check(&mut table, 0, Event::Answered(vec![ENOENT]), &[Output::DumpServers(WEB)]);
    let add = Request::AddServer(WEB, A, server(2));
    let expected = [Output::Drift(WEB, Some(A)), Output::Ask(vec![add])];
    check(&mut table, 0, servers(WEB, &[]), &expected);
}

#[test]
fn a_table_that_somebody_cleared_is_filled_again() {
    let mut table = applied(&[(WEB, &[A]), (DNS, &[B])]);
    check(&mut table, 500, Event::Tick, &[Output::ListServices]);
    let expected = [
        Output::Drift(WEB, None),
        Output::Drift(DNS, None),
        Output::Ask(vec![
            Request::AddService(WEB, service(&[])),
            Request::AddService(DNS, service(&[])),
            Request::AddServer(WEB, A, server(1)),
            Request::AddServer(DNS, B, server(1)),
        ]),
    ];
    check(&mut table, 500, Event::Listed(Table::new()), &expected);
}

#[test]
fn a_service_found_missing_by_a_change_is_looked_for() {
    let mut table = applied(&[(WEB, &[A])]);
    let add = [Output::Ask(vec![Request::AddServer(WEB, B, server(1))])];
    check(&mut table, 0, want(2, &[(WEB, &[A, B])]), &add);
    check(&mut table, 0, Event::Answered(vec![ESRCH]), &[Output::ListServices]);
    let expected = [
        Output::Drift(WEB, None),
        Output::Ask(vec![
            Request::AddService(WEB, service(&[])),
            Request::AddServer(WEB, A, server(1)),
            Request::AddServer(WEB, B, server(1)),
        ]),
    ];
    check(&mut table, 0, Event::Listed(Table::new()), &expected);
}

#[test]
fn drift_is_told_once_until_it_has_been_seen_in_order() {
    let mut table = applied(&[(WEB, &[A])]);
    let set = Output::Ask(vec![Request::SetService(WEB, service(&[]))]);
    let edited = Table::from([(WEB, Service { timeout_s: 300, ..service(&[]) })]);
    let drift = Output::Drift(WEB, None);
    for (at, expected) in [(500, vec![drift.clone(), set.clone()]), (1_000, vec![set.clone()])] {
        check(&mut table, at, Event::Tick, &[Output::ListServices]);
        check(&mut table, at, Event::Listed(edited.clone()), &expected);
        check(&mut table, at, Event::Answered(vec![0]), &[Output::DumpServers(WEB)]);
        check(&mut table, at, servers(WEB, &[A]), &[]);
    }
    verify_until(&mut table, 2_000, &held(&[(WEB, &[A])]));
    check(&mut table, 2_000, Event::Tick, &[Output::ListServices]);
    check(&mut table, 2_000, Event::Listed(edited), &[drift, set]);
}

#[test]
fn each_round_compares_the_servers_of_one_more_service() {
    let mut table = applied(&[(WEB, &[A]), (DNS, &[B])]);
    for (at, key, server) in [(500, WEB, A), (1_000, DNS, B), (1_500, WEB, A)] {
        assert_eq!(table.deadline(), Some(Instant::from_millis(at)));
        check(&mut table, at - 1, Event::Tick, &[]);
        check(&mut table, at, Event::Tick, &[Output::ListServices]);
        check(&mut table, at, Event::Listed(listed(&[WEB, DNS])), &[Output::DumpServers(key)]);
        check(&mut table, at, servers(key, &[server]), &[]);
    }
}

#[test]
fn lost_answers_are_found_out_by_a_dump_and_are_no_drift() {
    let mut table = applied(&[(WEB, &[A])]);
    let add = [Output::Ask(vec![Request::AddServer(WEB, B, server(1))])];
    check(&mut table, 0, want(2, &[(WEB, &[A, B])]), &add);
    check(&mut table, 0, Event::Lost, &[Output::Dump]);
    let dumped = Event::Dumped(held(&[(WEB, &[A, B])]));
    check(&mut table, 0, dumped, &[Output::Applied(2)]);
}

#[test]
fn dumps_that_keep_failing_are_asked_more_and_more_seldom() {
    let mut table = applied(&[(WEB, &[A])]);
    check(&mut table, 500, Event::Tick, &[Output::ListServices]);
    check(&mut table, 500, Event::Lost, &[Output::Dump]);
    check(&mut table, 500, Event::Lost, &[Output::Dump]);
    check(&mut table, 500, Event::Lost, &[]);
    for at in [600, 800, 1_200] {
        assert_eq!(table.deadline(), Some(Instant::from_millis(at)));
        check(&mut table, at - 1, Event::Tick, &[]);
        check(&mut table, at, Event::Tick, &[Output::Dump]);
        check(&mut table, at, Event::Lost, &[]);
    }
}

#[test]
fn an_answer_to_what_was_not_asked_is_ignored() {
    let mut table = applied(&[(WEB, &[A])]);
    check(&mut table, 0, Event::Answered(vec![0]), &[]);
    check(&mut table, 0, Event::Listed(Table::new()), &[]);
    check(&mut table, 0, servers(WEB, &[]), &[]);
    check(&mut table, 500, Event::Tick, &[Output::ListServices]);
    check(&mut table, 500, Event::Dumped(Table::new()), &[]);
    check(&mut table, 500, Event::Listed(listed(&[WEB])), &[Output::DumpServers(WEB)]);
}

#[test]
fn answers_that_do_not_match_the_requests_are_lost() {
    let mut table = applied(&[(WEB, &[A])]);
    let add = [Output::Ask(vec![Request::AddServer(WEB, B, server(1))])];
    check(&mut table, 0, want(2, &[(WEB, &[A, B])]), &add);
    check(&mut table, 0, Event::Answered(vec![0, 0]), &[Output::Dump]);
}

const VERIFY: Duration = Duration::from_millis(500);
const WEB: ServiceKey = listen(80);
const DNS: ServiceKey = listen(853);
const MAIL: ServiceKey = listen(993);
const A: ServerKey = at(1);
const B: ServerKey = at(2);
const C: ServerKey = at(3);

fn check(table: &mut Reconciler, at_ms: u64, event: Event, expected: &[Output]) {
    assert_eq!(table.handle(Instant::from_millis(at_ms), event), expected);
}

/// At 0 ms, with this applied as revision 1 and nothing open.
fn applied(wanted: &[(ServiceKey, &[ServerKey])]) -> Reconciler {
    let mut table = Reconciler::new(wanted.iter().map(|(key, _)| *key).collect(), VERIFY);
    check(&mut table, 0, Event::Dumped(held(wanted)), &[]);
    check(&mut table, 0, want(1, wanted), &[Output::Applied(1)]);
    table
}

/// Verifying rounds before `until_ms`, in which everything is in order.
fn verify_until(table: &mut Reconciler, until_ms: u64, kernel: &Table) {
    let until = Instant::from_millis(until_ms);
    while let Some(at) = table.deadline().filter(|at| *at < until) {
        assert_eq!(table.handle(at, Event::Tick), [Output::ListServices]);
        let list = kernel.iter().map(|(&key, service)| (key, service.settings())).collect();
        let outputs = table.handle(at, Event::Listed(list));
        let [Output::DumpServers(key)] = outputs[..] else { panic!("{outputs:?}") };
        let servers = Event::Servers(key, kernel[&key].servers.clone());
        assert_eq!(table.handle(at, servers), []);
    }
}

fn want(revision: u64, services: &[(ServiceKey, &[ServerKey])]) -> Event {
    let changed = held(services).into_iter().map(|(key, service)| (key, Some(service)));
    Event::Want { revision, changed: changed.collect() }
}

fn want_services(revision: u64, services: &[(ServiceKey, Service)]) -> Event {
    let changed = services.iter().map(|(key, service)| (*key, Some(service.clone())));
    Event::Want { revision, changed: changed.collect() }
}

fn held(services: &[(ServiceKey, &[ServerKey])]) -> Table {
    services.iter().map(|(key, servers)| (*key, service(servers))).collect()
}

fn listed(keys: &[ServiceKey]) -> Table {
    keys.iter().map(|key| (*key, service(&[]))).collect()
}

fn servers(key: ServiceKey, servers: &[ServerKey]) -> Event {
    Event::Servers(key, service(servers).servers)
}

fn service(servers: &[ServerKey]) -> Service {
    Service {
        scheduler: Scheduler::new("rr").unwrap(),
        flags: 0,
        timeout_s: 0,
        prefix: 32,
        servers: servers.iter().map(|key| (*key, server(1))).collect(),
    }
}

fn server(weight: u16) -> Server {
    Server { forward: Forward::Direct, weight: Weight(weight), upper: 0, lower: 0 }
}

const fn listen(port: u16) -> ServiceKey {
    let address = core::net::IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1));
    ServiceKey::Listen { protocol: Protocol::Tcp, address, port }
}

const fn at(last: u8) -> ServerKey {
    let address = core::net::IpAddr::V4(core::net::Ipv4Addr::new(198, 51, 100, last));
    ServerKey { address, port: 80 }
}
