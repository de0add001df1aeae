//! Every state of small elections. `GEMEL_MODEL=full` looks at larger ones too.

use std::time::Instant;

use model::{Bounds, Election};
use stateright::{Checker, HasDiscoveries, Model};
use vrrp_proto::router::Preempt;
use vrrp_proto::{DownFactor, Priority};

/// Any number of losses and crashes, at any moment.
const FREELY: Bounds = Bounds { losses: None, crashes: None, releases: 0, late: 0 };

#[test]
fn two_routers_that_lose_and_crash_without_end() {
    check("better and worse", &[64, 128], (3, Preempt::Yes), FREELY);
    check("better and worse, no preemption", &[64, 128], (3, Preempt::No), FREELY);
    check("equals", &[128, 128], (3, Preempt::Yes), FREELY);
    check("one interval of silence", &[64, 128], (1, Preempt::Yes), FREELY);
}

#[test]
fn two_routers_that_leave_and_whose_adverts_come_late() {
    let bounds = Bounds { losses: Some(0), crashes: Some(0), releases: 1, late: 1 };
    check("late", &[64, 128], (3, Preempt::Yes), bounds);
    check("late, no preemption", &[64, 128], (3, Preempt::No), bounds);
}

#[test]
fn three_routers_that_lose_or_crash() {
    let loses = Bounds { losses: Some(1), crashes: Some(0), ..FREELY };
    let crashes = Bounds { losses: Some(0), crashes: Some(1), ..FREELY };
    check("three, one loss", &[64, 128, 192], (1, Preempt::No), loses);
    check("three, one crash", &[64, 128, 192], (1, Preempt::No), crashes);
}

#[test]
fn larger_elections_in_the_full_run() {
    if std::env::var("GEMEL_MODEL").as_deref() != Ok("full") {
        return;
    }
    let bounds = Bounds { losses: Some(1), crashes: Some(1), ..FREELY };
    check("three, preemption", &[64, 128, 192], (1, Preempt::Yes), bounds);
    check("an owner", &[128, 255], (3, Preempt::No), bounds);
    let bounds = Bounds { losses: Some(1), crashes: Some(1), releases: 1, late: 1 };
    check("two, late", &[64, 128], (3, Preempt::Yes), bounds);
}

fn check(name: &str, priorities: &[u8], (factor, preempt): (u8, Preempt), bounds: Bounds) {
    let priorities = priorities.iter().map(|priority| Priority::from_wire(*priority)).collect();
    let factor = DownFactor::new(factor).unwrap();
    let began = Instant::now();
    let checker = Election { priorities, preempt, factor, bounds }.checker();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.threads(threads).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!(
        "model: {name}: {states} states, depth {depth}, {:.1} s",
        began.elapsed().as_secs_f64()
    );
    for (property, path) in checker.discoveries() {
        if checker.discovery_classification(property).to_string() == "counterexample" {
            println!("{property}:");
            for (world, action) in path.into_vec() {
                println!("  {} then {action:?}", world.line());
            }
        }
    }
    checker.assert_properties();
}
