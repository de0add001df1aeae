//! Starting the two threads: every check first, then the sockets, the state file last. What fails
//! before that leaves nothing changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::thread;

use mailbox::{Outbox, mailbox};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use vrrp_proto::LinkId;

use crate::loops::now;
use crate::mover::thread::MoverThread;
use crate::mover::{Mover, News, Rtnetlink};
use crate::state::{self, Key, Memory, State};
use crate::teller::Teller;
use crate::wire::{Core, Port, Row, Wire};
use crate::{Fact, Order, RouterSetup, Setup, StartError, Vrrp, leftovers, sys};

/// Orders waiting at most; the engine posts levels again.
const ORDERS: usize = 1_024;
/// Enough for two threads that touch a few kilobytes, and cheap to lock in memory.
const STACK_BYTES: usize = 256 << 10;

/// Opens sockets, reads links and addresses, resumes or starts every router, and runs both threads
/// in the network namespace of the calling thread.
///
/// # Errors
/// A missing capability, a state folder that cannot be written or is in use: named, with the way
/// out. An interface that is absent is no error: its routers wait for it.
pub fn start(mut setup: Setup, facts: Outbox<Fact>) -> Result<Vrrp, StartError> {
    check_capabilities()?;
    let lock = lock(&setup.run_dir)?;
    let mut told = Teller::new(facts.clone());
    let ports = name_links(&mut setup.routers);
    let keys: Vec<Key> = setup.routers.iter().map(key).collect();
    let boot = state::boot_id()
        .map_err(|e| refuse("/proc/sys/kernel/random/boot_id", e, "mount /proc"))?;
    let memories = recall(&setup.run_dir, &boot, &keys, &mut told);

    let mut kernel =
        Rtnetlink::open().map_err(|text| StartError(format!("{text}; {NET_CAPABILITIES}")))?;
    let removed = leftovers::remove(&mut kernel, &setup.leftovers, &setup.routers)
        .map_err(|e| refuse("links and addresses", e, NET_CAPABILITIES))?;
    removed.into_iter().for_each(|fact| told.tell(fact));
    let started = now();
    let mut mover = Mover::new(started, kernel, &setup.routers, &setup.track)
        .map_err(|e| refuse("links and addresses", e, NET_CAPABILITIES))?;
    let news = mover.news();
    warn_of_absent(&setup.routers, &news, &mut told);
    lock_memory(&mut told);

    let slots: Vec<(Key, Memory)> = keys.into_iter().zip(memories.iter().cloned()).collect();
    let path = setup.run_dir.join("state");
    let room = 2 * (setup.routers.len() + ports.len()) + 64;
    let (wire_outbox, wire_inbox) = mailbox(room).map_err(no_descriptors)?;
    let (mover_outbox, mover_inbox) = mailbox(room).map_err(no_descriptors)?;
    let (orders, order_inbox) = mailbox::<Order>(ORDERS).map_err(no_descriptors)?;
    let rows = setup.routers.iter().zip(memories).map(|(r, memory)| Row::new(r, memory)).collect();
    let state = State::create(&path, &boot, &slots)
        .map_err(|e| refuse(&path.display().to_string(), e, RUN_DIR))?;
    let core = Core::new(started, &setup.routers, rows, ports, (state, mover_outbox, told));
    let mut wire = Wire::new(core, order_inbox, wire_inbox).map_err(no_descriptors)?;
    for item in news {
        wire.hear(started, item);
    }
    let facts = Teller::new(facts);
    let mover =
        MoverThread { mover, inbox: mover_inbox, wire: wire_outbox, facts, unsent: Vec::new() };
    let no_thread = |e| refuse("a thread", e, "raise LimitNPROC or LimitMEMLOCK");
    let mover = named("gemel-mover").spawn(move || mover.run()).map_err(no_thread)?;
    let wire = named("gemel-wire")
        .spawn(move || {
            wire.run(mover);
            drop(lock);
        })
        .map_err(no_thread)?;
    Ok(Vrrp { orders, wire })
}

const NET_CAPABILITIES: &str =
    "run as root, or grant CAP_NET_RAW and CAP_NET_ADMIN (AmbientCapabilities= in the unit)";
const RUN_DIR: &str = "give this director a folder it can write (RuntimeDirectory= in the unit)";

fn refuse(object: &str, error: impl std::fmt::Display, way_out: &str) -> StartError {
    StartError(format!("{object}: {error}; {way_out}"))
}

fn no_descriptors(errno: Errno) -> StartError {
    refuse("event descriptors", errno.desc(), "raise LimitNOFILE")
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.into()).stack_size(STACK_BYTES)
}

fn key(setup: &RouterSetup) -> Key {
    let members = setup.settings.members.iter().cloned().zip(setup.members.iter().cloned());
    Key::new(&members.collect::<Vec<_>>(), &setup.held.addresses)
}

/// <linux/capability.h>
const CAP_NET_ADMIN: u32 = 12;
const CAP_NET_RAW: u32 = 13;

fn check_capabilities() -> Result<(), StartError> {
    for (capability, name, job) in [
        (CAP_NET_RAW, "CAP_NET_RAW", "sends and hears adverts"),
        (CAP_NET_ADMIN, "CAP_NET_ADMIN", "moves addresses"),
    ] {
        if effective_capabilities().is_some_and(|set| set & 1 << capability == 0) {
            return Err(StartError(format!("{name} is missing, which {job}; {NET_CAPABILITIES}")));
        }
    }
    Ok(())
}

/// `None` without /proc: then the calls themselves say what is missing.
fn effective_capabilities() -> Option<u64> {
    let status = fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// One director a folder: two would fight over the same addresses.
fn lock(run_dir: &Path) -> Result<Flock<File>, StartError> {
    let shown = run_dir.display().to_string();
    fs::create_dir_all(run_dir).map_err(|e| refuse(&shown, e, RUN_DIR))?;
    let path = run_dir.join("lock");
    let file = File::options().create(true).append(true).open(&path);
    let file = file.map_err(|e| refuse(&path.display().to_string(), e, RUN_DIR))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| {
        if errno == Errno::EWOULDBLOCK {
            let way_out = "stop that one, or give this one its own";
            return refuse(&path.display().to_string(), "another gemel uses this folder", way_out);
        }
        refuse(&path.display().to_string(), errno.desc(), RUN_DIR)
    })
}

/// Numbers the parent interfaces and gives every router its link.
fn name_links(routers: &mut [RouterSetup]) -> Vec<Port> {
    routers.sort_by_key(|router| router.id);
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    let mut ports = Vec::new();
    for router in routers {
        for (setup, member) in router.members.iter().zip(&mut router.settings.members) {
            let link = *known.entry(setup.interface.clone()).or_insert_with(|| {
                ports.push(Port::new(&setup.interface));
                ports.len() as u32 - 1
            });
            member.link = LinkId(link);
            if let Some(port) = ports.get_mut(link as usize) {
                port.serve(member, setup);
            }
        }
    }
    ports
}

fn recall(run_dir: &Path, boot: &str, keys: &[Key], told: &mut Teller) -> Vec<Memory> {
    let path = run_dir.join("state");
    state::recall(&path, boot, keys).unwrap_or_else(|problem| {
        told.tell(Fact::Warning(format!(
            "{}: {problem}; nothing is resumed, every router starts as Backup",
            path.display()
        )));
        vec![Memory::default(); keys.len()]
    })
}

fn warn_of_absent(routers: &[RouterSetup], news: &[News], told: &mut Teller) {
    for router in routers {
        for (setup, member) in router.members.iter().zip(&router.settings.members) {
            let absent = news.iter().any(|item| {
                matches!(item, News::Link(fact) if fact.link == member.link && fact.index.is_none())
            });
            if absent {
                told.tell(Fact::Warning(format!(
                    "router {}: interface {} is absent; waiting for it",
                    router.name, setup.interface
                )));
            }
        }
    }
}

/// <linux/capability.h>
const CAP_IPC_LOCK: u32 = 14;

/// Keeps every page that was touched in memory. Not under a limit: there a later allocation beyond
/// it would end the process.
fn lock_memory(told: &mut Teller) {
    let allowed = effective_capabilities().is_some_and(|set| set & 1 << CAP_IPC_LOCK != 0)
        || fs::read_to_string("/proc/self/limits").is_ok_and(|limits| {
            let line = limits.lines().find(|line| line.starts_with("Max locked memory"));
            line.is_some_and(|line| line.contains("unlimited"))
        });
    let locked = if allowed { sys::lock_memory() } else { Err(Errno::EPERM) };
    if let Err(errno) = locked {
        told.tell(Fact::Warning(format!(
            "memory is not locked ({}): under memory pressure intervals may be missed; grant \
             CAP_IPC_LOCK or LimitMEMLOCK=infinity",
            errno.desc()
        )));
    }
}
