//! `lab`: the demo, the bench, and what runs inside the micro-VM. `cargo xtask` calls it.

use std::env;
use std::process::ExitCode;

use anyhow::Result;
use lab::demo::{After, Place};
use lab::{bench_failover, bench_vrrp, demo, vm};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("lab: {error:#}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// `None`: not our words.
fn run(words: &[String]) -> Option<Result<()>> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words[..] {
        ["demo"] => demo::start(After::TearDown),
        ["demo", "--keep"] => demo::start(After::Keep),
        ["demo", "--guest"] => demo::run(Place::Guest, After::TearDown),
        ["demo", "--guest", "--keep"] => demo::run(Place::Guest, After::Keep),
        ["bench", "failover", ref words @ ..] => bench_failover::bench_failover(words),
        ["bench", "vrrp", ref words @ ..] => bench_vrrp::bench_vrrp(words),
        ["inside", ref names @ ..] => vm::inside::run(names),
        [..] => return None,
    })
}

const USAGE: &str = "\
usage: lab demo [--keep]
       lab bench failover [--trials N]
       lab bench vrrp [--part NAME]... [--quick] [--trials N]
       lab inside [SCENARIO...]    in a kernel with IPVS";
