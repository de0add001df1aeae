//! The client and the table thread on a real kernel. Where this kernel has no IPVS the tests say so
//! and assert nothing: `cargo xtask test` runs this binary in the micro-VM.
//!
//! Each test runs in a network namespace of its own. Needs root, `ip` and `ipvsadm`.

#![allow(clippy::unwrap_used)] // in helpers, too

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;

use clock::Duration;
use ipvs::{Client, Fact, Kernel, Order, Setup, Started, explain, lo_up, start};
use ipvs_table::{
    Family, Forward, Protocol, Refusal, Request, Scheduler, Server, ServerKey, Service, ServiceKey,
    Table, Weight, plan,
};
use mailbox::{Inbox, mailbox};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};

#[path = "live/random.rs"]
mod random;

use random::Random;

const VERIFY: Duration = Duration::from_millis(500);
/// More than the micro-VM needs on a busy machine.
const PATIENCE_MS: u16 = 60_000;

#[test]
fn random_tables_applied_are_dumped_back_equal() {
    let Some(mut client) = client_in_a_new_namespace() else { return };
    let mut random = Random::seeded();
    let mut have = Table::new();
    for round in 0..20 {
        let want = random.table();
        let requests = plan(&have, &want);
        for window in requests.chunks(128) {
            let answers = client.ask(window).unwrap();
            assert_eq!(answers, vec![0; window.len()], "round {round}: {window:?}");
        }
        let (dumped, connections) = client.dump().unwrap();
        assert_eq!(dumped, want, "round {round}");
        assert_eq!(plan(&dumped, &want), []);
        assert!(connections.values().all(|counts| *counts == (0, 0)));
        let settings: Table = want.iter().map(|(&key, value)| (key, value.settings())).collect();
        assert_eq!(client.services().unwrap(), settings);
        have = want;
    }
    println!("20 tables, the last with {} services", have.len());
}

#[test]
fn ipvsadm_shows_the_wanted_table() {
    let Some(mut client) = client_in_a_new_namespace() else { return };
    let v6 = "2001:db8::80".parse().unwrap();
    let web = Service {
        flags: 1,
        timeout_s: 300,
        prefix: 24,
        servers: [
            (server_key([198, 51, 100, 1], 80), server(Forward::Direct, 5)),
            (server_key([198, 51, 100, 2], 80), server(Forward::Tunnel, 0)),
        ]
        .into(),
        ..service("wlc")
    };
    let dns = Service {
        servers: [(server_key([198, 51, 100, 3], 5353), server(Forward::Nat, 7))].into(),
        ..service("rr")
    };
    let far = ServerKey { address: "2001:db8::1".parse().unwrap(), port: 80 };
    let six = Service {
        prefix: 128,
        servers: [(far, server(Forward::Direct, 1))].into(),
        ..service("wrr")
    };
    let want = Table::from([
        (listen(Protocol::Tcp, [192, 0, 2, 80].into(), 80), web),
        (listen(Protocol::Udp, [192, 0, 2, 80].into(), 53), dns),
        (listen(Protocol::Tcp, v6, 80), six),
        (ServiceKey::Mark { family: Family::V4, mark: 7 }, service("sh")),
    ]);
    assert_eq!(client.ask(&plan(&Table::new(), &want)).unwrap(), [0; 8]);
    let mut lines: Vec<_> = ipvsadm(&["-S", "-n"]).lines().map(|l| l.trim().to_owned()).collect();
    lines.sort();
    let expected = [
        "-A -f 7 -s sh",
        "-A -t 192.0.2.80:80 -s wlc -p 300 -M 255.255.255.0",
        "-A -t [2001:db8::80]:80 -s wrr",
        "-A -u 192.0.2.80:53 -s rr",
        "-a -t 192.0.2.80:80 -r 198.51.100.1:80 -g -w 5",
        "-a -t 192.0.2.80:80 -r 198.51.100.2:80 -i -w 0 --tun-type ipip",
        "-a -t [2001:db8::80]:80 -r [2001:db8::1]:80 -g -w 1",
        "-a -u 192.0.2.80:53 -r 198.51.100.3:5353 -m -w 7",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn each_error_is_the_one_the_reconciler_counts_on() {
    let Some(mut client) = client_in_a_new_namespace() else { return };
    let web = listen(Protocol::Tcp, [192, 0, 2, 80].into(), 80);
    let gone = listen(Protocol::Tcp, [192, 0, 2, 81].into(), 80);
    let (a, b) = (server_key([198, 51, 100, 1], 80), server_key([198, 51, 100, 2], 80));
    let value = server(Forward::Direct, 1);
    let cases = [
        (Request::AddService(web, service("rr")), 0),
        (Request::AddService(web, service("rr")), libc::EEXIST),
        (Request::AddService(gone, service("nosuch")), libc::ENOENT),
        (Request::AddServer(gone, a, value), libc::ESRCH),
        (Request::SetService(gone, service("rr")), libc::ESRCH),
        (Request::DeleteService(gone), libc::ESRCH),
        (Request::AddServer(web, a, value), 0),
        (Request::AddServer(web, a, value), libc::EEXIST),
        (Request::SetServer(web, b, value), libc::ENOENT),
        (Request::DeleteServer(web, b), libc::ENOENT),
        (Request::AddServer(web, server_key([224, 0, 0, 1], 80), value), libc::EINVAL),
        (Request::SetServer(web, a, Server { lower: 9, upper: 1, ..value }), libc::ERANGE),
        (Request::SetServer(web, a, server(Forward::Nat, 3)), 0),
        (Request::DeleteServer(web, a), 0),
        (Request::DeleteService(web), 0),
    ];
    let (requests, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(client.ask(&requests).unwrap(), expected);
    assert!(client.servers(gone).unwrap().is_empty());
}

#[test]
fn too_much_at_once_is_lost_and_the_next_question_is_answered() {
    let Some(mut client) = client_in_a_new_namespace() else { return };
    let key = |port| listen(Protocol::Udp, [192, 0, 2, 80].into(), port);
    let all: Vec<_> =
        (1..=5_000).map(|port| Request::AddService(key(port), service("rr"))).collect();
    let lost = client.ask(&all).unwrap_err();
    println!("{lost}");
    assert_eq!(lost.errno, Some(libc::EMSGSIZE));
    assert_eq!(client.ask(&all[..128]).unwrap(), [0; 128]);
    assert_eq!(client.services().unwrap().len(), 128);
}

#[test]
fn a_cleared_table_is_back_and_a_foreign_service_is_left_alone() {
    let Some(_) = client_in_a_new_namespace() else { return };
    let foreign = ["-t", "192.0.2.99:25"];
    ipvsadm(&[&["-A"][..], &foreign, &["-s", "nq"]].concat());
    let mut thread = Thread::start();
    assert_eq!(thread.table.len(), 1);
    let mut random = Random(1);
    let mut want = random.table();
    want.retain(|key, _| *key != listen(Protocol::Tcp, [192, 0, 2, 99].into(), 25));
    thread.want(1, &want);
    thread.until(|fact| matches!(fact, Fact::Applied(1)));

    // Cleared by hand: all of ours is back, and what somebody else adds meanwhile stays.
    ipvsadm(&["-C"]);
    let cleared = Instant::now();
    ipvsadm(&[&["-A"][..], &foreign, &["-s", "lblc"]].concat());
    thread.until(|fact| matches!(fact, Fact::Drift(..)));
    let found = cleared.elapsed();
    let mut client = Client::open().unwrap();
    let is_back = |table: &Table| want.iter().all(|(key, value)| table.get(key) == Some(value));
    while !is_back(&client.dump().unwrap().0) {
        assert!(cleared.elapsed().as_secs() < 60, "not back");
    }
    println!("cleared: found after {found:?}, back after {:?}", cleared.elapsed());
    let saved = ipvsadm(&["-S", "-n"]);
    assert!(saved.contains("-A -t 192.0.2.99:25 -s lblc"), "{saved}");

    // The report has everything, theirs too.
    thread.order(Order::Report);
    let facts = thread.until(|fact| matches!(fact, Fact::Report(..)));
    let Some(Fact::Report(table, connections)) = facts.last() else { panic!() };
    assert!(is_back(table) && table.len() == want.len() + 1);
    let servers: usize = want.values().map(|service| service.servers.len()).sum();
    assert_eq!(connections.len(), servers);

    thread.order(Order::Release);
    thread.until(|fact| matches!(fact, Fact::Ended));
    assert_eq!(ipvsadm(&["-S", "-n"]).trim(), "-A -t 192.0.2.99:25 -s lblc");
}

#[test]
fn a_weight_set_by_hand_is_set_back() {
    let Some(mut client) = client_in_a_new_namespace() else { return };
    let mut thread = Thread::start();
    let web = listen(Protocol::Tcp, [192, 0, 2, 80].into(), 80);
    let a = server_key([198, 51, 100, 1], 80);
    let servers = [(a, server(Forward::Direct, 5))].into();
    thread.want(1, &Table::from([(web, Service { servers, ..service("rr") })]));
    thread.until(|fact| matches!(fact, Fact::Applied(1)));
    ipvsadm(&["-e", "-t", "192.0.2.80:80", "-r", "198.51.100.1:80", "-g", "-w", "1"]);
    thread.until(
        |fact| matches!(fact, Fact::Drift(key, Some(server)) if (*key, *server) == (web, a)),
    );
    // Told before it is repaired; the next answer after the repair is the report's.
    let began = Instant::now();
    while client.servers(web).unwrap()[&a].weight != Weight(5) {
        assert!(began.elapsed().as_secs() < 60, "not set back");
    }
    thread.order(Order::Keep);
    thread.until(|fact| matches!(fact, Fact::Ended));
    assert!(ipvsadm(&["-S", "-n"]).contains("-w 5"));
}

#[test]
fn with_lo_down_the_refusal_is_explained_and_cured() {
    // The kernel keeps the local routes once lo has been up: it must never have been.
    let Some(_) = client_in_a_fresh_namespace() else { return };
    assert!(!lo_up());
    let mut thread = Thread::start();
    let web = listen(Protocol::Tcp, [192, 0, 2, 80].into(), 80);
    let a = server_key([198, 51, 100, 1], 80);
    let servers = [(a, server(Forward::Direct, 5))].into();
    thread.want(1, &Table::from([(web, Service { servers, ..service("rr") })]));
    let facts = thread.until(|fact| matches!(fact, Fact::Applied(1)));
    let refusal = Refusal { service: web, server: Some(a), errno: libc::EINVAL };
    let told = |fact: &&Fact| matches!(fact, Fact::Refused(found) if *found == refusal);
    assert_eq!(facts.iter().filter(told).count(), 1, "{facts:?}");
    println!("{}", explain(&refusal, lo_up()));
    run("ip", &["link", "set", "lo", "up"]);
    assert!(lo_up());
    thread.until(
        |fact| matches!(fact, Fact::Cured(key, Some(server)) if (*key, *server) == (web, a)),
    );
}

#[test]
fn ten_thousand_servers_are_applied_and_verified() {
    let Some(_) = client_in_a_new_namespace() else { return };
    let mut thread = Thread::start();
    let servers: BTreeMap<_, _> = (0..10)
        .map(|last| (server_key([198, 51, 100, last], 80), server(Forward::Direct, 1)))
        .collect();
    let service = Service { servers, ..service("rr") };
    let key = |port| listen(Protocol::Tcp, [192, 0, 2, 80].into(), port);
    let want: Table = (1..=1000).map(|port| (key(port), service.clone())).collect();
    let began = Instant::now();
    thread.want(1, &want);
    thread.until(|fact| matches!(fact, Fact::Applied(1)));
    println!("1,000 services with 10 servers each: {:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(Client::open().unwrap().dump().unwrap().0, want);
    println!("dumped: {:?}", began.elapsed());
    let began = Instant::now();
    let more = Service {
        servers: [(server_key([198, 51, 100, 1], 80), server(Forward::Direct, 9))].into(),
        ..service
    };
    thread.want(2, &Table::from([(key(1), more)]));
    thread.until(|fact| matches!(fact, Fact::Applied(2)));
    println!("one service changed: {:?}", began.elapsed());
    let began = Instant::now();
    thread.order(Order::Release);
    thread.until(|fact| matches!(fact, Fact::Ended));
    println!("released: {:?}", began.elapsed());
    assert_eq!(ipvsadm(&["-S", "-n"]), "");
}

/// Runs this very test again as nobody, to whom the kernel must be closed.
#[test]
fn without_permission_it_does_not_start_and_says_why() {
    if std::env::var_os("GEMEL_TEST_AS_NOBODY").is_some() {
        let (facts, _inbox) = mailbox(1).unwrap();
        let error = start(Setup { ours: vec![], verify: VERIFY }, facts).unwrap_err();
        println!("{error}");
        assert!(error.to_string().contains("CAP_NET_ADMIN in the initial user namespace"));
        return;
    }
    let Some(_) = client_in_a_new_namespace() else { return };
    if std::fs::metadata("/").unwrap().permissions().mode() & 1 == 0 {
        println!("the root folder is closed to nobody: not tried");
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "without_permission_it_does_not_start_and_says_why", "--nocapture"])
        .env("GEMEL_TEST_AS_NOBODY", "1")
        .current_dir("/")
        .gid(65534)
        .uid(65534)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{}", text.lines().find(|line| line.contains("CAP_NET_ADMIN")).unwrap_or(&text));
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

struct Thread {
    orders: mailbox::Outbox<Order>,
    facts: Inbox<Fact>,
    table: Table,
}

impl Thread {
    fn start() -> Self {
        let (outbox, facts) = mailbox(256).unwrap();
        let setup = Setup { ours: vec![], verify: VERIFY };
        let Started { orders, table } = start(setup, outbox).unwrap();
        Self { orders, facts, table }
    }

    fn want(&self, revision: u64, want: &Table) {
        let changed = want.iter().map(|(key, value)| (*key, Some(value.clone()))).collect();
        self.order(Order::Want { revision, changed });
    }

    fn order(&self, order: Order) {
        self.orders.post(order).unwrap();
    }

    /// The facts up to the one that is awaited.
    fn until(&mut self, awaited: impl Fn(&Fact) -> bool) -> Vec<Fact> {
        let mut facts = Vec::new();
        while !facts.last().is_some_and(&awaited) {
            if let Some(fact) = self.facts.take() {
                facts.push(fact);
                continue;
            }
            let mut fds = [PollFd::new(self.facts.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut fds, PollTimeout::from(PATIENCE_MS)).unwrap();
            assert!(ready > 0, "no fact after {facts:?}");
        }
        facts
    }
}

/// In a namespace with `lo` up; `None`, told once a test, where this kernel has no IPVS.
fn client_in_a_new_namespace() -> Option<Client> {
    let client = client_in_a_fresh_namespace()?;
    run("ip", &["link", "set", "lo", "up"]);
    Some(client)
}

fn client_in_a_fresh_namespace() -> Option<Client> {
    if let Err(error) = Client::open() {
        println!("no ip_vs in this kernel: run in the micro-VM by cargo xtask test ({error})");
        assert!(error.to_string().contains("modprobe ip_vs"), "{error}");
        return None;
    }
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
    Some(Client::open().unwrap())
}

fn ipvsadm(arguments: &[&str]) -> String {
    run("ipvsadm", arguments)
}

/// Runs a program in this thread's namespace.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn listen(protocol: Protocol, address: std::net::IpAddr, port: u16) -> ServiceKey {
    ServiceKey::Listen { protocol, address, port }
}

fn server_key(address: [u8; 4], port: u16) -> ServerKey {
    ServerKey { address: address.into(), port }
}

fn server(forward: Forward, weight: u16) -> Server {
    Server { forward, weight: Weight(weight), upper: 0, lower: 0 }
}

fn service(scheduler: &str) -> Service {
    let scheduler = Scheduler::new(scheduler).unwrap();
    Service { scheduler, flags: 0, timeout_s: 0, prefix: 32, servers: BTreeMap::new() }
}
