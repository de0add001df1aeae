//! A client that asks for one echo per millisecond and counts what is lost.
//!
//! ICMP echo, so the answer comes from the kernel of whoever holds the address: what is lost is
//! lost by the pair, not by a server program.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use pnet_packet::Packet;
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet_packet::icmp::{IcmpPacket, IcmpType, IcmpTypes, checksum};
use pnet_packet::ipv4::Ipv4Packet;
use socket2::{Domain, Protocol, Socket, Type};

use crate::net::Host;

/// Asks from [`Client::start`] until [`Client::finish`].
pub struct Client {
    stop: Arc<AtomicBool>,
    sender: Option<JoinHandle<Result<Vec<Instant>>>>,
    receiver: Option<JoinHandle<Vec<(usize, Instant)>>>,
    answered: Arc<AtomicBool>,
}

/// What became of the questions.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many were asked.
    pub sent: usize,
    /// How many got no answer.
    pub lost: usize,
    /// The most that were lost one after the other; at one per millisecond: the outage in ms.
    pub longest_loss: usize,
    /// The longest time between two answers.
    pub longest_gap: Duration,
}

impl Client {
    /// Asks `address` from `host`, once per [`PERIOD`].
    pub fn start(host: &Host, address: impl Into<IpAddr>) -> Result<Self> {
        let address = address.into();
        let family = Family::of(address);
        let socket = host.enter(|| -> Result<Socket> {
            let socket = match family {
                Family::Four => Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?,
                Family::Six => Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?,
            };
            socket.connect(&SocketAddr::new(address, 0).into())?;
            socket.set_read_timeout(Some(STRAGGLERS))?;
            Ok(socket)
        })?;
        let receiving = socket.try_clone()?;
        let ticks = Ticks::every(PERIOD)?;
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicBool::new(false));
        let (stop_sender, stop_receiver) = (Arc::clone(&stop), Arc::clone(&stop));
        let told = Arc::clone(&answered);
        let who = NEXT.fetch_add(1, Ordering::Relaxed);
        let sender = host.spawn("echo-sender", move || {
            ask(&socket, &|number| family.question(who, number), &ticks, &stop_sender)
        })?;
        let receiver = host.spawn("echo-receiver", move || {
            listen(&receiving, &|packet| family.answer(packet, who), &stop_receiver, &told)
        })?;
        Ok(Self { stop, sender: Some(sender), receiver: Some(receiver), answered })
    }

    /// Waits until the first answer has come.
    pub fn wait_for_answer(&self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        let ticks = Ticks::every(PERIOD)?;
        while !self.answered.load(Ordering::Relaxed) {
            if Instant::now() > deadline {
                bail!("no echo answered within {timeout:?}");
            }
            ticks.next()?;
        }
        Ok(())
    }

    /// Stops asking, waits for the answers still on their way, and counts.
    pub fn finish(mut self) -> Result<Report> {
        self.stop.store(true, Ordering::Relaxed);
        let sent = self.sender.take().map(JoinHandle::join);
        let answers = self.receiver.take().map(JoinHandle::join);
        match (sent, answers) {
            (Some(Ok(sent)), Some(Ok(answers))) => Ok(Report::new(&sent?, answers)),
            (Some(_) | None, Some(_) | None) => bail!("a thread of the client died"),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Report {
    fn new(sent: &[Instant], mut answers: Vec<(usize, Instant)>) -> Self {
        let mut answered = vec![false; sent.len()];
        for (number, _) in &answers {
            if let Some(slot) = answered.get_mut(*number) {
                *slot = true;
            }
        }
        let runs = answered.split(|answered| *answered).map(<[bool]>::len);
        answers.sort_by_key(|(_, at)| *at);
        let gaps = answers.windows(2).map(|pair| pair[1].1.duration_since(pair[0].1));
        Self {
            sent: sent.len(),
            lost: answered.iter().filter(|answered| !**answered).count(),
            longest_loss: runs.max().unwrap_or(0),
            longest_gap: gaps.max().unwrap_or_default(),
        }
    }
}

/// A steady beat: absolute, so being late for one does not move the next.
pub struct Ticks(TimerFd);

impl Ticks {
    /// Starts it.
    pub fn every(period: Duration) -> Result<Self> {
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC)?;
        let beat = Expiration::Interval(TimeSpec::from_duration(period));
        timer.set(beat, TimerSetTimeFlags::empty())?;
        Ok(Self(timer))
    }

    /// Waits for the next beat.
    pub fn next(&self) -> Result<()> {
        loop {
            match self.0.wait() {
                Ok(()) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error).context("wait for a timer"),
            }
        }
    }
}

/// Asks once per beat; returns when each was asked.
fn ask(
    socket: &Socket,
    question: &impl Fn(usize) -> Result<[u8; ECHO_LEN]>,
    ticks: &Ticks,
    stop: &AtomicBool,
) -> Result<Vec<Instant>> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        ticks.next()?;
        sent.push(Instant::now());
        // An error here is a lost echo like any other: no route, no neighbour.
        if let Err(error) = socket.send(&question(sent.len() - 1)?)
            && error.kind() == ErrorKind::PermissionDenied
        {
            return Err(error).context("send an echo");
        }
    }
    Ok(sent)
}

/// Collects the numbers of the answers until [`STRAGGLERS`] after the stop.
fn listen(
    socket: &Socket,
    number_of: &impl Fn(&[u8]) -> Option<usize>,
    stop: &AtomicBool,
    answered: &AtomicBool,
) -> Vec<(usize, Instant)> {
    let mut answers = Vec::new();
    let mut buffer = [0_u8; 256];
    let mut reader = socket;
    let mut last_chance = None;
    loop {
        // An error is silence, or a kernel's "unreachable": either way that echo is lost.
        let length = std::io::Read::read(&mut reader, &mut buffer).unwrap_or(0);
        let now = Instant::now();
        if let Some(number) = buffer.get(..length).and_then(number_of) {
            answered.store(true, Ordering::Relaxed);
            answers.push((number, now));
        }
        if stop.load(Ordering::Relaxed) && now > *last_chance.get_or_insert(now + STRAGGLERS) {
            return answers;
        }
    }
}

/// Which echo, in which frame.
#[derive(Clone, Copy)]
enum Family {
    Four,
    Six,
}

impl Family {
    fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::Four } else { Self::Six }
    }

    /// An echo request; its number is in the payload, since the sequence field wraps in a minute.
    fn question(self, who: u16, number: usize) -> Result<[u8; ECHO_LEN]> {
        let mut bytes = [0; ECHO_LEN];
        let mut echo = MutableEchoRequestPacket::new(&mut bytes).context("echo too short")?;
        echo.set_icmp_type(match self {
            Self::Four => IcmpTypes::EchoRequest,
            Self::Six => IcmpType(SIX_REQUEST),
        });
        echo.set_identifier(who);
        echo.set_sequence_number(number as u16);
        echo.set_payload(&(number as u64).to_be_bytes());
        // The kernel fills it in over IPv6.
        let sum = checksum(&IcmpPacket::new(&bytes).context("echo too short")?);
        let mut echo = MutableEchoRequestPacket::new(&mut bytes).context("echo too short")?;
        echo.set_checksum(sum);
        Ok(bytes)
    }

    /// The number of an echo reply to us. A raw socket gives the header of IPv4 only.
    fn answer(self, packet: &[u8], who: u16) -> Option<usize> {
        let whole;
        let (message, reply) = match self {
            Self::Four => {
                whole = Ipv4Packet::new(packet)?;
                (whole.payload(), IcmpTypes::EchoReply)
            }
            Self::Six => (packet, IcmpType(SIX_REPLY)),
        };
        let echo = EchoReplyPacket::new(message)?;
        if echo.get_icmp_type() != reply || echo.get_identifier() != who {
            return None;
        }
        let number = echo.payload().first_chunk().map(|&number| u64::from_be_bytes(number))?;
        usize::try_from(number).ok()
    }
}

/// One echo per millisecond.
pub const PERIOD: Duration = Duration::from_millis(1);

/// How long after the last question an answer counts: a round trip between namespaces takes some
/// ten microseconds.
const STRAGGLERS: Duration = Duration::from_millis(50);

/// Tells the clients of one process apart, as the identifier in their echoes.
static NEXT: AtomicU16 = AtomicU16::new(1);

/// Header and number.
const ECHO_LEN: usize = 16;

/// ICMPv6 types (RFC 4443 4.1 and 4.2).
const SIX_REQUEST: u8 = 128;
const SIX_REPLY: u8 = 129;

#[cfg(test)]
mod tests;
