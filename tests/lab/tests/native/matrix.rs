//! gemel beside each other product and beside itself, in every form of VRRP that both speak.
//!
//! A row is a form, a scenario is a story with gemel in one role; each pair of them has a bench of
//! its own, and many run side by side: they mostly wait. CI runs [`CI`], all scenarios of them;
//! with `GEMEL_LAB_FULL` in the environment every row there is. The test prints a table.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use lab::peers::Adverts;
use lab::rig::{Device, Plan, Product, VIP4, VIP6};

mod scenarios;

use scenarios::SCENARIOS;

/// One form of VRRP beside one product.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    peer: Product,
    version: u8,
    addresses: Addresses,
    adverts: Adverts,
    /// Of both; FRR has the virtual MAC in any case.
    device: Device,
}

/// Of which families.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Addresses {
    Four,
    Six,
    Both,
}

#[test]
fn gemel_and_each_other_product_are_one_pair_in_every_form() {
    let full = std::env::var_os("GEMEL_LAB_FULL").is_some();
    let rows = if full { every_row() } else { CI.to_vec() };
    let mut jobs: Vec<_> = rows
        .iter()
        .flat_map(|row| SCENARIOS.iter().map(move |scenario| (*row, scenario)))
        .collect();
    if let Ok(only) = std::env::var("GEMEL_LAB_ONLY") {
        jobs.retain(|(row, scenario)| format!("{row} {}", scenario.0).contains(&only));
    }
    // Those that take longest first.
    jobs.sort_by_key(|(row, _)| row.version);
    let count = jobs.len();
    let queue = Mutex::new(jobs.into_iter());
    let mut told: Vec<String> = Vec::new();
    let mut failed = 0;
    let mut all = Vec::new();
    thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                // The lock must be free while the job runs.
                let next = queue.lock().unwrap().next();
                let Some((row, (name, scenario))) = next else { return done };
                let (took, result) = attempt(|| scenario(row));
                done.push((row, *name, scenario, took, result));
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            all.extend(worker.join().unwrap());
        }
    });
    for (row, name, scenario, mut took, mut result) in all {
        let mut verdict = "pass";
        if let Err(error) = &result {
            eprintln!("\n{row} {name}: {error:#}");
            // Many pairs share this machine, and a peer that is late is none of ours: once more, alone.
            (took, result) = attempt(|| scenario(row));
            verdict = "pass alone";
        }
        if let Err(error) = &result {
            eprintln!("\n{row} {name}, alone: {error:#}");
            failed += 1;
            verdict = "FAIL";
        }
        let row = row.to_string();
        told.push(format!("{row:<40} {name:<24} {verdict:<10} {:>5.1} s", took.as_secs_f64()));
    }
    told.sort();
    println!("{}", told.join("\n"));
    assert_eq!(failed, 0, "of {count}:\n{}", told.join("\n"));
}

/// How long it took and how it ended; a panic is an end as well.
fn attempt(scenario: impl FnOnce() -> anyhow::Result<()>) -> (Duration, anyhow::Result<()>) {
    let began = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(scenario));
    let result = result.unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")));
    (began.elapsed(), result)
}

impl Row {
    /// This form, with gemel and its peer in these places.
    fn plan(self, products: [Product; 2]) -> Plan {
        let vips: &[_] = match self.addresses {
            Addresses::Four => &[VIP4],
            Addresses::Six => &[VIP6],
            Addresses::Both => &[VIP4, VIP6],
        };
        // keepalived 2.2.7 sends unicast over IPv6 with a hop limit of 64.
        let near = (self.peer, self.adverts, self.addresses)
            == (Product::Keepalived, Adverts::Unicast, Addresses::Six);
        let more = if near { "min_ttl = 64\n" } else { "" };
        // FRR has none.
        let password = self.version == 2 && self.peer != Product::Frr;
        Plan {
            products,
            more: more.to_owned(),
            password: password.then_some("secret12"),
            version: self.version,
            adverts: self.adverts,
            device: self.device,
            interval: Duration::from_millis(if self.version == 2 { 1000 } else { 100 }),
            ..Plan::new(vips)
        }
    }

    /// gemel is lb1, with the higher priority.
    fn gemel_first(self) -> Plan {
        self.plan([Product::Gemel, self.peer])
    }

    /// gemel is lb2, with the lower priority.
    fn gemel_second(self) -> Plan {
        self.plan([self.peer, Product::Gemel])
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, version, addresses, adverts, device } = self;
        write!(f, "{peer:?} v{version} {addresses:?} {adverts:?} {device:?}")
    }
}

/// {keepalived, FRR, gemel} x {version 2, 3} x {IPv4, IPv6} x {multicast, unicast} x {interface,
/// virtual MAC}, without what does not exist: version 2 over IPv6, unicast of FRR. One router of
/// both families is gemel's own.
fn every_row() -> Vec<Row> {
    let forms = [(2, Addresses::Four), (3, Addresses::Four), (3, Addresses::Six)];
    let mut rows = Vec::new();
    for device in [Device::Interface, Device::Virtual] {
        for (peer, adverts) in [
            (Product::Keepalived, Adverts::Multicast),
            (Product::Keepalived, Adverts::Unicast),
            (Product::Frr, Adverts::Multicast),
            (Product::Gemel, Adverts::Multicast),
            (Product::Gemel, Adverts::Unicast),
        ] {
            rows.extend(
                forms.map(|(version, addresses)| row(peer, version, addresses, adverts, device)),
            );
            if peer == Product::Gemel {
                rows.push(row(peer, 3, Addresses::Both, adverts, device));
            }
        }
    }
    rows
}

/// Each product, version, family, way and device at least once.
const CI: [Row; 8] = [
    row(Product::Keepalived, 2, Addresses::Four, Adverts::Multicast, Device::Interface),
    row(Product::Keepalived, 3, Addresses::Four, Adverts::Multicast, Device::Virtual),
    row(Product::Keepalived, 3, Addresses::Six, Adverts::Unicast, Device::Interface),
    row(Product::Frr, 3, Addresses::Four, Adverts::Multicast, Device::Interface),
    row(Product::Frr, 3, Addresses::Six, Adverts::Multicast, Device::Virtual),
    row(Product::Gemel, 2, Addresses::Four, Adverts::Unicast, Device::Virtual),
    row(Product::Gemel, 3, Addresses::Both, Adverts::Multicast, Device::Virtual),
    row(Product::Gemel, 3, Addresses::Both, Adverts::Unicast, Device::Interface),
];

const fn row(
    peer: Product,
    version: u8,
    addresses: Addresses,
    adverts: Adverts,
    device: Device,
) -> Row {
    Row { peer, version, addresses, adverts, device }
}

/// How many benches run side by side: enough to wait together, few enough for two cores.
const AT_ONCE: usize = 16;
