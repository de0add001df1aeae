//! `gemel`: the daemon of one director and the commands that talk to it.
//!
//! The daemon's loops live in their own crates (`vrrp`, `ipvs`, `probe`); this binary assembles
//! them, runs the engine between them, and answers on the control socket.

#![deny(unsafe_code)]

mod ask;
mod check;
mod cli;
mod control;
mod engine;
mod log;
mod ours;
mod outgoing;
mod run;
mod status;
mod sys;
mod time;
mod words;
mod writer;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = cli::Cli::parse().command;
    let result = match command {
        cli::Command::Check(arguments) => check::check(&arguments),
        cli::Command::Run(arguments) => run::run(arguments),
        cli::Command::Schema => {
            print!("{}", config::SCHEMA);
            Ok(ExitCode::SUCCESS)
        }
        cli::Command::Status(arguments) => ask::status(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("gemel: {error:#}");
        ExitCode::FAILURE
    })
}
