//! The Reconciler against a model kernel: random wants, refusals, lost answers and other people's
//! edits. proptest prints what it needs to replay a failure.

#![allow(clippy::unwrap_used)] // in helpers, too

use std::collections::{BTreeMap, BTreeSet};

use clock::{Duration, Instant};
use fakes::ipvs::{Entry, Model};
use ipvs_table::{
    Event, Forward, Output, Protocol, Reconciler, Request, Scheduler, Server, ServerKey, Service,
    ServiceKey, Table, Weight,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

const VERIFY: Duration = Duration::from_millis(500);
/// Keys below may be wanted; those from it on are always somebody else's.
const FOREIGN: u8 = 4;

/// A director's table loop without threads: answers each question from the model.
struct Loop {
    reconciler: Reconciler,
    model: Model,
    now: Instant,
    revision: u64,
    wanted: Table,
    /// What was last told to be ours: nothing else may be asked about.
    ours: BTreeSet<ServiceKey>,
    told: Vec<Output>,
    /// The next answers are lost; with true the requests are carried out before.
    losses: Vec<bool>,
    /// Windows asked so far.
    windows: usize,
    /// Lists and dumps asked so far.
    reads: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Want(BTreeMap<u8, Option<Service>>),
    /// Somebody sets a service, or removes it.
    Edit(u8, Option<Service>),
    /// Somebody removes everything.
    Clear,
    Refuse(u8, Option<u8>, i32),
    Lose(bool),
    Advance(u64),
}

impl Loop {
    fn new(held: Table, ours: BTreeSet<ServiceKey>) -> Self {
        let reconciler = Reconciler::new(ours.iter().copied().collect(), VERIFY);
        Self {
            reconciler,
            model: Model { table: held, refuses: BTreeMap::new() },
            now: Instant::from_millis(1000),
            revision: 0,
            wanted: Table::new(),
            ours,
            told: Vec::new(),
            losses: Vec::new(),
            windows: 0,
            reads: 0,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Want(changed) => {
                self.revision += 1;
                let changed: BTreeMap<_, _> =
                    changed.into_iter().map(|(number, service)| (key(number), service)).collect();
                for (key, service) in &changed {
                    match service {
                        Some(service) => self.wanted.insert(*key, service.clone()),
                        None => self.wanted.remove(key),
                    };
                }
                self.handle(Event::Want { revision: self.revision, changed });
            }
            Step::Edit(number, Some(service)) => {
                self.model.table.insert(key(number), service);
            }
            Step::Edit(number, None) => {
                self.model.table.remove(&key(number));
            }
            Step::Clear => self.model.table.clear(),
            Step::Refuse(number, last, errno) => {
                self.model.refuses.insert((key(number), last.map(server_key)), errno);
            }
            Step::Lose(carried_out) => self.losses.push(carried_out),
            Step::Advance(ms) => self.advance(Duration::from_millis(ms)),
        }
    }

    /// One event, and everything that follows at once.
    fn handle(&mut self, event: Event) {
        let mut event = Some(event);
        while let Some(next) = event.take() {
            for output in self.reconciler.handle(self.now, next) {
                assert!(event.is_none(), "a question is the last output");
                event = self.carry_out(&output);
                if event.is_none() {
                    self.told.push(output);
                }
            }
        }
    }

    fn carry_out(&mut self, output: &Output) -> Option<Event> {
        match output {
            Output::Ask(requests) => {
                self.windows += 1;
                Some(self.ask(requests))
            }
            Output::Dump => {
                self.reads += 1;
                let dumped = Event::Dumped(self.model.dump());
                Some(self.losses.pop().map_or(dumped, |_| Event::Lost))
            }
            Output::ListServices => {
                self.reads += 1;
                let listed = Event::Listed(self.model.services());
                Some(self.losses.pop().map_or(listed, |_| Event::Lost))
            }
            Output::DumpServers(key) => {
                self.reads += 1;
                Some(Event::Servers(*key, self.model.servers(*key)))
            }
            Output::Ours(ours) => {
                self.ours = ours.iter().copied().collect();
                None
            }
            Output::Applied(_) | Output::Refused(_) | Output::Cured(..) | Output::Drift(..) => None,
        }
    }

    fn ask(&mut self, requests: &[Request]) -> Event {
        assert!((1..=128).contains(&requests.len()));
        for request in requests {
            assert!(self.ours.contains(&request.service()), "not ours: {request:?}");
        }
        match self.losses.pop() {
            None => Event::Answered(self.model.ask(requests)),
            Some(carried_out) => {
                if carried_out {
                    self.model.ask(requests);
                }
                Event::Lost
            }
        }
    }

    /// Lets time pass, waking as the Reconciler asks.
    fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        let mut wakes = 0;
        while let Some(at) = self.reconciler.deadline().filter(|at| *at <= until) {
            wakes += 1;
            assert!(wakes < 100_000, "it never sleeps");
            self.now = self.now.max(at);
            self.handle(Event::Tick);
        }
        self.now = until;
    }

    fn settle(&mut self) {
        self.model.refuses.clear();
        self.losses.clear();
        self.advance(Duration::from_secs(60));
    }
}

fn key(number: u8) -> ServiceKey {
    let address = [192, 0, 2, number].into();
    ServiceKey::Listen { protocol: Protocol::Tcp, address, port: 80 }
}

fn server_key(last: u8) -> ServerKey {
    ServerKey { address: [198, 51, 100, last].into(), port: 80 }
}

fn service() -> impl Strategy<Value = Service> {
    let server = (0..3u16, 0..2u8).prop_map(|(weight, nat)| Server {
        forward: if nat == 0 { Forward::Direct } else { Forward::Nat },
        weight: Weight(weight),
        upper: 0,
        lower: 0,
    });
    let servers = btree_map((0..5u8).prop_map(server_key), server, 0..5);
    (prop_oneof![Just("rr"), Just("wlc")], servers).prop_map(|(scheduler, servers)| Service {
        scheduler: Scheduler::new(scheduler).unwrap(),
        flags: 0,
        timeout_s: 0,
        prefix: 32,
        servers,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let errno = prop_oneof![Just(libc::EINVAL), Just(libc::EPERM), Just(libc::ENOMEM)];
    prop_oneof![
        4 => btree_map(0..FOREIGN, proptest::option::of(service()), 1..4).prop_map(Step::Want),
        2 => (0..FOREIGN, proptest::option::of(service())).prop_map(|(k, s)| Step::Edit(k, s)),
        1 => Just(Step::Clear),
        1 => (0..FOREIGN, proptest::option::of(0..5u8), errno)
            .prop_map(|(number, server, errno)| Step::Refuse(number, server, errno)),
        1 => any::<bool>().prop_map(Step::Lose),
        3 => (0..3000u64).prop_map(Step::Advance),
    ]
}

fn table(keys: std::ops::Range<u8>) -> impl Strategy<Value = Table> {
    btree_map(keys.prop_map(key), service(), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_kernel_ends_up_with_what_is_wanted(
        held in table(0..FOREIGN + 2),
        ours in btree_set((0..FOREIGN).prop_map(key), 0..3),
        steps in vec(step(), 1..24),
    ) {
        let mut loop_ = Loop::new(held, ours);
        for step in steps {
            loop_.take(step);
        }
        loop_.take(Step::Want(BTreeMap::new()));
        loop_.settle();
        let (reconciler, windows) = (format!("{:?}", loop_.reconciler), loop_.windows);
        for number in 0..FOREIGN {
            let key = key(number);
            if loop_.ours.contains(&key) {
                let (held, wanted) = (loop_.model.table.get(&key), loop_.wanted.get(&key));
                prop_assert_eq!(held, wanted, "{}: {}", key, reconciler);
            }
        }
        prop_assert_eq!(&loop_.ours, &loop_.wanted.keys().copied().collect());
        prop_assert_eq!(loop_.told.iter().rev().find_map(applied), Some(loop_.revision));
        prop_assert!(unsettled(&loop_.told).is_empty());

        // And then nothing is asked any more but the verifying rounds: a list and a service each.
        let reads = loop_.reads;
        loop_.advance(VERIFY * 10);
        prop_assert_eq!(loop_.windows, windows);
        prop_assert!(loop_.reads <= reads + 22, "{} reads", loop_.reads - reads);
    }

    /// Foreign services stay as they are, whatever is done to ours.
    #[test]
    fn what_is_not_ours_is_not_touched(
        foreign in table(FOREIGN..FOREIGN + 3),
        held in table(0..FOREIGN),
        steps in vec(step(), 1..24),
    ) {
        let mut model = held;
        model.extend(foreign.clone());
        let mut loop_ = Loop::new(model, BTreeSet::new());
        for step in steps {
            if !matches!(step, Step::Clear) {
                loop_.take(step);
            }
        }
        loop_.settle();
        loop_.model.table.retain(|key, _| foreign.contains_key(key));
        prop_assert_eq!(loop_.model.table, foreign);
    }

    /// A refused entry holds up nothing else.
    #[test]
    fn all_but_the_refused_is_applied(wanted in table(0..FOREIGN), number in 0..FOREIGN, last in 0..5u8) {
        let mut loop_ = Loop::new(Table::new(), BTreeSet::new());
        loop_.take(Step::Refuse(number, Some(last), libc::EINVAL));
        let named = |(key, service): (&ServiceKey, &Service)| (*key, Some(service.clone()));
        let changed = wanted.iter().map(named).collect();
        loop_.handle(Event::Want { revision: 1, changed });
        let refused = (key(number), server_key(last));
        let mut expected = wanted;
        if let Some(service) = expected.get_mut(&refused.0) {
            service.servers.remove(&refused.1);
        }
        prop_assert_eq!(&loop_.model.table, &expected);
        prop_assert_eq!(loop_.told.last(), Some(&Output::Applied(1)));
    }
}

#[test]
fn ten_thousand_servers_go_in_by_windows() {
    let mut loop_ = Loop::new(Table::new(), BTreeSet::new());
    let server = Server { forward: Forward::Direct, weight: Weight(1), upper: 0, lower: 0 };
    let servers = |service: u16| {
        let each = move |last: u8| ServerKey { address: [10, 0, 0, last].into(), port: service };
        (0..10).map(each).map(|key| (key, server)).collect()
    };
    let changed = (0..1000u16).map(|port| {
        let address = [192, 0, 2, 1].into();
        let key = ServiceKey::Listen { protocol: Protocol::Tcp, address, port };
        let scheduler = Scheduler::new("rr").unwrap();
        let servers = servers(port);
        (key, Some(Service { scheduler, flags: 0, timeout_s: 0, prefix: 32, servers }))
    });
    loop_.handle(Event::Want { revision: 1, changed: changed.collect() });
    assert_eq!(loop_.told.last(), Some(&Output::Applied(1)));
    assert_eq!(loop_.windows, 11_000usize.div_ceil(128));
    let held: usize = loop_.model.table.values().map(|service| service.servers.len()).sum();
    assert_eq!(held, 10_000);
}

fn applied(output: &Output) -> Option<u64> {
    match output {
        Output::Applied(revision) => Some(*revision),
        Output::Ask(_)
        | Output::Dump
        | Output::ListServices
        | Output::DumpServers(_)
        | Output::Refused(_)
        | Output::Cured(..)
        | Output::Drift(..)
        | Output::Ours(_) => None,
    }
}

/// The entries told to be refused and not told to be cured since.
fn unsettled(told: &[Output]) -> BTreeSet<Entry> {
    let mut refused = BTreeSet::new();
    for output in told {
        match output {
            Output::Refused(refusal) => {
                refused.insert((refusal.service, refusal.server));
            }
            Output::Cured(service, server) => {
                assert!(refused.remove(&(*service, *server)), "cured but never refused");
            }
            Output::Ask(_)
            | Output::Dump
            | Output::ListServices
            | Output::DumpServers(_)
            | Output::Applied(_)
            | Output::Drift(..)
            | Output::Ours(_) => {}
        }
    }
    refused
}
