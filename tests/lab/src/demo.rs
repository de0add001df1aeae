//! `cargo xtask demo`: the main job of the pair on real kernels, as a timeline for a person.
//!
//! Two directors, two real servers, and a client that asks the virtual address all the time. On
//! this machine's kernel if it has IPVS, else in the micro-VM.

mod acts;
mod asker;
mod pace;
mod scene;
mod stage;

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::servers::Lifetime;
use crate::vm::{self, Vm};
use crate::{programs, table};
use pace::Pace;
use scene::Scene;
use stage::Stage;

/// Where the demo runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// In namespaces of this machine.
    Host,
    /// In those of the micro-VM that we are in.
    Guest,
}

/// What becomes of the lab.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum After {
    /// Nothing is left.
    TearDown,
    /// It stays up for a person to look around.
    Keep,
}

/// Runs it where it can run.
pub fn start(after: After) -> Result<()> {
    if has_ipvs() {
        run(Place::Host, after)?;
        return keep_file(&Pace::of_this_machine()?);
    }
    println!("This kernel has no IPVS: the demo runs in a micro-VM with Debian's kernel.");
    let mut vm = Vm::new()?;
    vm.add_program(&programs::lab()?, "lab")?;
    vm.add_program(&programs::gemel()?, "gemel")?;
    match after {
        After::TearDown => {
            let status = vm.run("lab demo --guest", LIMIT, |line| println!("{line}"))?;
            ensure!(status == 0, "the demo in the micro-VM failed");
            keep_file(&Pace::of(vm::emulates()?))
        }
        After::Keep => {
            ensure!(std::io::stdin().is_terminal(), "--keep needs a terminal for its shell");
            vm.run_at_terminal("lab demo --guest --keep")
        }
    }
}

/// Runs it here.
pub fn run(place: Place, after: After) -> Result<()> {
    let pace = Pace::of_this_machine()?;
    introduce(&pace);
    let lifetime = match after {
        After::TearDown => Lifetime::Ours,
        After::Keep => Lifetime::Longer,
    };
    let folder = tempfile::Builder::new().prefix("gemel-demo-").tempdir()?;
    let stage = Stage::build(folder.path(), &pace, lifetime)?;
    let mut scene = Scene::open(stage, pace)?;
    if let Err(error) = acts::play(&mut scene) {
        println!("{}\n{}", scene.stage.lb1.tale(), scene.stage.lb2.tale());
        return Err(error);
    }

    println!("\nThat was the whole demo. The file of both directors:\n");
    println!("{}", indented(&pace.file()));
    match after {
        After::TearDown => println!("{NEXT}"),
        After::Keep => {
            scene.stage.lb1.start()?;
            let Scene { stage, .. } = scene;
            explain_kept(place, stage, &folder.keep());
        }
    }
    Ok(())
}

/// Leaves the demo's file where a person can try things on it.
fn keep_file(pace: &Pace) -> Result<()> {
    let program = programs::gemel()?;
    let path = program.with_file_name("demo.toml");
    fs::write(&path, pace.file()).with_context(|| format!("write {}", path.display()))?;
    println!("\nThe configuration file is {}", path.display());
    println!("  {} check {}", program.display(), path.display());
    Ok(())
}

fn introduce(pace: &Pace) {
    println!(
        "Two directors (lb1, lb2), two real servers (web1, web2) and a client, each a network namespace."
    );
    println!(
        "lb1 and lb2 share {} by VRRP and send its HTTP to web1 and web2 by IPVS, direct routing;",
        stage::ADDRESS
    );
    println!(
        "the client asks all the time: a request every {} ms, given up after {} ms.",
        pace.period.as_millis(),
        pace.patience.as_millis()
    );
    let interval = pace.interval.as_millis();
    if pace.emulated {
        println!(
            "This machine emulates the processor of the micro-VM, ten to thirty times slower than a real\n\
             one. So adverts go out every {interval} ms, which it can keep; 100 ms is usual."
        );
    } else {
        println!("Adverts go out every {interval} ms.");
    }
}

fn explain_kept(place: Place, stage: Stage, folder: &Path) {
    let hosts = [&stage.lb1.host, &stage.lb2.host, &stage.client];
    let hosts: Vec<_> =
        hosts.into_iter().chain([stage.web1.host(), stage.web2.host()]).cloned().collect();
    let run_dir = stage.lb1.run_dir();
    let pids = stage.keep();
    println!("The lab stays up. A shell on each host:");
    for host in &hosts {
        println!("  {:<8} ip netns exec {} bash", host.name(), host.namespace());
    }
    println!("What lb1 thinks: gemel status --run-dir {}", run_dir.display());
    println!("The file, the logs: {}", folder.display());
    match place {
        Place::Guest => println!("You are in the micro-VM; `exit` ends it."),
        Place::Host => {
            let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
            println!("To end it: kill {}; the next lab sweeps up the namespaces.", pids.join(" "));
        }
    }
}

/// Whether this machine's kernel has IPVS, now or once asked for.
fn has_ipvs() -> bool {
    if table::is_possible() {
        return true;
    }
    // A kernel without modules, or without this one, says so; the file then stays away.
    if let Some(modprobe) = vm::find("modprobe") {
        let mut modprobe = Command::new(modprobe);
        let loaded = modprobe.args(["--quiet", "ip_vs"]).stderr(Stdio::null()).status();
        return loaded.is_ok_and(|status| status.success()) && table::is_possible();
    }
    false
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

const NEXT: &str = "\
What to try next:
  cargo xtask demo --keep        the same, and a shell on each host afterwards
  cargo xtask bench failover     how fast it is on this machine, beside keepalived
  a file of your own             gemel check FILE says everything that is wrong with it";

/// Of the demo in a micro-VM, most of it waiting.
const LIMIT: Duration = Duration::from_secs(300);
