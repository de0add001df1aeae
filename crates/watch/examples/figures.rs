//! How soon each kind of source is seen to change, and what watching costs.
//!
//! `cargo run --release -p watch --example figures` (as root) prints a table: median and worst of at
//! least ten changes each way, and the processor time of an idle thread with ten sources in 60 s.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on should say where")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use coordinator::{Reading, Source};
use track::{Run, Settings, Timing};

#[path = "../tests/kernel/lab.rs"]
#[expect(dead_code, reason = "made for the tests, which use more of it")]
mod lab;

use lab::{Host, Watched};

const ROUNDS: u32 = 12;

fn main() {
    let (host, router) = (Host::new(), Host::new());
    host.connect(&router);
    host.ip("addr add 192.0.2.11/24 dev eth0");
    router.ip("addr add fe80::1/64 dev eth0 nodad");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("load");
    let program = folder.path().join(format!("fig{}", std::process::id()));
    fs::copy("/bin/sleep", &program).unwrap();
    println!(
        "{:<44} {:>10} {:>10} {:>10} {:>10}",
        "source", "lost: med", "worst", "back: med", "worst"
    );

    let gateway = Source::Gateway("192.0.2.1".parse().unwrap(), "eth0".into());
    let back = || router.ip("addr add 192.0.2.1/24 dev eth0");
    measure(Some(&host), &gateway, || router.ip("addr del 192.0.2.1/24 dev eth0"), back);
    let gateway6 = Source::Gateway("fe80::2".parse().unwrap(), "eth0".into());
    let back = || router.ip("addr add fe80::2/64 dev eth0 nodad");
    measure(Some(&host), &gateway6, || router.ip("addr del fe80::2/64 dev eth0"), back);
    let address = Source::Address("192.0.2.77".parse().unwrap());
    let back = || host.ip("addr add 192.0.2.77/32 dev eth0");
    measure(Some(&host), &address, || host.ip("addr del 192.0.2.77/32 dev eth0"), back);
    let route = Source::Route("10.0.0.0".parse().unwrap(), 8);
    let back = || host.ip("route add 10.0.0.0/8 via 192.0.2.254");
    measure(Some(&host), &route, || host.ip("route del 10.0.0.0/8"), back);
    let number = Source::File(file.to_str().unwrap().into());
    measure(None, &number, || fs::remove_file(&file).unwrap(), || replace(&file, "7"));
    let process = Source::Process(program.file_name().unwrap().to_str().unwrap().into());
    let child = std::cell::RefCell::new(None);
    let lost = || {
        let mut child: std::process::Child = child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let back = || drop(child.replace(Some(Command::new(&program).arg("999").spawn().unwrap())));
    measure(None, &process, lost, back);
    idle(&host, folder.path());
}

/// Loses and brings back what a source looks at; how long until the engine would know. The time of
/// the `ip` that makes the change is in it.
fn measure(host: Option<&Host>, source: &Source, lost: impl Fn(), back: impl Fn()) {
    let sources = [(source.clone(), timing(source))].into();
    let mut watched = Watched::start(host, Settings { sources, ..Settings::default() });
    watched.says(source, Reading::Bad);
    let good = if matches!(source, Source::File(_)) { Reading::Number(7) } else { Reading::Good };
    let (mut losses, mut returns) = (Vec::new(), Vec::new());
    let mut time = |change: &dyn Fn(), reading, times: &mut Vec<Duration>| {
        let begun = Instant::now();
        change();
        watched.says(source, reading);
        times.push(begun.elapsed());
    };
    for _ in 0..ROUNDS {
        time(&back, good, &mut returns);
        time(&lost, Reading::Bad, &mut losses);
    }
    watched.stop();
    let [lost, back] = [losses, returns].map(|mut times| {
        times.sort();
        let ms = |time: Option<&Duration>| time.unwrap().as_secs_f64() * 1e3;
        format!("{:>7.1} ms {:>7.1} ms", ms(times.get(times.len() / 2)), ms(times.last()))
    });
    println!("{:<44} {lost} {back}", source.to_string());
}

/// As by default, but that what is told is believed at once; gateways ten times as often.
fn timing(source: &Source) -> Timing {
    let timing = Timing::of(source);
    match source {
        Source::Gateway(..) => {
            Timing { interval: timing.interval / 10, timeout: timing.timeout / 10, ..timing }
        }
        Source::Interface(_)
        | Source::Address(_)
        | Source::Route(..)
        | Source::File(_)
        | Source::Process(_)
        | Source::Script(_) => {
            Timing { rise: Run { lasting: Duration::ZERO, ..timing.rise }, ..timing }
        }
    }
}

/// Ten sources by default, for a minute in which nothing happens.
fn idle(host: &Host, folder: &Path) {
    let gateway = |text: &str| Source::Gateway(text.parse().unwrap(), "eth0".into());
    let file = |name: &str| Source::File(folder.join(name).to_str().unwrap().into());
    let sources = [
        gateway("192.0.2.1"),
        gateway("fe80::1"),
        Source::Address("192.0.2.11".parse().unwrap()),
        Source::Address("192.0.2.12".parse().unwrap()),
        Source::Route("192.0.2.0".parse().unwrap(), 24),
        Source::Route("10.0.0.0".parse().unwrap(), 8),
        file("one"),
        file("two"),
        Source::Process("init".into()),
        Source::Process("bird".into()),
    ];
    replace(&folder.join("one"), "1");
    let sources = sources.into_iter().map(|source| (source.clone(), Timing::of(&source)));
    let settings = Settings { sources: sources.collect(), ..Settings::default() };
    // Once where the kernel tells of processes, once where each second needs a walk.
    for (place, host) in [("told of processes", None), ("walking /proc", Some(host))] {
        let watched = Watched::start(host, settings.clone());
        let begun = used();
        std::thread::sleep(Duration::from_secs(60));
        let used = used() - begun;
        println!("idle, ten sources, {place}: {:.1} ms of processor in 60 s", used * 1e3);
        watched.stop();
    }
}

/// Processor seconds of this process, threads that ended included.
fn used() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap();
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}
