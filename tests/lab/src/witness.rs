//! The witness: hears every VRRP advert, ARP and neighbour packet that enters a bridge, with the
//! kernel's time of arrival and the host it came from.
//!
//! It is independent of the code under test: an AF_PACKET socket in the switch and a decoder of
//! its own ([`decode`]). It listens at the ports, so it tells the hosts apart whatever MAC they
//! use, hears unicast too, and hears what [`crate::net::Lab::drop_traffic`] loses: it tells what
//! a host *says*, not what the others hear. Tests wait for what it hears, they do not sleep.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{ErrorKind, IoSliceMut};
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::time::{ClockId, clock_gettime};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::net::Lab;

pub mod decode;

pub use decode::{Advert, Checksum, Kind};

/// Something that was said on the wire.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it entered the switch: kernel time, CLOCK_REALTIME, in nanoseconds (see [`now_ns`]).
    pub at_ns: u64,
    /// The host whose port it came in by.
    pub host: String,
    /// The frame's source.
    pub mac: decode::Mac,
    /// What it was.
    pub kind: Kind,
}

/// Listens from [`Witness::watch`] until dropped, and remembers.
pub struct Witness {
    heard: Vec<Event>,
    incoming: Receiver<Event>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The time now on the clock of [`Event::at_ns`].
pub fn now_ns() -> u64 {
    match clock_gettime(ClockId::CLOCK_REALTIME) {
        Ok(now) => Duration::from(now).as_nanos() as u64,
        Err(error) => panic!("read the clock: {error}"),
    }
}

impl Witness {
    /// Watches every port that this bridge has now.
    pub fn watch(lab: &Lab, bridge: &str) -> Result<Self> {
        let ports = lab.ports_of(bridge);
        let (socket, hosts) = lab.switch().enter(|| -> Result<_> {
            let mut hosts = BTreeMap::new();
            for (port, host) in ports {
                hosts.insert(if_nametoindex(port.as_str())? as usize, host);
            }
            Ok((open_socket()?, hosts))
        })?;
        let (sender, incoming) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = lab.switch().spawn("witness", move || {
            listen(&socket, &hosts, &sender, &stopped);
        })?;
        Ok(Self { heard: Vec::new(), incoming, stop, thread: Some(thread) })
    }

    /// The first event at or after `since_ns` for which `wanted` holds; waits for it if it is
    /// still to come, at most `timeout`. `what` is for the error, which tells what was heard.
    pub fn wait_for(
        &mut self,
        since_ns: u64,
        timeout: Duration,
        what: &str,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        let deadline = Instant::now() + timeout;
        let mut looked_at = 0;
        loop {
            self.drain();
            let fresh = self.heard.get(looked_at..).unwrap_or_default();
            if let Some(event) = fresh.iter().find(|event| event.at_ns >= since_ns && wanted(event))
            {
                return Ok(event.clone());
            }
            looked_at = self.heard.len();
            let left = deadline.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left) {
                Ok(event) => self.heard.push(event),
                Err(_) => bail!("not within {timeout:?}: {what}; heard {}", self.tale(since_ns)),
            }
        }
    }

    /// The same for an advert of this host that is no release.
    pub fn advert_of(&mut self, host: &str, since_ns: u64, timeout: Duration) -> Result<Event> {
        let what = format!("an advert of {host}");
        self.wait_for(since_ns, timeout, &what, |event| event.claims_by(host))
    }

    /// The same for a gratuitous ARP or unsolicited neighbour advertisement of this host.
    pub fn garp_of(&mut self, host: &str, since_ns: u64, timeout: Duration) -> Result<Event> {
        let what = format!("a gratuitous ARP of {host}");
        self.wait_for(since_ns, timeout, &what, |event| event.announces_by(host))
    }

    /// Waits until this host has advertised `count` times since, which takes as many intervals.
    pub fn adverts_of(
        &mut self,
        host: &str,
        count: usize,
        since_ns: u64,
        timeout: Duration,
    ) -> Result<()> {
        let deadline = Instant::now() + timeout;
        let mut from = since_ns;
        for _ in 0..count {
            let left = deadline.saturating_duration_since(Instant::now());
            from = self.advert_of(host, from, left)?.at_ns + 1;
        }
        Ok(())
    }

    /// Everything heard at or after `since_ns` so far.
    pub fn since(&mut self, since_ns: u64) -> Vec<Event> {
        self.drain();
        self.heard.iter().filter(|event| event.at_ns >= since_ns).cloned().collect()
    }

    /// Forgets what was heard before `until_ns`.
    pub fn forget_before(&mut self, until_ns: u64) {
        self.drain();
        self.heard.retain(|event| event.at_ns >= until_ns);
    }

    /// For every question for `address` by `asker` since then, by ARP or neighbour solicitation: when it was asked, and the
    /// hosts that answered. A reply belongs to the last request before it.
    pub fn answers(
        &mut self,
        asker: &str,
        address: impl Into<IpAddr>,
        since_ns: u64,
    ) -> Vec<(u64, BTreeSet<String>)> {
        let address = address.into();
        let mut asked: Vec<(u64, BTreeSet<String>)> = Vec::new();
        let mut events = self.since(since_ns);
        events.sort_by_key(|event| event.at_ns);
        let mut own_address = None;
        for event in events {
            match event.kind {
                Kind::Question { sender, target } if target == address && event.host == asker => {
                    own_address = Some(sender);
                    asked.push((event.at_ns, BTreeSet::new()));
                }
                Kind::Answer { sender, target, .. }
                    if sender == address && Some(target) == own_address =>
                {
                    if let Some((_, hosts)) = asked.last_mut() {
                        hosts.insert(event.host);
                    }
                }
                Kind::Question { .. }
                | Kind::Answer { .. }
                | Kind::Advert(_)
                | Kind::Garp { .. } => {}
            }
        }
        asked
    }

    /// What was heard since, as text for a failed test: the last lines of it.
    pub fn tale(&mut self, since_ns: u64) -> String {
        let events = self.since(since_ns);
        let skipped = events.len().saturating_sub(TALE_LINES);
        let mut tale = format!("{} events", events.len());
        for event in &events[skipped..] {
            let ms = event.at_ns.saturating_sub(since_ns) as f64 / 1e6;
            tale.push_str(&format!("\n  +{ms:.3} ms {event}"));
        }
        tale
    }

    fn drain(&mut self) {
        self.heard.extend(self.incoming.try_iter());
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("lab: the witness died");
        }
    }
}

impl Event {
    /// An advert of this host with a priority other than 0.
    pub fn claims_by(&self, host: &str) -> bool {
        self.host == host && matches!(&self.kind, Kind::Advert(advert) if advert.priority != 0)
    }

    /// An advert of this host with priority 0.
    pub fn releases_by(&self, host: &str) -> bool {
        self.host == host && matches!(&self.kind, Kind::Advert(advert) if advert.priority == 0)
    }

    /// A gratuitous ARP of this host.
    pub fn announces_by(&self, host: &str) -> bool {
        self.host == host && matches!(self.kind, Kind::Garp { .. })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.host, self.kind)
    }
}

/// A socket that hears VRRP, ARP and ICMPv6 on every interface of the calling thread's namespace.
fn open_socket() -> Result<Socket> {
    let everything = Protocol::from(i32::from((libc::ETH_P_ALL as u16).to_be()));
    let socket =
        Socket::new(Domain::PACKET, Type::RAW, Some(everything)).context("open a packet socket")?;
    socket.attach_filter(&FILTER)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_read_timeout(Some(STOP_CHECK))?;
    Ok(socket)
}

fn listen(
    socket: &Socket,
    hosts: &BTreeMap<usize, String>,
    sender: &Sender<Event>,
    stop: &AtomicBool,
) {
    let mut frame = [0; 2048];
    while !stop.load(Ordering::Relaxed) {
        match receive(socket, &mut frame) {
            Ok((frame, at_ns, interface)) => {
                let Some(host) = hosts.get(&interface) else { continue };
                let Some((mac, kind)) = decode::frame(frame) else { continue };
                if sender.send(Event { at_ns, host: host.clone(), mac, kind }).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // A port that went down says so once.
            Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => {}
            Err(error) => panic!("the witness cannot hear: {error}"),
        }
    }
}

/// One frame with its time of arrival and the port it came in by: 0 if it was going out.
fn receive<'a>(socket: &Socket, frame: &'a mut [u8]) -> std::io::Result<(&'a [u8], u64, usize)> {
    let mut control = nix::cmsg_space!(libc::timespec);
    let mut parts = [IoSliceMut::new(frame)];
    let flags = MsgFlags::empty();
    let message = recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let mut at_ns = 0;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmTimestampns(time) = control {
            at_ns = Duration::from(time).as_nanos() as u64;
        }
    }
    let incoming = message.address.filter(|address| address.pkttype() != libc::PACKET_OUTGOING);
    let interface = incoming.map_or(0, |address| address.ifindex());
    let length = message.bytes;
    Ok((&frame[..length.min(frame.len())], at_ns, interface))
}

/// Passes ARP, IPv4 and IPv6 with protocol 112, and neighbour discovery.
const FILTER: [SockFilter; 12] = [
    // 0: load the Ethernet type; 1: ARP passes (10); 2: IPv4 goes on at 4; 3: IPv6 at 6, else drop
    SockFilter::new(0x28, 0, 0, 12),
    SockFilter::new(0x15, 8, 0, 0x0806),
    SockFilter::new(0x15, 1, 0, 0x0800),
    SockFilter::new(0x15, 2, 7, 0x86dd),
    // 4: load the IPv4 protocol; 5: VRRP passes, else drop
    SockFilter::new(0x30, 0, 0, 23),
    SockFilter::new(0x15, 4, 5, 112),
    // 6: load the IPv6 next header; 7: VRRP passes
    SockFilter::new(0x30, 0, 0, 20),
    SockFilter::new(0x15, 2, 0, 112),
    // 8: load the ICMPv6 type, as if it were; 9: 135 and above pass, echoes do not
    SockFilter::new(0x30, 0, 0, 54),
    SockFilter::new(0x35, 0, 1, 135),
    // 10: pass; 11: drop
    SockFilter::new(0x06, 0, 0, 0xffff),
    SockFilter::new(0x06, 0, 0, 0),
];

/// How long it takes to stop the witness at most.
const STOP_CHECK: Duration = Duration::from_millis(50);

/// Enough for a second of a storm.
const RECEIVE_BUFFER: usize = 1 << 20;

/// How much a failed wait tells.
const TALE_LINES: usize = 40;
