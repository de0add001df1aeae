//! Load from outside: one loop at normal priority for each core, ended when dropped.

use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;

use anyhow::{Context, Result};

use crate::sys;

/// Runs until dropped.
pub(crate) struct Busy(Vec<Child>);

impl Busy {
    pub(crate) fn start() -> Result<Self> {
        let mut busy = Self(Vec::new());
        for _ in 0..available_parallelism()?.get() {
            let mut shell = Command::new("sh");
            shell.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
            sys::die_with_us(&mut shell);
            busy.0.push(shell.spawn().context("start a busy loop")?);
        }
        Ok(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            if let Err(error) = child.kill().and_then(|()| child.wait()) {
                eprintln!("lab: busy loop {} stays: {error}", child.id());
            }
        }
    }
}
