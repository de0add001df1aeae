//! `cargo xtask`: everything a developer or a CI machine does here, by one word each.
//!
//! It has no dependencies, so that it is there seconds after a clone, and decides nothing about
//! gemel: it installs what is missing, calls cargo, the test binaries and the lab, and adds up.

mod artifacts;
mod command;
mod fresh;
mod full;
mod lab;
mod package;
mod packages;
mod process;
mod report;
mod stop;
mod test;

use std::env;
use std::process::ExitCode;

use command::Task;
use stop::Result;

fn main() -> ExitCode {
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
        Task::Test(scope) => test::run(scope),
        Task::Demo(words) => lab::demo(&words),
        Task::Bench(words) => lab::bench(&words),
        Task::Package { binary } => package::run(binary.as_deref()),
        Task::Fresh(plan) => fresh::run(&plan),
    }
}
