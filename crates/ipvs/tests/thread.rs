//! The table thread over a kernel that records, fails and lags.

#![allow(clippy::unwrap_used)] // in helpers, too

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use clock::Duration;
use fakes::ipvs::FakeKernel;
use ipvs::{Fact, Order, Setup, Started, start_on};
use ipvs_table::{
    Family, Forward, Refusal, Request, Scheduler, Server, ServerKey, Service, ServiceKey, Table,
    Weight,
};
use mailbox::{Inbox, mailbox};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

#[test]
fn what_is_wanted_gets_into_the_kernel() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    assert_eq!(thread.table, Table::new());
    thread.want(1, &[(WEB, Some(service(1)))]);
    assert!(matches!(thread.next(), Fact::Ours(ours) if ours == [WEB]));
    assert!(matches!(thread.next(), Fact::Applied(1)));
    assert_eq!(kernel.table(), Table::from([(WEB, service(1))]));
}

#[test]
fn the_table_that_is_there_is_handed_over_at_the_start_and_dumped_once() {
    let kernel = FakeKernel::holding([(WEB, service(1)), (FOREIGN, service(1))].into());
    let mut thread = Thread::start(&kernel, &[WEB]);
    assert_eq!(thread.table.keys().copied().collect::<Vec<_>>(), [WEB, FOREIGN]);
    thread.want(1, &[(WEB, Some(service(7)))]);
    assert!(matches!(thread.next(), Fact::Applied(1)));
    let set = Request::SetServer(WEB, A, server(7));
    assert_eq!(kernel.asked(), [vec![set]]);
    assert_eq!(kernel.dumps(), 1);
}

#[test]
fn wants_that_come_while_the_kernel_is_busy_collapse() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    kernel.hold();
    thread.want(1, &[(WEB, Some(service(1)))]);
    kernel.await_held();
    for revision in 2..50 {
        thread.want(revision, &[(WEB, Some(service(revision as u16)))]);
    }
    kernel.go_on();
    thread.until(|fact| matches!(fact, Fact::Applied(49)));
    assert_eq!(kernel.asked().len(), 2);
    assert_eq!(kernel.table()[&WEB], service(49));
}

#[test]
fn what_is_no_longer_wanted_is_not_asked_in_the_next_window() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    let mark = |mark| ServiceKey::Mark { family: Family::V4, mark };
    let empty = Service { servers: BTreeMap::new(), ..service(1) };
    let all: Vec<_> = (1..=200).map(|number| (mark(number), Some(empty.clone()))).collect();
    kernel.hold();
    thread.want(1, &all);
    kernel.await_held();
    let rest: Vec<_> = (129..=200).map(|number| (mark(number), None)).collect();
    thread.want(2, &rest);
    kernel.go_on();
    thread.until(|fact| matches!(fact, Fact::Applied(2)));
    assert_eq!(kernel.asked().len(), 1);
    assert_eq!(kernel.table().len(), 128);
}

#[test]
fn lost_answers_are_warned_of_and_made_good() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    kernel.lose(1);
    thread.want(1, &[(WEB, Some(service(1)))]);
    let facts = thread.until(|fact| matches!(fact, Fact::Applied(1)));
    let warned = |fact: &Fact| matches!(fact, Fact::Warning(text) if text.contains("told to"));
    assert!(facts.iter().any(warned), "{facts:?}");
    assert_eq!((kernel.dumps(), kernel.asked().len()), (2, 1));
}

#[test]
fn drift_is_repaired_at_the_next_verifying_round() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    thread.want(1, &[(WEB, Some(service(1)))]);
    thread.until(|fact| matches!(fact, Fact::Applied(1)));
    kernel.hold();
    kernel.edit(|model| model.table.clear());
    kernel.await_held();
    assert!(matches!(thread.next(), Fact::Drift(WEB, None)));
    kernel.go_on();
    thread.report();
    let table = thread.until_report();
    assert_eq!(table[&WEB].servers, service(1).servers);
}

#[test]
fn a_refusal_is_told_and_cured() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    kernel.edit(|model| model.refuses.insert((WEB, Some(A)), libc::EINVAL));
    thread.want(1, &[(WEB, Some(service(1)))]);
    let facts = thread.until(|fact| matches!(fact, Fact::Applied(1)));
    let expected = Refusal { service: WEB, server: Some(A), errno: libc::EINVAL };
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Refused(found) if *found == expected)));
    kernel.edit(|model| model.refuses.clear());
    assert!(matches!(thread.next(), Fact::Cured(WEB, Some(A))));
    assert_eq!(kernel.table()[&WEB], service(1));
}

#[test]
fn release_removes_all_that_is_ours_and_nothing_else() {
    let old = ServiceKey::Mark { family: Family::V4, mark: 3 };
    let table = [(old, service(1)), (FOREIGN, service(1))].into();
    let kernel = FakeKernel::holding(table);
    let mut thread = Thread::start(&kernel, &[old]);
    thread.want(1, &[(WEB, Some(service(1))), (old, Some(service(1)))]);
    thread.until(|fact| matches!(fact, Fact::Applied(1)));
    thread.order(Order::Release);
    let facts = thread.until(|fact| matches!(fact, Fact::Ended));
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Ours(ours) if ours.is_empty())));
    assert_eq!(kernel.table(), Table::from([(FOREIGN, service(1))]));
}

#[test]
fn release_before_anything_was_wanted_removes_what_an_earlier_process_left() {
    let kernel = FakeKernel::holding([(WEB, service(1)), (FOREIGN, service(1))].into());
    let mut thread = Thread::start(&kernel, &[WEB]);
    thread.order(Order::Release);
    thread.until(|fact| matches!(fact, Fact::Ended));
    assert_eq!(kernel.table(), Table::from([(FOREIGN, service(1))]));
}

#[test]
fn keep_leaves_the_table_as_it_is() {
    let kernel = FakeKernel::default();
    let mut thread = Thread::start(&kernel, &[]);
    thread.want(1, &[(WEB, Some(service(1)))]);
    thread.until(|fact| matches!(fact, Fact::Applied(1)));
    thread.order(Order::Keep);
    assert!(matches!(thread.next(), Fact::Ended));
    assert_eq!(kernel.table(), Table::from([(WEB, service(1))]));
}

#[test]
fn a_kernel_that_cannot_be_read_is_no_start() {
    for (errno, part) in [(libc::EPERM, "CAP_NET_ADMIN"), (libc::EIO, "told to")] {
        let kernel = FakeKernel::default();
        kernel.unreadable(errno);
        let (facts, _inbox) = mailbox(1).unwrap();
        let error = start_on(kernel, setup(&[]), facts).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

struct Thread {
    orders: mailbox::Outbox<Order>,
    facts: Inbox<Fact>,
    table: Table,
}

impl Thread {
    fn start(kernel: &FakeKernel, ours: &[ServiceKey]) -> Self {
        let (outbox, facts) = mailbox(256).unwrap();
        let Started { orders, table } = start_on(kernel.clone(), setup(ours), outbox).unwrap();
        Self { orders, facts, table }
    }

    fn want(&self, revision: u64, changed: &[(ServiceKey, Option<Service>)]) {
        let changed: BTreeMap<_, _> = changed.iter().cloned().collect();
        self.order(Order::Want { revision, changed });
    }

    fn report(&self) {
        self.order(Order::Report);
    }

    fn order(&self, order: Order) {
        self.orders.post(order).unwrap();
    }

    fn next(&mut self) -> Fact {
        loop {
            if let Some(fact) = self.facts.take() {
                return fact;
            }
            let mut fds = [PollFd::new(self.facts.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut fds, PollTimeout::from(20_000u16)).unwrap();
            assert!(ready > 0, "no fact within 20 s");
        }
    }

    /// The facts up to the one that is awaited.
    fn until(&mut self, awaited: impl Fn(&Fact) -> bool) -> Vec<Fact> {
        let mut facts = Vec::new();
        while !facts.last().is_some_and(&awaited) {
            facts.push(self.next());
        }
        facts
    }

    fn until_report(&mut self) -> Table {
        loop {
            if let Fact::Report(table, _) = self.next() {
                return table;
            }
        }
    }
}

const WEB: ServiceKey = ServiceKey::Mark { family: Family::V4, mark: 1 };
const FOREIGN: ServiceKey = ServiceKey::Mark { family: Family::V4, mark: 9 };
const A: ServerKey =
    ServerKey { address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1)), port: 80 };

fn setup(ours: &[ServiceKey]) -> Setup {
    Setup { ours: ours.to_vec(), verify: Duration::from_millis(20) }
}

fn service(weight: u16) -> Service {
    let scheduler = Scheduler::new("rr").unwrap();
    let servers = [(A, server(weight))].into();
    Service { scheduler, flags: 0, timeout_s: 0, prefix: 32, servers }
}

fn server(weight: u16) -> Server {
    Server { forward: Forward::Direct, weight: Weight(weight), upper: 0, lower: 0 }
}
