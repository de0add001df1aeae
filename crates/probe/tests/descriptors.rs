//! A process without descriptors: our own failure, which must not count against a server. Alone in
//! its binary, because the limit is the whole process's.

#![allow(clippy::unwrap_used, reason = "a test from its first line to its last")]

use std::fs::File;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::time::Duration;

use health::{Check, CheckId, Internal, Outcome, Question, Timing, Verdict};
use mailbox::{Inbox, Outbox, mailbox};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use probe::{Fact, Order, start};

#[test]
fn a_process_out_of_descriptors_keeps_its_verdicts_and_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (outbox, mut facts) = mailbox(64).unwrap();
    let orders = start(outbox).unwrap();
    let interval = Duration::from_millis(20);
    let timing = Timing { interval, timeout: interval * 500, fall: 1, rise: 1 };
    let target = listener.local_addr().unwrap();
    orders.post(Order::Set(ID, Check { target, question: Question::Tcp, timing })).unwrap();
    assert!(matches!(next(&mut facts), Fact::Verdict { verdict: Verdict::Up, .. }));

    let hogs = take_all_descriptors();
    assert!(matches!(next(&mut facts), Fact::Impaired(ID, Internal::Descriptors)));
    assert_eq!(last(&orders, &mut facts), Outcome::Internal(Internal::Descriptors));

    let refused = mailbox::<Fact>(1).map(|(outbox, _)| start(outbox).map(drop));
    assert!(!matches!(refused, Ok(Ok(()))), "nothing can start like this");

    drop(hogs);
    while last(&orders, &mut facts) != Outcome::Pass {}
    orders.post(Order::Stop).unwrap();
    assert!(matches!(next(&mut facts), Fact::Ended));
}

/// Leaves room for none, whatever is open already.
fn take_all_descriptors() -> Vec<File> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    let mut hogs = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(hog) => hogs.push(hog),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                return hogs;
            }
        }
    }
}

/// Asks for a report; the verdict must stand, through everything.
fn last(orders: &Outbox<Order>, facts: &mut Inbox<Fact>) -> Outcome {
    orders.post(Order::Report).unwrap();
    let fact = next(facts);
    // A probe that was connected when the limit fell ends the series; then it begins again.
    if matches!(fact, Fact::Impaired(ID, Internal::Descriptors)) {
        return last(orders, facts);
    }
    let Fact::Report { checks, .. } = fact else { panic!("{fact:?}") };
    assert_eq!(checks[&ID].verdict.map(|(verdict, _)| verdict), Some(Verdict::Up));
    checks[&ID].last.unwrap().0
}

/// Waits for the next fact.
fn next(facts: &mut Inbox<Fact>) -> Fact {
    loop {
        if let Some(fact) = facts.take() {
            return fact;
        }
        let mut bell = [PollFd::new(facts.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut bell, PollTimeout::from(20_000_u16)), Ok(1), "no fact in 20 s");
    }
}

const ID: CheckId = CheckId(1);
