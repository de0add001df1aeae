use model::{Bounds, Election};
use stateright::{Checker, Model};
use vrrp_proto::router::Preempt;
use vrrp_proto::{DownFactor, Priority};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n = |i: usize| a[i].parse::<u8>().ok();
    let priorities = a[1].split(',').map(|p| Priority::from_wire(p.parse().unwrap())).collect();
    let e = Election { priorities, preempt: if a[2] == "y" { Preempt::Yes } else { Preempt::No }, factor: DownFactor::new(n(3).unwrap()).unwrap(),
        bounds: Bounds { losses: n(4), crashes: n(5), releases: n(6).unwrap(), late: n(7).unwrap() } };
    let t = std::time::Instant::now();
    let c = e.checker().threads(2).spawn_bfs().join();
    println!("{:?}: {} states of {} depth {} {:.1}s", &a[1..], c.unique_state_count(), c.state_count(), c.max_depth(), t.elapsed().as_secs_f64());
    for (p, path) in c.discoveries() { println!("{p} {}", c.discovery_classification(p));
      if c.discovery_classification(p).to_string() == "counterexample" { for (w, act) in path.into_vec() { println!("  {} then {act:?}", w.line()); } } }
}
