//! One run of qemu: started, listened to, bounded, never left behind.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;

use super::EXIT_MARK;

/// Runs the guest to its end and returns the exit status that it printed.
pub(super) fn run(
    kernel: &Path,
    image: &[u8],
    limit: Duration,
    mut on_line: impl FnMut(&str),
) -> Result<i32> {
    let image = written(image)?;
    let mut command = command(kernel, image.path())?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut guest = Guest::start(command)?;
    let (lines, console) = mpsc::channel();
    let output = guest.0.stdout.take().context("qemu without an output")?;
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(std::result::Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    let until = Instant::now() + limit;
    let mut status = None;
    loop {
        match console.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => match line.split_once(EXIT_MARK) {
                Some((_, number)) => status = number.trim().parse().ok(),
                None => on_line(&line),
            },
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => bail!("the micro-VM was not done after {limit:?}"),
        }
    }
    let complaint = guest.end()?;
    status.with_context(|| format!("the micro-VM ended without a result: {complaint}"))
}

/// Runs the guest on our own terminal.
pub(super) fn run_at_terminal(kernel: &Path, image: &[u8]) -> Result<()> {
    let image = written(image)?;
    let mut guest = Guest::start(command(kernel, image.path())?)?;
    guest.end().map(drop)
}

/// A running qemu; killed when dropped.
struct Guest(Child);

impl Guest {
    fn start(mut command: Command) -> Result<Self> {
        Ok(Self(command.spawn().context("start qemu")?))
    }

    /// Waits for its end; returns what it complained of.
    fn end(&mut self) -> Result<String> {
        let mut complaint = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut complaint)?;
        }
        let status = self.0.wait()?;
        ensure!(status.success(), "qemu: {status}: {}", complaint.trim());
        Ok(complaint)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // One that has ended is no error, and there is nobody to tell of another.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn written(image: &[u8]) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new().context("make a file for the micro-VM's image")?;
    file.write_all(image).context("write the micro-VM's image")?;
    Ok(file)
}

/// setpriv ends qemu with us even if we are killed.
fn command(kernel: &Path, image: &Path) -> Result<Command> {
    let qemu = super::find(QEMU).with_context(|| format!("{QEMU}: not installed"))?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(qemu);
    command.args(["-accel", accelerator()?, "-cpu", "max", "-smp", "2", "-m", "1024"]);
    command.args(["-M", "q35", "-nodefaults", "-no-user-config", "-no-reboot"]);
    command.args(["-display", "none", "-monitor", "none", "-nic", "none", "-serial", "stdio"]);
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(image);
    command.args(["-append", APPEND]);
    Ok(command)
}

/// /dev/kvm may exist on a machine whose processor cannot: qemu then opens it, and the guest
/// never starts.
fn accelerator() -> Result<&'static str> {
    Ok(if emulates()? { "tcg,thread=multi" } else { "kvm" })
}

/// Whether a guest here has no processor of its own, which makes it ten to thirty times slower.
pub(crate) fn emulates() -> Result<bool> {
    let cpu = fs::read_to_string("/proc/cpuinfo").context("read /proc/cpuinfo")?;
    Ok(is_emulated(&cpu) || !Path::new("/dev/kvm").exists())
}

/// Whether a guest here runs ten to thirty times slower than a real machine would.
pub(super) fn is_emulated(cpuinfo: &str) -> bool {
    !cpuinfo.split_whitespace().any(|flag| flag == "vmx" || flag == "svm")
}

const QEMU: &str = "qemu-system-x86_64";

/// No mitigations and no randomised kernel: this guest has no secrets, and both cost time. Of the
/// kernel's own words only a panic's reach the console.
const APPEND: &str = "console=ttyS0 loglevel=0 panic=-1 mitigations=off nokaslr";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_that_cannot_run_guests_emulates_them() {
        assert!(is_emulated("flags\t: fpu vme de svm_lock vmxnet\n"));
        assert!(!is_emulated("flags\t: fpu vmx de\n"));
        assert!(!is_emulated("flags\t: fpu svm\n"));
    }
}
