use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use health::{Check, CheckId, Failure, Outcome, Question, Timing, Verdict};
use mailbox::{Inbox, mailbox};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Socket, Type};

use super::*;
use crate::start;

#[test]
fn a_server_goes_down_and_returns_and_the_thread_ends_when_told() {
    let (listener, target) = listen();
    let (orders, mut facts) = started(64);
    orders.post(Order::Set(ID, check(target))).unwrap();
    expect(&mut facts, Verdict::Up, Outcome::Pass);

    drop(listener);
    expect(&mut facts, Verdict::Down, Outcome::Fail(Failure::Refused));

    let listener = TcpListener::bind(target).unwrap();
    expect(&mut facts, Verdict::Up, Outcome::Pass);
    drop(listener);

    orders.post(Order::Stop).unwrap();
    // The server is gone once more; that may come first.
    while !matches!(next(&mut facts), Fact::Ended) {}
}

#[test]
fn a_report_says_how_every_check_stands() {
    let (_listener, target) = listen();
    let (orders, mut facts) = started(64);
    orders.post(Order::Set(ID, check(target))).unwrap();
    let slow = Timing { interval: Duration::from_secs(600), ..timing() };
    orders.post(Order::Set(CheckId(2), Check { timing: slow, ..check(target) })).unwrap();
    orders.post(Order::Assume(CheckId(2), Verdict::Down)).unwrap();
    let before = boottime();
    expect(&mut facts, Verdict::Up, Outcome::Pass);

    orders.post(Order::Report).unwrap();
    let Fact::Report { checks, .. } = next(&mut facts) else { panic!("no report") };
    assert_eq!(checks.len(), 2);
    let (verdict, since) = checks[&ID].verdict.unwrap();
    assert!(verdict == Verdict::Up && since >= before && since <= boottime(), "{checks:?}");
    assert_eq!(checks[&ID].last.map(|(outcome, _)| outcome), Some(Outcome::Pass));
    assert!(checks[&ID].passes >= 1);
    assert_eq!(checks[&CheckId(2)].verdict.map(|(verdict, _)| verdict), Some(Verdict::Down));
    assert_eq!(checks[&CheckId(2)].last, None);
    orders.post(Order::Stop).unwrap();
}

#[test]
fn an_engine_with_room_for_one_fact_hears_of_every_server() {
    // Bound but not listening: refuses at once.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let target = socket.local_addr().unwrap().as_socket().unwrap();
    let (orders, mut facts) = started(1);
    for number in 0..300 {
        orders.post(Order::Set(CheckId(number), check(target))).unwrap();
    }
    let mut silent = std::collections::BTreeSet::from_iter((0..300).map(CheckId));
    while !silent.is_empty() {
        let fact = next(&mut facts);
        let Fact::Verdict { check, verdict: Verdict::Down, .. } = fact else { panic!("{fact:?}") };
        assert!(silent.remove(&check), "{check:?} twice");
    }
    orders.post(Order::Stop).unwrap();
}

#[test]
fn a_fact_that_found_no_room_is_posted_as_soon_as_there_is() {
    let (orders, mut facts) = started(1);
    let peer = silent(&orders);
    orders.post(Order::Report).unwrap();
    rings(&facts);
    orders.post(Order::Report).unwrap();
    orders.post(Order::Remove(ID)).unwrap();
    // Then the thread has tried to post the second report, and nothing else is due.
    reset(peer);
    for _ in 0..2 {
        assert!(matches!(next(&mut facts), Fact::Report { .. }));
    }
    orders.post(Order::Stop).unwrap();
}

#[test]
fn a_removed_check_is_asked_no_more_and_its_connection_dropped() {
    let (orders, _facts) = started(64);
    let peer = silent(&orders);
    orders.post(Order::Remove(ID)).unwrap();
    reset(peer);
    orders.post(Order::Stop).unwrap();
}

#[test]
fn the_thread_ends_when_nobody_listens() {
    let (_listener, target) = listen();
    let (orders, facts) = started(64);
    drop(facts);
    orders.post(Order::Set(ID, check(target))).unwrap();
    // Its mailbox closes with it; until then orders pass or wait.
    let begin = boottime();
    while !matches!(orders.post(Order::Report), Err(mailbox::Refused::Closed(_))) {
        assert!(boottime().since(begin) < PATIENCE, "still there");
        std::thread::yield_now();
    }
}

#[test]
fn the_thread_stands_back_behind_the_others() {
    let (orders, _facts) = started(1);
    let nice = |task: &str| -> Option<(String, i32)> {
        let stat = std::fs::read_to_string(format!("/proc/self/task/{task}/stat")).ok()?;
        let (name, rest) = stat.split_once(") ")?;
        Some((name.into(), rest.split(' ').nth(16)?.parse().ok()?))
    };
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let found: Vec<_> = tasks
        .filter_map(|task| nice(task.unwrap().file_name().to_str()?))
        .filter(|(name, _)| name.ends_with("(gemel-health"))
        .collect();
    let own = nice(&nix::unistd::gettid().to_string()).unwrap().1;
    // Not all: another test's thread may only just have begun.
    assert!(found.iter().any(|(_, nice)| *nice == 5), "{found:?}");
    assert_ne!(own, 5, "only that thread");
    orders.post(Order::Stop).unwrap();
}

fn started(room: usize) -> (Outbox<Order>, Inbox<Fact>) {
    let (outbox, inbox) = mailbox(room).unwrap();
    (start(outbox).unwrap(), inbox)
}

/// A check whose server never answers, and the server's end of its first question.
fn silent(orders: &Outbox<Order>) -> TcpStream {
    let (listener, target) = listen();
    let get = health::HttpGet { path: "/".into(), host: None, status: vec![] };
    let timing = Timing { timeout: Duration::from_secs(3_600), ..timing() };
    let check = Check { question: Question::Http(get), timing, ..check(target) };
    orders.post(Order::Set(ID, check)).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.read_exact(&mut [0; 3]).unwrap();
    peer
}

/// Waits until the other end resets the connection.
fn reset(mut peer: TcpStream) {
    let end = peer.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(end.raw_os_error(), Some(libc::ECONNRESET));
}

/// Waits for the next fact.
fn next(facts: &mut Inbox<Fact>) -> Fact {
    loop {
        match facts.take() {
            Some(fact) => return fact,
            None => rings(facts),
        }
    }
}

/// Waits until facts are there.
fn rings(facts: &Inbox<Fact>) {
    let mut bell = [PollFd::new(facts.as_fd(), PollFlags::POLLIN)];
    let patience = PollTimeout::try_from(PATIENCE).unwrap();
    assert_eq!(poll(&mut bell, patience), Ok(1), "no fact in {PATIENCE:?}");
}

fn expect(facts: &mut Inbox<Fact>, expected: Verdict, reason: Outcome) {
    let fact = next(facts);
    let Fact::Verdict { check: ID, verdict, why } = fact else { panic!("{fact:?}") };
    assert_eq!((verdict, why), (expected, reason));
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    (listener, target)
}

fn check(target: SocketAddr) -> Check {
    Check { target, question: Question::Tcp, timing: timing() }
}

fn timing() -> Timing {
    let interval = Duration::from_millis(20);
    Timing { interval, timeout: interval * 500, fall: 3, rise: 2 }
}

const ID: CheckId = CheckId(1);
const PATIENCE: Duration = Duration::from_secs(20);
