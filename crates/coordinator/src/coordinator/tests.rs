use std::net::{IpAddr, Ipv4Addr};

use clock::Duration;
use health::{Failure, Internal};
use ipvs_table::{Forward, Protocol, Refusal, Scheduler, Server, Service, Weight};
use vrrp_proto::router::Reason;

use super::*;
use crate::{CauseKey, Impact, Quorum, ServerPolicy, Standing, Track};

mod properties;
mod tracking;

const ROUTER: RouterId = RouterId(1);

#[test]
fn a_cold_start_wants_every_pool_empty_and_says_the_base() {
    let mut c = unstarted();
    check(&mut c, 0, started(&[]), &[want(1, &[]), priority(150)]);
    check(&mut c, 10, Event::Applied(1), &[]);
}

#[test]
fn a_server_enters_with_its_first_pass_and_ready_waits_for_the_table() {
    let mut c = cold();
    check(&mut c, 100, up(1), &[server(1, Verdict::Up), want(2, &[1])]);
    check(&mut c, 110, up(2), &[server(2, Verdict::Up), want(3, &[1, 2])]);
    check(&mut c, 120, Event::Applied(2), &[]);
    check(&mut c, 130, Event::Applied(3), &[Effect::Ready(ROUTER)]);
    check(&mut c, 140, Event::Applied(3), &[]);
}

#[test]
fn adopted_servers_take_traffic_from_the_start() {
    let mut c = unstarted();
    let assume = |check| Effect::Assume(CheckId(check), Verdict::Up);
    let effects = [assume(1), assume(2), want(1, &[1, 2]), priority(150)];
    check(&mut c, 0, started(&[1, 2]), &effects);
    check(&mut c, 10, Event::Applied(1), &[Effect::Ready(ROUTER)]);
    let belief = c.belief(key(), server_key(1)).unwrap();
    assert_eq!((belief.standing, belief.verdict(), belief.why()), (Standing::Adopted, None, None));
}

#[test]
fn a_quiesced_server_is_not_adopted() {
    let mut kernel = table(&[1, 2]);
    let service = kernel.get_mut(&key()).unwrap();
    service.servers.get_mut(&server_key(2)).unwrap().weight = Weight(0);
    let mut c = unstarted();
    c.handle(at(0), Event::Started(kernel));
    assert_eq!(c.wanted(), &table(&[1]));
}

#[test]
fn a_router_without_pools_is_ready_at_once() {
    let mut c = without_pools(vec![]);
    let want = Effect::Want { revision: 1, changed: BTreeMap::new() };
    check(&mut c, 0, started(&[]), &[want, priority(150), Effect::Ready(ROUTER)]);
}

#[test]
fn a_pool_without_checks_needs_only_the_table() {
    let mut settings = settings();
    for server in settings.pools.get_mut(&key()).unwrap().servers.values_mut() {
        server.check = None;
    }
    settings.routers.get_mut(&ROUTER).unwrap().track.clear();
    let mut c = Coordinator::new(settings);
    check(&mut c, 0, started(&[]), &[want(1, &[1, 2]), priority(150)]);
    check(&mut c, 5, Event::Applied(1), &[Effect::Ready(ROUTER)]);
}

#[test]
fn a_dead_server_leaves_the_table() {
    let mut c = warm();
    check(&mut c, 500, down(1), &[server(1, Verdict::Down), want(2, &[2])]);
    check(&mut c, 600, down(1), &[]);
    assert_eq!(c.belief(key(), server_key(1)).unwrap().since, at(500));
}

#[test]
fn a_lost_quorum_lowers_the_backup_at_once() {
    let mut c = warm();
    c.handle(at(500), down(1));
    let effects =
        [server(2, Verdict::Down), want(3, &[]), quorum(0, true), priority(90), moved(150, 90)];
    check(&mut c, 600, down(2), &effects);
}

#[test]
fn a_lost_quorum_lowers_the_active_after_the_hold() {
    let mut c = warm();
    check(&mut c, 400, role(Role::Active), &[became(Role::Active)]);
    c.handle(at(500), down(1));
    check(&mut c, 600, down(2), &[server(2, Verdict::Down), want(3, &[]), quorum(0, true)]);
    assert_eq!(c.deadline(), Some(at(3_600)));
    check(&mut c, 3_600, Event::Tick, &[priority(90), moved(150, 90)]);
}

#[test]
fn between_the_thresholds_nothing_changes() {
    let mut c = warm();
    c.handle(at(500), down(1));
    assert_eq!(c.quorum(key()), Some((1, false)));
    c.handle(at(600), down(2));
    c.handle(at(700), up(2));
    assert_eq!(c.quorum(key()), Some((1, true)));
    c.handle(at(800), up(1));
    assert_eq!(c.quorum(key()), Some((2, false)));
}

#[test]
fn a_restart_between_the_thresholds_changes_nothing() {
    let mut c = unstarted();
    c.handle(at(0), started(&[1]));
    c.handle(at(10), down(2));
    assert_eq!(c.score(ROUTER).unwrap().priority().get(), 150);
}

#[test]
fn losing_the_role_frees_a_held_fall() {
    let mut c = warm();
    c.handle(at(400), role(Role::Active));
    c.handle(at(500), down(1));
    c.handle(at(600), down(2));
    let effects = [became(Role::Backup), priority(90), moved(150, 90)];
    check(&mut c, 700, role(Role::Backup), &effects);
}

#[test]
fn a_lost_link_counts_at_once_whoever_we_are() {
    let mut c = warm();
    c.handle(at(100), role(Role::Active));
    let causes = vec![(CauseKey::Tracked(eth1()), -60)];
    let notice = moved_for(150, 90, causes);
    check(&mut c, 200, tracked(eth1(), Reading::Bad), &[priority(90), notice]);
    let back = moved_for(90, 150, vec![]);
    check(&mut c, 300, tracked(eth1(), Reading::Good), &[priority(150), back]);
    check(&mut c, 400, tracked(Source::Interface("eth9".into()), Reading::Bad), &[]);
}

#[test]
fn an_active_with_nothing_known_lets_all_in_after_the_hold() {
    let mut c = cold();
    c.handle(at(1_000), role(Role::Active));
    assert_eq!(c.deadline(), Some(at(5_000)));
    check(&mut c, 5_000, Event::Tick, &[enter(2), want(2, &[1, 2])]);
    check(&mut c, 5_100, down(1), &[server(1, Verdict::Down), want(3, &[2])]);
}

#[test]
fn a_backup_lets_nothing_unknown_in_until_it_is_active() {
    let mut c = cold();
    check(&mut c, 5_000, Event::Tick, &[]);
    let effects = [became(Role::Active), enter(2), want(2, &[1, 2])];
    check(&mut c, 9_000, role(Role::Active), &effects);
}

#[test]
fn what_an_earlier_process_kept_out_is_not_unknown() {
    let mut c = unstarted();
    c.handle(at(0), started(&[1]));
    c.handle(at(10), role(Role::Active));
    check(&mut c, 5_000, Event::Tick, &[]);
}

#[test]
fn facts_before_the_start_are_kept_and_not_told() {
    let mut c = unstarted();
    check(&mut c, 0, tracked(eth1(), Reading::Bad), &[]);
    check(&mut c, 10, started(&[]), &[want(1, &[]), priority(90)]);
}

#[test]
fn a_second_start_changes_nothing() {
    let mut c = warm();
    check(&mut c, 100, started(&[]), &[]);
}

#[test]
fn what_the_kernel_and_the_checks_say_is_passed_on() {
    let mut c = warm();
    let refusal = Refusal { service: key(), server: None, errno: 12 };
    check(&mut c, 1, Event::Refused(refusal.clone()), &[Effect::Notice(Notice::Refused(refusal))]);
    check(&mut c, 2, Event::Cured(key(), None), &[Effect::Notice(Notice::Cured(key(), None))]);
    check(&mut c, 3, Event::Drift(key(), None), &[Effect::Notice(Notice::Drift(key(), None))]);
    let (service, why) = ("https".to_owned(), Internal::Memory);
    let impaired = Notice::Impaired { service, server: server_key(2), why };
    check(&mut c, 4, Event::Impaired(CheckId(2), why), &[Effect::Notice(impaired)]);
    check(&mut c, 5, Event::Impaired(CheckId(9), why), &[]);
}

// --- helpers ---

fn check(c: &mut Coordinator, millis: u64, event: Event, want: &[Effect]) {
    assert_eq!(c.handle(at(millis), event), want);
}

/// Knows that eth1 is up, and nothing else.
fn unstarted() -> Coordinator {
    let mut c = Coordinator::new(settings());
    assert_eq!(c.handle(at(0), tracked(eth1(), Reading::Good)), []);
    c
}

/// One router without pools, under these tracks.
fn without_pools(track: Vec<Track>) -> Coordinator {
    let mut settings = settings();
    settings.pools.clear();
    settings.routers.get_mut(&ROUTER).unwrap().track = track;
    Coordinator::new(settings)
}

/// Started with an empty kernel table.
fn cold() -> Coordinator {
    let mut c = unstarted();
    c.handle(at(0), started(&[]));
    c
}

/// Started with both servers in the kernel's table, ready.
fn warm() -> Coordinator {
    let mut c = unstarted();
    c.handle(at(0), started(&[1, 2]));
    c.handle(at(1), Event::Applied(1));
    c
}

/// One router of 150 that tracks eth1, one pool of two checked servers.
fn settings() -> Settings {
    let policy = RouterPolicy {
        name: "web".into(),
        base: Priority::new(150).unwrap(),
        track: vec![weighs(eth1(), -60, None)],
    };
    let hold = Duration::from_secs(3);
    let server = |n| ServerPolicy { weight: Weight(100), check: Some(CheckId(n)) };
    let pool = Pool {
        name: "https".into(),
        router: Some(ROUTER),
        scheduler: Scheduler::new("wlc").unwrap(),
        forward: Forward::Direct,
        quorum: Some(Quorum { up_at: 2, down_below: 1, priority: -60, hold }),
        servers: [1, 2].map(|n| (server_key(n), server(n.into()))).into(),
    };
    Settings {
        routers: [(ROUTER, policy)].into(),
        pools: [(key(), pool)].into(),
        hold: Duration::from_secs(5),
    }
}

fn eth1() -> Source {
    Source::Interface("eth1".into())
}

fn weighs(source: Source, weight: i32, hold: Option<Duration>) -> Track {
    Track { source, impact: Impact::Weight(weight), hold }
}

fn tracked(source: Source, reading: Reading) -> Event {
    Event::Tracked(source, reading)
}

fn key() -> ServiceKey {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 80));
    ServiceKey::Listen { protocol: Protocol::Tcp, address, port: 443 }
}

fn server_key(n: u8) -> ServerKey {
    ServerKey { address: IpAddr::V4(Ipv4Addr::new(10, 0, 1, n)), port: 443 }
}

fn table(servers: &[u8]) -> Table {
    let server = Server { forward: Forward::Direct, weight: Weight(100), upper: 0, lower: 0 };
    let service = Service {
        scheduler: Scheduler::new("wlc").unwrap(),
        flags: 0,
        timeout_s: 0,
        prefix: 32,
        servers: servers.iter().map(|n| (server_key(*n), server)).collect(),
    };
    [(key(), service)].into()
}

fn started(servers: &[u8]) -> Event {
    Event::Started(table(servers))
}

fn up(n: u32) -> Event {
    Event::Verdict { check: CheckId(n), verdict: Verdict::Up, why: Outcome::Pass }
}

fn down(n: u32) -> Event {
    let why = Outcome::Fail(Failure::Refused);
    Event::Verdict { check: CheckId(n), verdict: Verdict::Down, why }
}

fn role(role: Role) -> Event {
    Event::Role(ROUTER, role, Reason::PeerSilent)
}

fn want(revision: u64, servers: &[u8]) -> Effect {
    let changed = table(servers).into_iter().map(|(key, service)| (key, Some(service))).collect();
    Effect::Want { revision, changed }
}

fn priority(value: u8) -> Effect {
    Effect::Priority(ROUTER, Priority::new(value).unwrap())
}

fn moved(from: u8, to: u8) -> Effect {
    moved_for(from, to, vec![(CauseKey::Quorum(key()), -60)])
}

fn moved_for(from: u8, to: u8, causes: Vec<(CauseKey, i32)>) -> Effect {
    let [from, to] = [from, to].map(|value| Priority::new(value).unwrap());
    Effect::Notice(Notice::Priority { router: "web".into(), from, to, causes })
}

fn server(n: u8, verdict: Verdict) -> Effect {
    let why = match verdict {
        Verdict::Up => Outcome::Pass,
        Verdict::Down => Outcome::Fail(Failure::Refused),
    };
    let server = server_key(n);
    Effect::Notice(Notice::Server { service: "https".into(), server, verdict, why })
}

fn quorum(live: u32, lost: bool) -> Effect {
    Effect::Notice(Notice::Quorum { service: "https".into(), live, lost })
}

fn became(role: Role) -> Effect {
    let reason = Reason::PeerSilent;
    Effect::Notice(Notice::Role { router: "web".into(), role, reason })
}

fn enter(count: u32) -> Effect {
    Effect::Notice(Notice::UnknownServersEnter { service: "https".into(), count })
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}
