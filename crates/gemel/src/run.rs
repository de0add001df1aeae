//! `gemel run`: reads the file, looks whether everything can work, starts the loops, becomes the
//! engine. Whatever cannot work is found before anything is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, anyhow, bail};
use clock::Duration;
use config::{Assembly, Settings};
use ipvs_table::{ServiceKey, Table};
use mailbox::{Outbox, mailbox};
use tokio::sync::mpsc;
use vrrp_proto::held::VirtualAddress;

use crate::engine::{self, Engine, Identity, Inboxes, Loops, Signals};
use crate::outgoing::Outgoing;
use crate::writer::Writer;
use crate::{check, cli, control, ours};

/// Facts that may wait for the engine; the loops keep levels and count edges beyond it.
const FACTS: usize = 4096;
/// Questions on the control socket that may wait.
const QUESTIONS: usize = 16;
/// How often the kernel's list of services is compared with ours.
const VERIFY: Duration = Duration::from_millis(500);

/// Runs the daemon until a signal ends it.
pub(crate) fn run(arguments: cli::Run) -> anyhow::Result<ExitCode> {
    abort_on_panic();
    let settings = check::load(&arguments.config)?;
    let director = director(&arguments, &settings)?;
    let assembly = assemble(&settings, &director)?;
    let engine = thread::Builder::new()
        .name("gemel-engine".into())
        .spawn(move || start(&arguments, settings.pair, director, assembly))
        .context("cannot start a thread")?;
    engine.join().map_err(|_| anyhow!("the engine panicked"))?
}

/// A panic in any loop ends the process: half a director is worse than none, and a restart resumes.
fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}

fn director(arguments: &cli::Run, settings: &Settings) -> anyhow::Result<String> {
    let names = settings.directors.iter().map(|director| director.name.as_str());
    let names = names.collect::<Vec<_>>();
    let (name, source) = match &arguments.director {
        Some(name) => (name.clone(), "--director"),
        None => {
            let host = nix::unistd::gethostname().context("cannot read the host name")?;
            let host = host.to_string_lossy();
            (host.split('.').next().unwrap_or_default().to_owned(), "the host name")
        }
    };
    // A file without directors does nothing, whoever we are: what the package installs.
    if !names.is_empty() && !names.contains(&name.as_str()) {
        let file = arguments.config.display();
        bail!(
            "{file} names the directors {}, and {source} says {name}: say which one this is with --director",
            names.join(" and ")
        );
    }
    Ok(name)
}

fn assemble(settings: &Settings, director: &str) -> anyhow::Result<Assembly> {
    settings.for_director(director).with_context(|| format!("no director is called {director}"))
}

fn start(
    arguments: &cli::Run,
    pair: String,
    director: String,
    assembly: Assembly,
) -> anyhow::Result<ExitCode> {
    let ours_file = arguments.state_dir.join("services");
    let ours = ours::parse(&read(&ours_file)?);
    let held_file = arguments.state_dir.join("addresses");
    let held = held_addresses(&assembly);
    let mut leftovers = ours::parse_addresses(&read(&held_file)?);
    let place = |one: &VirtualAddress| (one.interface.clone(), one.address, one.prefix);
    let kept: BTreeSet<_> = held.iter().map(place).collect();
    leftovers.retain(|left| !kept.contains(&place(left)));
    let table_client = open_table(&assembly, &ours)?;
    for folder in [&arguments.run_dir, &arguments.state_dir] {
        fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot make this folder", folder.display()))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let signals = Signals::register()?;
    let listener = control::bind(&arguments.run_dir)?;
    let socket = Remove(control::path(&arguments.run_dir));
    let (writer, written) = Writer::start().context("cannot start a thread")?;

    let (wire_facts, wire) = mailbox(FACTS)?;
    let (table_facts, table) = mailbox(FACTS)?;
    let (check_facts, checks) = mailbox(FACTS)?;
    let (source_facts, sources) = mailbox(FACTS)?;
    let (questions, asked) = mpsc::channel(QUESTIONS);
    // Adverts first: a restarted Active has little time, and the table can be long.
    let setup = vrrp_setup(&assembly, leftovers, arguments);
    let vrrp = vrrp::start(setup, wire_facts).map_err(|error| anyhow!(error.0))?;
    if !writer.file(held_file, ours::emit_addresses(&held)) {
        writer.line("WARN file=addresses why=\"the list of our addresses is not kept\"".into());
    }
    let rest = start_table(table_client, &assembly, ours, table_facts)
        .and_then(|table| Ok((table, start_checks(&assembly, check_facts)?)))
        .and_then(|rest| Ok((rest, start_sources(&assembly, source_facts)?)));
    let (((table_orders, adopted), check_orders), source_orders) = match rest {
        Ok(rest) => rest,
        Err(error) => return Err(let_go(vrrp, error)),
    };
    let identity = Identity { pair, director, ours_file, lo_is_up: ipvs::lo_up() };
    let loops = Loops {
        wire: Outgoing::new(vrrp.orders()),
        table: table_orders,
        checks: check_orders,
        sources: source_orders,
    };
    let engine = Engine::new(identity, assembly, loops, writer, adopted);
    let inboxes = Inboxes::new(wire, table, checks, sources, asked, signals)?;
    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    let code = runtime.block_on(async {
        let server = tokio::spawn(control::serve(listener, questions));
        let code = engine::run(engine, inboxes).await;
        server.abort();
        code
    });
    drop(socket);
    vrrp.join();
    // The last lines, and the list of our services, are on their way out.
    written.join().map_err(|_| anyhow!("the writer panicked"))?;
    code
}

/// Nothing half done: what the wire thread may have resumed is released before the error is told.
fn let_go(vrrp: vrrp::Vrrp, error: anyhow::Error) -> anyhow::Error {
    match vrrp.order(vrrp::Order::Release) {
        Ok(()) => {
            vrrp.join();
            error
        }
        Err(_) => error.context("the wire thread does not answer; its addresses may be left"),
    }
}

/// A file of the state folder; one that is not there yet is empty.
fn read(file: &Path) -> anyhow::Result<String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("{}: cannot be read", file.display())),
    }
}

/// Every address the file may have this director hold, and where.
fn held_addresses(assembly: &Assembly) -> Vec<VirtualAddress> {
    assembly.routers.iter().flat_map(|plan| plan.held.addresses.clone()).collect()
}

/// The way to the kernel's table, if there is one to keep, now or from before.
fn open_table(assembly: &Assembly, ours: &[ServiceKey]) -> anyhow::Result<Option<ipvs::Client>> {
    if assembly.coordinator.pools.is_empty() && ours.is_empty() {
        return Ok(None);
    }
    let client = ipvs::Client::open().map_err(|error| anyhow!(error.0))?;
    if !ipvs::lo_up() {
        bail!(
            "interface lo is down, and the kernel then refuses every real server of IPVS: `ip link set lo up`, then start again"
        );
    }
    Ok(Some(client))
}

fn vrrp_setup(
    assembly: &Assembly,
    leftovers: Vec<VirtualAddress>,
    arguments: &cli::Run,
) -> vrrp::Setup {
    let routers = assembly.routers.iter().map(|plan| vrrp::RouterSetup {
        id: plan.id,
        name: plan.name.clone(),
        settings: plan.settings.clone(),
        members: plan.members.clone(),
        held: plan.held.clone(),
    });
    let tracked = assembly.coordinator.routers.values().flat_map(|router| &router.track);
    vrrp::Setup {
        routers: routers.collect(),
        leftovers,
        track: tracked.filter_map(|track| interface(&track.source)).collect(),
        run_dir: arguments.run_dir.clone(),
    }
}

/// The way to the table thread, and what the kernel held.
type Adopted = (Option<Outgoing<ipvs::Order>>, Table);

fn start_table(
    client: Option<ipvs::Client>,
    assembly: &Assembly,
    mut ours: Vec<ServiceKey>,
    facts: Outbox<ipvs::Fact>,
) -> anyhow::Result<Adopted> {
    let Some(client) = client else { return Ok((None, Table::new())) };
    ours.extend(assembly.coordinator.pools.keys());
    let setup = ipvs::Setup { ours, verify: VERIFY };
    let started = ipvs::start_on(client, setup, facts).map_err(|error| anyhow!(error.0))?;
    Ok((Some(Outgoing::new(started.orders)), started.table))
}

fn start_checks(
    assembly: &Assembly,
    facts: Outbox<probe::Fact>,
) -> anyhow::Result<Option<Outgoing<probe::Order>>> {
    if assembly.checks.is_empty() {
        return Ok(None);
    }
    let orders = probe::start(facts).map_err(|error| anyhow!(error.0))?;
    Ok(Some(Outgoing::new(orders)))
}

fn start_sources(
    assembly: &Assembly,
    facts: Outbox<watch::Fact>,
) -> anyhow::Result<Option<Outgoing<watch::Order>>> {
    let (_, sources) = engine::track::apart(&assembly.track);
    if sources.sources.is_empty() {
        return Ok(None);
    }
    let orders = watch::start(sources, facts).map_err(|error| anyhow!(error.0))?;
    Ok(Some(Outgoing::new(orders)))
}

/// Removes a file when the daemon ends.
struct Remove(std::path::PathBuf);

impl Drop for Remove {
    fn drop(&mut self) {
        // Gone already is as good; a stale socket is taken over at the next start anyway.
        drop(fs::remove_file(&self.0));
    }
}

fn interface(source: &coordinator::Source) -> Option<String> {
    match source {
        coordinator::Source::Interface(name) => Some(name.clone()),
        coordinator::Source::Address(_)
        | coordinator::Source::Route(..)
        | coordinator::Source::Gateway(..)
        | coordinator::Source::File(_)
        | coordinator::Source::Process(_)
        | coordinator::Source::Script(_) => None,
    }
}
