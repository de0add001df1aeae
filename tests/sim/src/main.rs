//! Runs seeds: `sim --seeds 1..1000`, or one with `sim --seed 4711 --trace`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let trace = arguments.iter().any(|argument| argument == "--trace");
    match (after("--seed").map(str::parse), after("--seeds").map(range)) {
        (Some(Ok(seed)), None) => one(seed, trace),
        (None, Some(Some((first, last)))) => many(first, last),
        (None, None) if arguments.is_empty() => many(1, 1_000),
        _ => {
            eprintln!("usage: sim [--seeds FIRST..LAST | --seed SEED [--trace]]");
            ExitCode::from(2)
        }
    }
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once("..")?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn one(seed: u64, trace: bool) -> ExitCode {
    match sim::run(seed, trace) {
        Ok(summary) => {
            println!("sim: seed {seed} held: {summary:?}");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}

fn many(first: u64, last: u64) -> ExitCode {
    let report = sim::many(first, last, |broken| println!("{broken}"));
    println!("{report}");
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
