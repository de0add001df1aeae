//! Stories of two gemel that have no row in the matrix: groups, tracked facts, faults, frozen
//! processes, interfaces that come and go, and a stranger on the wire.

use std::fs;
use std::time::Duration;

use lab::daemon::Daemon;
use lab::pair::{CONVERGENCE, START};
use lab::peers::Side;
use lab::rig::{Device, Family, Plan, Rig, VIP4, VIP6};
use lab::witness::{Kind, now_ns};
use nix::sys::signal::Signal;

#[test]
fn routers_of_a_group_on_two_links_move_together() {
    let mut rig = rig(Plan { file: Some(GROUP.to_owned()), ..Plan::new(&[VIP4]) });
    inner_addresses(&rig);
    rig.start().unwrap();
    // The other member's link: its fault is the group's.
    rig.lab.cut("lb1", "eth1").unwrap();
    rig.await_sole(Side::Lb2).unwrap();
    rig.expect_sole_answer(Side::Lb2).unwrap();
    let has = |rig: &Rig| {
        let addresses = rig.nodes.each_ref().map(|node| node.host.all_addresses().unwrap());
        addresses.map(|list| list.iter().any(|(_, address)| *address == INSIDE))
    };
    assert_eq!(has(&rig), [false, true], "the inner address moves with the outer one");
    rig.lab.mend("lb1", "eth1").unwrap();
    rig.await_sole(Side::Lb1).unwrap();
    rig.expect_sole_answer(Side::Lb1).unwrap();
    assert_eq!(has(&rig), [true, false]);
}

#[test]
fn a_tracked_file_moves_the_addresses_and_brings_them_back() {
    // A path of each director's own: the file is the same on both, what is there is not.
    let mut rig = rig(tracking("{ file = \"/proc/self/cwd/weight\", weight = 1 }"));
    let file = rig.node(Side::Lb1).folder.join("weight");
    for side in [Side::Lb1, Side::Lb2] {
        fs::write(rig.node(side).folder.join("weight"), "0\n").unwrap();
    }
    rig.start().unwrap();
    fs::write(&file, "-60\n").unwrap();
    moved(&mut rig, Side::Lb2);
    fs::write(&file, "0\n").unwrap();
    moved(&mut rig, Side::Lb1);
}

#[test]
fn a_gateway_that_one_cannot_reach_moves_the_addresses_and_that_neither_can_does_not() {
    let track = "{ gateway = \"198.51.100.1\", interface = \"eth1\", weight = -60, \
                 interval = \"100ms\", fall = 3, rise = 2 }";
    let mut rig = rig(tracking(track));
    rig.lab.host("gateway", &[("eth0", "back", "198.51.100.1/24")]).unwrap();
    inner_addresses(&rig);
    rig.start().unwrap();
    rig.lab.drop_traffic("lb1", "eth1").unwrap();
    moved(&mut rig, Side::Lb2);
    rig.lab.heal("lb1", "eth1").unwrap();
    moved(&mut rig, Side::Lb1);

    let from = now_ns();
    rig.lab.cut("gateway", "eth0").unwrap();
    let lowered = |rig: &mut Rig| {
        rig.witness
            .wait_for(
                from,
                CONVERGENCE,
                "lb1 with 150 - 60",
                |event| matches!(&event.kind, Kind::Advert(said) if said.priority == 90),
            )
            .unwrap()
    };
    lowered(&mut rig);
    rig.adverts(Side::Lb1, Family::Four, 6, now_ns()).unwrap();
    assert!(!rig.witness.since(from).iter().any(|event| event.claims_by("lb2")));
}

#[test]
fn a_tracked_fault_leaves_by_priority_0_and_ends_by_itself() {
    let mut rig = rig(tracking("{ interface = \"eth1\", fault = true }"));
    for node in &rig.nodes {
        node.host.ip(&["addr flush dev eth1"]).unwrap();
    }
    rig.start().unwrap();
    let from = now_ns();
    // Without addresses: nothing but the link itself tells of it.
    rig.lab.cut("lb1", "eth1").unwrap();
    moved(&mut rig, Side::Lb2);
    assert!(rig.witness.since(from).iter().any(|event| event.releases_by("lb1")));
    let from = now_ns();
    rig.adverts(Side::Lb2, Family::Four, 8, from).unwrap();
    assert!(!rig.witness.since(from).iter().any(|event| event.claims_by("lb1")));
    rig.lab.mend("lb1", "eth1").unwrap();
    moved(&mut rig, Side::Lb1);
}

#[test]
fn a_frozen_backup_grabs_nothing_when_it_runs_again() {
    let mut rig = rig(Plan { device: Device::Virtual, ..Plan::new(&[VIP4, VIP6]) });
    rig.start().unwrap();
    let from = now_ns();
    rig.node(Side::Lb2).daemon().unwrap().signal_all(Signal::SIGSTOP).unwrap();
    // Seven intervals: twice lb2's down interval.
    rig.adverts(Side::Lb1, Family::Four, 8, from).unwrap();
    rig.node(Side::Lb2).daemon().unwrap().signal_all(Signal::SIGCONT).unwrap();
    rig.adverts(Side::Lb1, Family::Four, 8, now_ns()).unwrap();
    let said = rig.witness.since(from).into_iter().find(|event| {
        event.host == "lb2" && matches!(event.kind, Kind::Advert(_) | Kind::Garp { .. })
    });
    assert!(said.is_none(), "{said:?}");
}

#[test]
fn a_frozen_active_that_was_replaced_yields_before_it_says_anything() {
    for preempt in [false, true] {
        let mut rig = rig(Plan { preempt, ..Plan::new(&[VIP4, VIP6]) });
        rig.start_side(Side::Lb1).unwrap();
        rig.await_sole(Side::Lb1).unwrap();
        rig.start_side(Side::Lb2).unwrap();
        rig.adverts(Side::Lb1, Family::Four, 6, now_ns()).unwrap();
        rig.node(Side::Lb1).daemon().unwrap().signal_all(Signal::SIGSTOP).unwrap();
        rig.await_sole(Side::Lb2).unwrap();
        rig.adverts(Side::Lb2, Family::Four, 4, now_ns()).unwrap();
        let thawed_at = now_ns();
        rig.node(Side::Lb1).daemon().unwrap().signal_all(Signal::SIGCONT).unwrap();
        if preempt {
            // It comes back as any Backup of higher priority does: after its wait.
            let (at, ..) = rig.advert(Side::Lb1, Family::Four, thawed_at).unwrap();
            let after = Duration::from_nanos(at - thawed_at);
            let wait = rig.plan.interval * 2;
            assert!(after > wait, "{after:?}: {}", rig.witness.tale(thawed_at));
            rig.await_sole(Side::Lb1).unwrap();
        } else {
            rig.adverts(Side::Lb2, Family::Four, 8, thawed_at).unwrap();
            let claim = rig.witness.since(thawed_at).into_iter().find(|e| e.claims_by("lb1"));
            assert!(claim.is_none(), "{claim:?}");
            rig.expect_sole_answer(Side::Lb2).unwrap();
        }
    }
}

#[test]
fn an_interface_may_vanish_come_back_and_change_its_name() {
    let mut rig = rig(Plan { interface: "ward0", ..Plan::new(&[VIP4]) });
    let appear = |rig: &Rig, side: Side| {
        rig.nodes[side as usize]
            .host
            .ip(&[
                "link add ward0 link eth0 type macvlan mode bridge".to_owned(),
                format!("addr add {}/24 dev ward0", Family::Four.own(side)),
                "link set ward0 up".to_owned(),
            ])
            .unwrap();
    };
    for side in [Side::Lb1, Side::Lb2] {
        rig.node(side).host.ip(&["addr flush dev eth0 scope global"]).unwrap();
        appear(&rig, side);
    }
    rig.start().unwrap();
    let host = rig.node(Side::Lb1).host.clone();

    host.ip(&["link del ward0"]).unwrap();
    rig.await_sole(Side::Lb2).unwrap();
    appear(&rig, Side::Lb1);
    rig.await_sole(Side::Lb1).unwrap();
    rig.expect_sole_answer(Side::Lb1).unwrap();

    host.ip(&["link set ward0 down", "link set ward0 name other0", "link set other0 up"]).unwrap();
    rig.await_sole(Side::Lb2).unwrap();
    rig.expect_sole_answer(Side::Lb2).unwrap();
    let own = format!("addr replace {}/24 dev ward0", Family::Four.own(Side::Lb1));
    host.ip(&["link set other0 down", "link set other0 name ward0", &own, "link set ward0 up"])
        .unwrap();
    rig.await_sole(Side::Lb1).unwrap();
    rig.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn ucarp_with_our_number_on_the_same_wire_disturbs_nothing() {
    let mut rig = rig(Plan::new(&[VIP4]));
    let stranger = rig.lab.host("carp", &[("eth0", "front", "192.0.2.66/24")]).unwrap();
    rig.start().unwrap();
    let from = now_ns();
    let mut command = stranger.command("ucarp");
    command.args([
        "-i",
        "eth0",
        "-s",
        "192.0.2.66",
        "-v",
        "51",
        "-p",
        "secret",
        "-a",
        "192.0.2.90",
    ]);
    let script = "/bin/true";
    command.args(["-u", script, "-d", script]);
    let carp = Daemon::start("ucarp", command, rig.folder()).unwrap();
    carp.wait_for_output("Switching to state: MASTER", START).unwrap();
    rig.adverts(Side::Lb1, Family::Four, 20, now_ns()).unwrap();
    let heard = rig.witness.since(from);
    assert!(!heard.iter().any(|event| event.claims_by("lb2") || event.releases_by("lb1")));
    rig.expect_sole_answer(Side::Lb1).unwrap();
    let last = carp.log().unwrap().rfind("Switching to state: MASTER");
    assert!(last > carp.log().unwrap().rfind("Switching to state: BACKUP"), "{}", carp.tale());
}

fn rig(plan: Plan) -> Rig {
    Rig::new(plan).unwrap()
}

/// The directors' own addresses on the inner link.
fn inner_addresses(rig: &Rig) {
    for (node, number) in rig.nodes.iter().zip([11, 12]) {
        node.host.ip(&[format!("addr add 198.51.100.{number}/24 dev eth1")]).unwrap();
    }
}

fn tracking(track: &str) -> Plan {
    Plan { more: format!("track = [{track}]\n"), ..Plan::new(&[VIP4]) }
}

/// This side has taken over.
fn moved(rig: &mut Rig, side: Side) {
    rig.await_sole(side).unwrap();
    rig.expect_sole_answer(side).unwrap();
}

/// Of the router on the inner link.
const INSIDE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 80));

const GROUP: &str = r#"
[pair]
name = "lab"

[[director]]
name = "lb1"
priority = 150

[[director]]
name = "lb2"
priority = 100

[[router]]
name = "web"
interface = "eth0"
vrid = 51
interval = "100ms"
addresses = ["192.0.2.80"]

[[router]]
name = "inside"
interface = "eth1"
vrid = 52
interval = "100ms"
addresses = ["198.51.100.80"]

[[group]]
name = "both"
routers = ["web", "inside"]
"#;
