//! Real servers: hosts whose web server says who it is, and a question to them.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Ticks;
use crate::daemon::Daemon;
use crate::net::Host;
use crate::vm;

/// A host with a web server on port 80; its front page is the host's name.
pub struct RealServer {
    host: Host,
    folder: PathBuf,
    lifetime: Lifetime,
    daemon: Option<Daemon>,
}

/// How long a daemon in a lab may run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifetime {
    /// It ends with us, however we end.
    Ours,
    /// It may outlive us.
    Longer,
}

impl RealServer {
    /// Starts the web server in `host` and waits until it answers.
    pub fn start(host: &Host, folder: &Path, lifetime: Lifetime) -> Result<Self> {
        let folder = folder.to_path_buf();
        let mut server = Self { host: host.clone(), folder, lifetime, daemon: None };
        server.revive()?;
        Ok(server)
    }

    /// The host it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The web server ends at once; the host answers on.
    pub fn die(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.crash())
    }

    /// The web server is there again when this returns.
    pub fn revive(&mut self) -> Result<()> {
        let name = self.host.name();
        let pages = self.folder.join(name);
        fs::create_dir_all(&pages).with_context(|| format!("make {}", pages.display()))?;
        fs::write(pages.join("index.html"), format!("{name}\n")).context("write a page")?;
        let busybox = vm::find("busybox").context("busybox: not installed")?;
        let mut command = self.lifetime.command(&self.host, &busybox);
        command.args(["httpd", "-f", "-p", "80", "-h"]).arg(&pages);
        let daemon = Daemon::start(&format!("httpd-{name}"), command, &self.folder)?;
        self.daemon = Some(daemon);
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        let beat = Ticks::every(Duration::from_millis(5))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.host.enter(|| ask(here, PATIENCE)) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    bail!("the web server of {name} does not answer: {error}")
                }
                Err(_) => beat.next()?,
            }
        }
    }

    /// Leaves it running when this value is gone; returns its process id.
    pub fn keep(mut self) -> Option<i32> {
        let daemon = self.daemon.take()?;
        let pid = daemon.pid().as_raw();
        std::mem::forget(daemon);
        Some(pid)
    }
}

/// Makes a host accept packets for `address` without answering ARP for it, as a real server
/// under direct routing or a tunnel does; they come in by `interface`.
pub fn hold_quietly(host: &Host, interface: &str, address: Ipv4Addr) -> Result<()> {
    host.sysctl(&[
        ("net.ipv4.conf.all.arp_ignore", "1"),
        ("net.ipv4.conf.all.arp_announce", "2"),
        ("net.ipv4.conf.all.rp_filter", "0"),
    ])?;
    host.ip(&[format!("addr add {address}/32 dev {interface}")])
}

/// No reverse path filter, whatever this host's default is: answers take another way than questions.
pub fn relax_return_path(host: &Host, interfaces: &[&str]) -> Result<()> {
    for interface in interfaces.iter().chain(&["all"]) {
        host.sysctl(&[(&format!("net.ipv4.conf.{interface}.rp_filter"), "0")])?;
    }
    Ok(())
}

impl Lifetime {
    /// A command in a host that lives as long as this.
    pub fn command(self, host: &Host, program: &Path) -> Command {
        match (self, vm::find("setpriv")) {
            (Self::Ours, Some(setpriv)) => {
                let mut command = host.command(&setpriv.to_string_lossy());
                command.args(["--pdeathsig", "KILL"]).arg(program);
                command
            }
            // In the micro-VM, which has no setpriv, everything ends with the kernel.
            (Self::Ours, None) | (Self::Longer, _) => host.command(&program.to_string_lossy()),
        }
    }
}

/// Asks for the front page; call it inside the host that asks. The whole exchange takes at most
/// `limit`.
pub fn ask(address: SocketAddr, limit: Duration) -> io::Result<String> {
    let deadline = Instant::now() + limit;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::Error::from(io::ErrorKind::TimedOut)) } else { Ok(left) }
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    let host: IpAddr = address.ip();
    stream.write_all(format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    loop {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut part)? {
            0 => break,
            length => answer.extend_from_slice(part.get(..length).unwrap_or_default()),
        }
    }
    page(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no page in the answer"))
}

fn page(answer: &str) -> Option<String> {
    let (head, page) = answer.split_once("\r\n\r\n")?;
    head.lines().next()?.contains(" 200 ").then(|| page.trim().to_owned())
}

/// How long a program may take to start or to end on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_follows_the_head_of_a_good_answer() {
        assert_eq!(page("HTTP/1.0 200 OK\r\nA: b\r\n\r\nweb1\n").as_deref(), Some("web1"));
        assert_eq!(page("HTTP/1.0 404 Not Found\r\n\r\nno\n"), None);
        assert_eq!(page("HTTP/1.0 200 OK\r\nA: b\r\n"), None);
    }
}
