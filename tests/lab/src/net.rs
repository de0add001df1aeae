//! Networks of a lab: hosts are namespaces, joined by veth pairs to bridges in a namespace of
//! their own, the switch.
//!
//! It is not about what runs in the hosts (see `daemon`). Works as root on a developer's machine
//! and inside a micro-VM with nothing but iproute2: the only program it forks is `ip`, in
//! batches. Several labs, of one process or of many, do not see each other.
//!
//! ```text
//!  lb1 eth0 ──── lb1-eth0 ┐                       ┌ client-eth0 ──── eth0 client
//!                         ├ front (bridge, switch)┤
//!  lb2 eth0 ──── lb2-eth0 ┘                       └ ...
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use nix::sched::{CloneFlags, setns};

use crate::sys;

pub mod addresses;

/// A set of hosts and the switch that joins them. Gone when dropped, with everything in it.
///
/// End the processes in it first: a namespace lives as long as somebody is inside.
pub struct Lab {
    /// What the names of its namespaces begin with.
    tag: String,
    switch: Host,
    bridges: BTreeSet<String>,
    /// The bridge and the host of every switch port, by port name.
    ports: BTreeMap<String, Port>,
    namespaces: Vec<String>,
}

/// What is at the two ends of a switch port.
#[derive(Clone, Debug)]
struct Port {
    bridge: String,
    host: String,
}

/// One network namespace. Clones are the same host.
#[derive(Clone, Debug)]
pub struct Host {
    name: String,
    namespace: String,
    descriptor: Arc<OwnedFd>,
}

impl Lab {
    /// An empty lab: a switch without ports. Sweeps away what dead processes left behind.
    pub fn new() -> Result<Self> {
        fs::create_dir_all(NETNS_DIR).with_context(|| format!("create {NETNS_DIR}"))?;
        sweep_leftovers()?;
        let tag =
            format!("{PREFIX}{}-{}-", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let namespace = format!("{tag}switch");
        ip(None, &[format!("netns add {namespace}")])?;
        let switch = Host::open("switch", &namespace)?;
        let lab = Self {
            tag,
            switch,
            bridges: BTreeSet::new(),
            ports: BTreeMap::new(),
            namespaces: vec![namespace],
        };
        lab.switch.ip(&["link set lo up"])?;
        Ok(lab)
    }

    /// Adds a host with `(interface, bridge, "address/prefix")` ports; a bridge comes into being
    /// with its first port, and an empty address leaves the interface without one.
    ///
    /// `lo` and every interface are up when this returns.
    pub fn host(&mut self, name: &str, ports: &[(&str, &str, &str)]) -> Result<Host> {
        let namespace = format!("{}{name}", self.tag);
        ip(None, &[format!("netns add {namespace}")])?;
        self.namespaces.push(namespace.clone());
        let host = Host::open(name, &namespace)?;

        let mut outside = Vec::new();
        let mut inside = vec!["link set lo up".to_owned()];
        for (interface, bridge, address) in ports {
            let port = port_name(name, interface)?;
            if self.bridges.insert((*bridge).to_owned()) {
                outside.push(format!(
                    "link add {bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
                ));
                outside.push(format!("link set {bridge} up"));
            }
            outside
                .push(format!("link add {port} type veth peer name {interface} netns {namespace}"));
            outside.push(format!("link set {port} master {bridge} up"));
            if !address.is_empty() {
                inside.push(format!("addr add {address} dev {interface}"));
            }
            inside.push(format!("link set {interface} up"));
            let ends = Port { bridge: (*bridge).to_owned(), host: name.to_owned() };
            self.ports.insert(port, ends);
        }
        ip(Some(&self.switch.namespace), &outside)?;
        ip(Some(&host.namespace), &inside)?;
        Ok(host)
    }

    /// The namespace with the bridges: the place of a witness.
    pub fn switch(&self) -> &Host {
        &self.switch
    }

    /// The names of a bridge's ports, each with the host at its other end.
    pub fn ports_of(&self, bridge: &str) -> Vec<(String, String)> {
        let on_it = self.ports.iter().filter(|(_, ends)| ends.bridge == bridge);
        on_it.map(|(port, ends)| (port.clone(), ends.host.clone())).collect()
    }

    /// Pulls the cable: the host's interface loses its carrier.
    ///
    /// One ioctl, no fork, so that it can happen at the same moment as a kill.
    pub fn cut(&self, host: &str, interface: &str) -> Result<()> {
        self.set_port(host, interface, false)
    }

    /// Plugs the cable in again.
    pub fn mend(&self, host: &str, interface: &str) -> Result<()> {
        self.set_port(host, interface, true)
    }

    /// Loses every frame of this port, both ways, while its carrier stays.
    pub fn drop_traffic(&self, host: &str, interface: &str) -> Result<()> {
        let (port, _) = self.port(host, interface)?;
        self.switch.ip(&[&format!("link set {port} nomaster")])
    }

    /// Ends [`Lab::drop_traffic`].
    pub fn heal(&self, host: &str, interface: &str) -> Result<()> {
        let (port, bridge) = self.port(host, interface)?;
        self.switch.ip(&[&format!("link set {port} master {bridge}")])
    }

    /// Leaves the lab up when this process ends; the next lab of any process sweeps it away.
    /// Returns the namespaces' names, for `ip netns exec`.
    pub fn keep(mut self) -> Vec<String> {
        std::mem::take(&mut self.namespaces)
    }

    fn set_port(&self, host: &str, interface: &str, up: bool) -> Result<()> {
        let (port, _) = self.port(host, interface)?;
        self.switch.enter(|| -> Result<()> {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            sys::set_link_up(&socket, &port, up).with_context(|| format!("switch port {port}"))
        })
    }

    fn port(&self, host: &str, interface: &str) -> Result<(String, &str)> {
        let port = port_name(host, interface)?;
        let ends = self.ports.get(&port).with_context(|| format!("no switch port {port}"))?;
        Ok((port, &ends.bridge))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        delete_namespaces(&self.namespaces);
    }
}

impl Host {
    /// What the lab calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `ip netns exec` calls it.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// A command that will run in this host (its network; the files are everybody's).
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        sys::enter_before_exec(&mut command, Arc::clone(&self.descriptor));
        command
    }

    /// Runs `work` on a thread inside this host: sockets it opens, and `/proc/sys/net` and
    /// `/proc/thread-self/net` as it sees them, are this host's.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.join();
                work()
            });
            match inside.join() {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Starts a named thread of its own inside this host.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<thread::JoinHandle<T>> {
        let host = self.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            host.join();
            work()
        })?;
        Ok(thread)
    }

    /// Runs `ip` once in this host over these lines (`"addr add 192.0.2.80/32 dev eth0"`).
    pub fn ip<L: AsRef<str>>(&self, lines: &[L]) -> Result<()> {
        ip(Some(&self.namespace), lines)
    }

    /// Sets kernel parameters: `("net.ipv4.conf.all.arp_ignore", "1")`. A dot separates, so an
    /// interface name with a dot cannot be said.
    pub fn sysctl(&self, values: &[(&str, &str)]) -> Result<()> {
        self.enter(|| {
            for (key, value) in values {
                let path = format!("/proc/sys/{}", key.replace('.', "/"));
                fs::write(&path, value).with_context(|| format!("{path} = {value}"))?;
            }
            Ok(())
        })
    }

    /// The output of a program run to its end in this host; an error if it fails.
    pub fn output(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.command(program).args(arguments).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("run {program}"))?;
        ensure!(
            output.status.success(),
            "{program} {}: {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn open(name: &str, namespace: &str) -> Result<Self> {
        let descriptor = open_namespace(namespace)?;
        Ok(Self { name: name.to_owned(), namespace: namespace.to_owned(), descriptor })
    }

    /// Moves the calling thread into this host for good.
    fn join(&self) {
        if let Err(error) = setns(self.descriptor.as_fd(), CloneFlags::CLONE_NEWNET) {
            panic!("enter namespace {}: {error}", self.namespace);
        }
    }
}

fn open_namespace(namespace: &str) -> Result<Arc<OwnedFd>> {
    let path = format!("{NETNS_DIR}/{namespace}");
    let file = File::open(&path).with_context(|| format!("open {path}"))?;
    Ok(Arc::new(file.into()))
}

/// Runs `ip -batch` over `lines`, in a namespace or in ours.
fn ip<L: AsRef<str>>(namespace: Option<&str>, lines: &[L]) -> Result<()> {
    let mut command = Command::new("ip");
    if let Some(namespace) = namespace {
        // Not `ip -n`: it remounts /, which a plain chroot refuses.
        sys::enter_before_exec(&mut command, open_namespace(namespace)?);
    }
    command.args(["-batch", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("run ip (package iproute2)")?;
    let text = lines.iter().map(|line| format!("{}\n", line.as_ref())).collect::<String>();
    let mut input = child.stdin.take().context("ip has no standard input")?;
    input.write_all(text.as_bytes()).context("write to ip")?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("ip in {}: {}\nof:\n{text}", namespace.unwrap_or("our namespace"), complaint.trim());
    }
    Ok(())
}

fn port_name(host: &str, interface: &str) -> Result<String> {
    let port = format!("{host}-{interface}");
    ensure!(port.len() < libc::IFNAMSIZ, "{port}: too long for the name of a switch port");
    Ok(port)
}

/// Deletes the namespaces of labs whose process is gone.
fn sweep_leftovers() -> Result<()> {
    let mut dead = Vec::new();
    for entry in fs::read_dir(NETNS_DIR).with_context(|| format!("list {NETNS_DIR}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()) else {
            continue;
        };
        if !fs::exists(format!("/proc/{pid}"))? {
            dead.push(name);
        }
    }
    delete_namespaces(&dead);
    Ok(())
}

/// As many as can be deleted: another process may be sweeping the same leftovers.
fn delete_namespaces(namespaces: &[String]) {
    for namespace in namespaces {
        if let Err(error) = ip(None, &[format!("netns del {namespace}")]) {
            eprintln!("lab: namespace {namespace} stays: {error:#}");
        }
    }
}

/// Where `ip netns` keeps its names.
const NETNS_DIR: &str = "/var/run/netns";

/// What the names of all labs' namespaces begin with; then the process id and a counter.
const PREFIX: &str = "gemel-";

/// Tells the labs of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

#[cfg(test)]
mod tests;
