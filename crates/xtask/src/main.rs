//! `cargo xtask`: everything a developer or a CI machine does here, by one word each.
//!
//! It has no dependencies, so that it is there seconds after a clone, and decides nothing about
//! gemel: it installs what is missing, calls cargo, the test binaries and the lab, and adds up.

#![forbid(unsafe_code)]

mod artifacts;
mod command;
mod doctests;
mod fresh;
mod full;
mod fuzz;
mod lab;
mod package;
mod packages;
mod process;
mod report;
mod stop;
mod test;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use command::Task;
use stop::{Doing, Result, Stop};

fn main() -> ExitCode {
    if let Err(stop) =
        root().and_then(|root| env::set_current_dir(root).doing("enter the repository"))
    {
        eprintln!("xtask: {stop}");
        return ExitCode::FAILURE;
    }
    let words: Vec<String> = env::args().skip(1).collect();
    let task = match command::parse(&words) {
        Ok(task) => task,
        Err(wrong) => {
            eprintln!("xtask: {wrong}\n\n{}", command::HELP);
            return ExitCode::from(2);
        }
    };
    match run(task) {
        Ok(code) => code,
        Err(stop) => {
            eprintln!("xtask: {stop}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Help => {
            println!("{}", command::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Task::BenchHelp => {
            println!("{}", command::BENCH_HELP);
            Ok(ExitCode::SUCCESS)
        }
        Task::Test(scope) => test::run(scope),
        Task::Demo(words) => lab::demo(&words),
        Task::Bench(words) => lab::bench(&words),
        Task::Package { binary } => package::run(binary.as_deref()),
        Task::Fresh(plan) => fresh::run(&plan),
    }
}

/// The root of the repository: two above the folder that cargo says is ours.
fn root() -> Result<PathBuf> {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .ok_or_else(|| Stop::new("call it by cargo: cargo xtask"))?;
    let root = PathBuf::from(own).ancestors().nth(2).map(PathBuf::from);
    root.ok_or_else(|| Stop::new("this repository has no root"))
}
