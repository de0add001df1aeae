//! What `gemel run` says when it cannot work, and that it leaves nothing half done.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use lab::daemon::Daemon;
use lab::net::{Host, Lab};
use lab::pair::{CONVERGENCE, Pair, START};
use lab::peers::{Adverts, Product, Side, VIP, gemel, gemel_binary, gemel_file, gemel_run};
use lab::witness::now_ns;
use nix::sys::signal::Signal;
use tempfile::TempDir;

#[test]
fn a_missing_capability_is_named() {
    for (capability, name) in [("net_raw", "CAP_NET_RAW"), ("net_admin", "CAP_NET_ADMIN")] {
        let place = Place::new();
        let without = format!("-{capability}");
        let binary = gemel_binary().unwrap();
        let mut command = place.host.command("setpriv");
        command.args([&format!("--bounding-set={without}"), &format!("--inh-caps={without}")]);
        command.arg(binary).args(arguments(&place.run(&gemel_file(Adverts::Multicast))));
        place.expect_refusal(command, &[name, "run as root", "AmbientCapabilities"]);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let place = Place::new();
    let command = place.run("");
    let file = place.folder.path().join("gemel.toml");
    let shown = file.to_str().unwrap();
    fs::remove_file(&file).unwrap();
    place.expect_refusal(command, &[shown, "No such file", "--config"]);

    let command = place.run("");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    place.expect_refusal(command, &[shown, "Is a directory"]);
}

#[test]
fn five_mistakes_are_told_at_once_with_their_lines() {
    let place = Place::new();
    let run = place.run(FIVE_MISTAKES);
    let file = place.folder.path().join("gemel.toml");
    let mut check = gemel(&place.host).unwrap();
    check.arg("check").arg(&file);
    let told = place.expect_refusal(check, &["5 errors"]);
    for line in MISTAKEN_LINES {
        let mark = format!("{}:{line}:", file.display());
        assert!(told.contains(&mark), "no {mark} in\n{told}");
    }
    assert_eq!(told.matches("error: ").count(), MISTAKEN_LINES.len(), "{told}");
    let told_again = place.expect_refusal(run, &["5 errors", "nothing was started"]);
    assert_eq!(told_again.matches("error: ").count(), MISTAKEN_LINES.len(), "{told_again}");
}

#[test]
fn a_run_folder_in_use_is_named_and_its_user_undisturbed() {
    let mut pair = Pair::new(Product::Gemel, Product::Gemel, Adverts::Multicast).unwrap();
    pair.start().unwrap();
    let from = now_ns();
    let file = gemel_file(Adverts::Multicast);
    let lb1 = &pair.lb1;
    let mut command = gemel_run(&lb1.host, Side::Lb1, &file, &lb1.folder).unwrap();
    let run_dir = lb1.folder.join("run");
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let message = one_message(&told);
    assert!(message.contains(run_dir.to_str().unwrap()), "{message}");
    assert!(message.contains("another gemel"), "{message}");

    super::restart::expect_undisturbed(&mut pair, from);
    let mut status = gemel(&pair.lb1.host).unwrap();
    let status = status.args(["status", "--json", "--run-dir"]).arg(run_dir).output().unwrap();
    assert!(status.status.success(), "its control socket is gone: {status:?}");
    pair.expect_sole_answer(Side::Lb1).unwrap();
}

#[test]
fn an_absent_interface_is_a_state_and_the_router_starts_when_it_appears() {
    let mut pair = Pair::new(Product::Gemel, Product::Gemel, Adverts::Multicast).unwrap();
    let address = format!("{}/24", Side::Lb1.address());
    let host = pair.lb1.host.clone();
    host.ip(&["link set eth0 down", "link set eth0 name later0"]).unwrap();
    pair.lb1.start().unwrap();
    let daemon = pair.lb1.daemon().unwrap();
    daemon.wait_for_output("interface eth0 is absent", START).unwrap();
    assert!(daemon.is_running().unwrap());

    let appeared_at = now_ns();
    let lines = ["link set later0 name eth0", &format!("addr replace {address} dev eth0")];
    host.ip(&lines).unwrap();
    host.ip(&["link set eth0 up"]).unwrap();
    pair.witness.garp_of("lb1", appeared_at, CONVERGENCE).unwrap();
    pair.expect_sole_answer(Side::Lb1).unwrap();

    // And away again: no address may be left on it, wherever it goes.
    pair.lab.cut("lb1", "eth0").unwrap();
    let watch = host.watch_addresses().unwrap();
    watch.wait_for("eth0", VIP, lab::net::addresses::Presence::Gone, CONVERGENCE).unwrap();
    assert!(pair.lb1.daemon().unwrap().is_running().unwrap());
}

#[test]
fn a_kernel_without_ip_vs_is_named_when_there_are_services() {
    let place = Place::new();
    let file = format!("{}{SERVICE}", gemel_file(Adverts::Multicast));
    let mut daemon = Daemon::start("gemel", place.run(&file), place.folder.path()).unwrap();
    if daemon.wait(Duration::from_secs(2)).is_err() && has_ip_vs(&place.host) {
        println!("this kernel has ip_vs: nothing to refuse");
        return;
    }
    assert!(!has_ip_vs(&place.host));
    place.expect_refusal(place.run(&file), &["ip_vs", "modprobe"]);
}

#[test]
fn both_stop_signals_end_it_with_success_and_nothing_is_left() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut pair = Pair::new(Product::Gemel, Product::Gemel, Adverts::Multicast).unwrap();
        let began = now_ns();
        pair.lb1.start().unwrap();
        pair.witness.garp_of("lb1", began, START).unwrap();
        let status = pair.lb1.stop(signal).unwrap();
        assert!(status.success(), "{signal}: {status}");
        assert!(!pair.lb1.holds().unwrap(), "{signal} left the address");
        assert!(!pair.lb1.folder.join("run/control.sock").exists());
        let after = now_ns();
        assert!(pair.witness.since(began).iter().any(|event| event.releases_by("lb1")));
        assert!(!pair.witness.since(after).iter().any(|event| event.claims_by("lb1")));
    }
}

/// A host and a folder for one start.
struct Place {
    host: Host,
    folder: TempDir,
    _lab: Lab,
}

impl Place {
    fn new() -> Self {
        let mut lab = Lab::new().unwrap();
        let host = lab.host("lb1", &[("eth0", "front", "192.0.2.11/24")]).unwrap();
        let folder = tempfile::Builder::new().prefix("gemel-lab-").tempdir().unwrap();
        Self { host, folder, _lab: lab }
    }

    fn run(&self, file: &str) -> Command {
        gemel_run(&self.host, Side::Lb1, file, self.folder.path()).unwrap()
    }

    /// Exit code 1, one message with all of these words, and nothing left behind. Returns all it
    /// printed.
    fn expect_refusal(&self, command: Command, words: &[&str]) -> String {
        let output = bounded(command, self.folder.path());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        for word in words {
            assert!(told.contains(word), "no {word:?} in\n{told}");
        }
        one_message(&told);
        assert!(!self.host.has_address("eth0", VIP).unwrap());
        for folder in ["run", "state"] {
            let left = files_in(&self.folder.path().join(folder));
            assert!(left.is_empty(), "left in {folder}: {left:?} after\n{told}");
        }
        told
    }
}

/// The output of a command that ends by itself, soon.
fn bounded(mut command: Command, folder: &Path) -> Output {
    command.stdin(Stdio::null());
    let mut daemon = Daemon::start("refused", command, folder).unwrap();
    let status = daemon.wait(START).unwrap();
    let stderr = daemon.log().unwrap().into_bytes();
    fs::remove_file(folder.join("refused.log")).unwrap();
    Output { status, stdout: Vec::new(), stderr }
}

/// The one line that says why it ended.
fn one_message(told: &str) -> &str {
    let mut last = told.lines().rev().filter(|line| !line.trim().is_empty());
    let message = last.next().unwrap_or_else(|| panic!("it said nothing"));
    let others = told.matches("gemel: ").count();
    assert!(others <= 1, "more than one message:\n{told}");
    message
}

fn arguments(command: &Command) -> Vec<std::ffi::OsString> {
    command.get_args().map(std::ffi::OsStr::to_owned).collect()
}

fn files_in(folder: &Path) -> Vec<std::ffi::OsString> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().file_name()).collect(),
        Err(_) => Vec::new(),
    }
}

fn has_ip_vs(host: &Host) -> bool {
    host.enter(|| Path::new("/proc/thread-self/net/ip_vs").exists())
}

const SERVICE: &str = r#"
[[service]]
name = "http"
listen = "tcp://192.0.2.80:80"
router = "web"
scheduler = "wlc"
forward = "direct"
server = [{ address = "192.0.2.21" }]
"#;

const FIVE_MISTAKES: &str = r#"[pair]
name = "lab"

[[director]]
name = "lb1"
priority = 300

[[director]]
name = "lb2"

[[router]]
name = "web"
interface = "eth0"
vrid = 0
interval = "100"
adress = ["192.0.2.80"]
addresses = ["192.0.2.800"]
"#;

/// Of [`FIVE_MISTAKES`]: a priority over 254, a vrid of 0, an interval without a unit, an unknown
/// key, an address that is none.
const MISTAKEN_LINES: [usize; 5] = [6, 14, 15, 16, 17];
