//! The bench's witness: adverts, gratuitous ARP and ARP answers of two directors as small records,
//! with the kernel's time of arrival.
//!
//! [`crate::witness`] tells a failing test all it heard; this one must keep up with ten thousand
//! packets a second beside the daemons it times: packets are taken by the batch, frames that leave
//! and those of other hosts never reach it, and what it lost is known.

use std::collections::BTreeMap;
use std::io::IoSliceMut;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, MultiHeaders, recvmmsg, setsockopt, sockopt,
};
use socket2::{Domain, SockFilter, Socket, Type};

use crate::net::Lab;
use crate::peers::Side;
use crate::sys;

/// What one packet said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// A VRRP advertisement that claims or, with priority 0, releases.
    Advert { vrid: u8, priority: u8 },
    /// A gratuitous ARP.
    Garp(Ipv4Addr),
    /// An answer to somebody who asked for this address.
    Answer(Ipv4Addr),
}

/// One packet of a director.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    /// CLOCK_REALTIME of the kernel, see [`crate::witness::now_ns`].
    pub(crate) at_ns: u64,
    pub(crate) side: Side,
    /// The number of the interface it came from.
    pub(crate) link: u8,
    pub(crate) said: Said,
}

impl Heard {
    /// An advert of this side that is no release.
    pub(crate) fn claims(&self, side: Side) -> bool {
        self.side == side && matches!(self.said, Said::Advert { priority: 1.., .. })
    }

    pub(crate) fn announces(&self, side: Side) -> bool {
        self.side == side && matches!(self.said, Said::Garp(_))
    }

    /// The virtual router it is about, if it is an advert.
    pub(crate) fn router(&self) -> Option<(u8, u8)> {
        match self.said {
            Said::Advert { vrid, .. } => Some((self.link, vrid)),
            Said::Garp(_) | Said::Answer(_) => None,
        }
    }
}

/// Listens until dropped, and remembers.
pub(crate) struct Ear {
    heard: Vec<Heard>,
    incoming: Receiver<Vec<Heard>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    socket: Socket,
}

impl Ear {
    /// Hears the directors' interfaces `eth0` to `ethN` on the bridges `front0` to `frontN`.
    pub(crate) fn open(lab: &Lab, links: usize) -> Result<Self> {
        let (socket, ports) = lab.switch().enter(|| -> Result<_> {
            let mut ports = BTreeMap::new();
            for link in 0..links {
                for side in [Side::Lb1, Side::Lb2] {
                    let index = if_nametoindex(format!("{}-eth{link}", side.name()).as_str())?;
                    ports.insert(index as usize, (side, u8::try_from(link)?));
                }
            }
            Ok((open_socket(ports.keys().copied())?, ports))
        })?;
        let (sender, incoming) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let receiving = socket.try_clone()?;
        let thread = lab.switch().spawn("ear", move || {
            if let Err(error) = listen(&receiving, &ports, &sender, &stopped) {
                eprintln!("lab: the witness cannot hear: {error:#}");
            }
        })?;
        Ok(Self { heard: Vec::new(), incoming, stop, thread: Some(thread), socket })
    }

    /// All that was heard since, in the order of its arrival.
    pub(crate) fn since(&mut self, since_ns: u64) -> Vec<Heard> {
        self.heard.extend(self.incoming.try_iter().flatten());
        let mut since: Vec<Heard> =
            self.heard.iter().filter(|heard| heard.at_ns >= since_ns).copied().collect();
        since.sort_by_key(|heard| heard.at_ns);
        since
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.incoming.try_iter().for_each(drop);
        self.heard.clear();
    }

    /// The first packet since then for which `wanted` holds; waits for it.
    pub(crate) fn wait_for(
        &mut self,
        since_ns: u64,
        timeout: Duration,
        what: &str,
        mut wanted: impl FnMut(&Heard) -> bool,
    ) -> Result<Heard> {
        let deadline = Instant::now() + timeout;
        let mut looked_at = 0;
        loop {
            self.heard.extend(self.incoming.try_iter().flatten());
            let fresh = self.heard.get(looked_at..).unwrap_or_default();
            let found = fresh.iter().find(|heard| heard.at_ns >= since_ns && wanted(heard));
            if let Some(heard) = found {
                return Ok(*heard);
            }
            looked_at = self.heard.len();
            let left = deadline.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left) {
                Ok(batch) => self.heard.extend(batch),
                Err(_) => bail!("not within {timeout:?}: {what}"),
            }
        }
    }

    /// Stops taking packets: the socket is bound to a type that nobody sends.
    pub(crate) fn pause(&self) -> Result<()> {
        Ok(sys::bind_packet_socket_to(&self.socket, 0, NO_TYPE)?)
    }

    /// Ends [`Ear::pause`].
    pub(crate) fn resume(&self) -> Result<()> {
        Ok(sys::bind_packet_socket_to(&self.socket, 0, libc::ETH_P_ALL as u16)?)
    }

    /// Packets lost since the last call, because the listener did not keep up.
    pub(crate) fn lost(&self) -> Result<u32> {
        sys::packets_lost(&self.socket).context("ask for lost packets")
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("lab: the witness died");
        }
    }
}

fn open_socket(ports: impl Iterator<Item = usize>) -> Result<Socket> {
    let nothing_yet =
        Socket::new(Domain::PACKET, Type::RAW, None).context("open a packet socket")?;
    nothing_yet.attach_filter(&filter(ports)?)?;
    sys::ignore_outgoing(&nothing_yet).context("ignore outgoing packets")?;
    setsockopt(&nothing_yet, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(&nothing_yet, sockopt::RcvBufForce, &RECEIVE_BUFFER)?;
    nothing_yet.set_read_timeout(Some(STOP_CHECK))?;
    sys::bind_packet_socket_to(&nothing_yet, 0, libc::ETH_P_ALL as u16)?;
    Ok(nothing_yet)
}

fn listen(
    socket: &Socket,
    ports: &BTreeMap<usize, (Side, u8)>,
    sender: &Sender<Vec<Heard>>,
    stop: &AtomicBool,
) -> Result<()> {
    let mut frames = vec![[0_u8; FRAME_LEN]; BATCH];
    let space = nix::cmsg_space!(libc::timespec);
    let mut headers = MultiHeaders::<LinkAddr>::preallocate(BATCH, Some(space));
    while !stop.load(Ordering::Relaxed) {
        let mut parts: Vec<[IoSliceMut<'_>; 1]> =
            frames.iter_mut().map(|frame| [IoSliceMut::new(frame)]).collect();
        let flags = MsgFlags::MSG_WAITFORONE;
        let mut batch = Vec::new();
        match recvmmsg(socket.as_raw_fd(), &mut headers, &mut parts, flags, None) {
            Ok(messages) => {
                for message in messages {
                    let at_ns = message.cmsgs()?.find_map(|control| {
                        let ControlMessageOwned::ScmTimestampns(time) = control else {
                            return None;
                        };
                        Some(Duration::from(time).as_nanos() as u64)
                    });
                    let port = message.address.and_then(|from| ports.get(&from.ifindex()));
                    let said = message.iovs().next().and_then(decode);
                    if let (Some(at_ns), Some(&(side, link)), Some(said)) = (at_ns, port, said) {
                        batch.push(Heard { at_ns, side, link, said });
                    }
                }
            }
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ENETDOWN) => {}
            Err(error) => return Err(error.into()),
        }
        if !batch.is_empty() && sender.send(batch).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// What a frame says; `None` if it says nothing that counts here.
fn decode(frame: &[u8]) -> Option<Said> {
    let (ethernet, rest) = frame.split_at_checked(14)?;
    match ethernet.get(12..14)? {
        [0x08, 0x06] => {
            let operation = rest.get(6..8)?;
            let sender = Ipv4Addr::from(*rest.get(14..18)?.first_chunk::<4>()?);
            let target = Ipv4Addr::from(*rest.get(24..28)?.first_chunk::<4>()?);
            match operation {
                _ if sender == target => Some(Said::Garp(sender)),
                [0, 2] => Some(Said::Answer(sender)),
                _ => None,
            }
        }
        [0x08, 0x00] => {
            let header = usize::from(rest.first()? & 0x0f) * 4;
            let message = rest.get(header..)?;
            // Version 3, advertisement.
            (*message.first()? == 0x31).then_some(())?;
            Some(Said::Advert { vrid: *message.get(1)?, priority: *message.get(2)? })
        }
        _ => None,
    }
}

/// Passes ARP and VRRP that comes in by one of these ports.
fn filter(ports: impl Iterator<Item = usize>) -> Result<Vec<SockFilter>> {
    let ports: Vec<usize> = ports.collect();
    // Load the port's number; jump behind the "drop" if it is one of ours.
    let mut program = vec![SockFilter::new(0x20, 0, 0, INTERFACE_INDEX)];
    for (nth, port) in ports.iter().enumerate() {
        let to_rest = u8::try_from(ports.len() - nth).context("too many ports")?;
        program.push(SockFilter::new(0x15, to_rest, 0, u32::try_from(*port)?));
    }
    program.push(SockFilter::new(0x06, 0, 0, 0));
    program.extend([
        SockFilter::new(0x28, 0, 0, 12),
        SockFilter::new(0x15, 3, 0, 0x0806),
        SockFilter::new(0x15, 0, 3, 0x0800),
        SockFilter::new(0x30, 0, 0, 23),
        SockFilter::new(0x15, 0, 1, 112),
        SockFilter::new(0x06, 0, 0, FRAME_LEN as u32),
        SockFilter::new(0x06, 0, 0, 0),
    ]);
    Ok(program)
}

/// Where a packet filter finds the number of the interface: SKF_AD_OFF + SKF_AD_IFINDEX.
const INTERFACE_INDEX: u32 = 0xffff_f000 + 8;

/// An Ethernet type kept for local experiments (IEEE 802).
const NO_TYPE: u16 = 0x88b5;

/// The head of a frame says all that counts.
const FRAME_LEN: usize = 64;

/// Packets taken by one call.
const BATCH: usize = 256;

/// How long it takes to stop the witness at most.
const STOP_CHECK: Duration = Duration::from_millis(50);

/// Several seconds of ten thousand packets each.
const RECEIVE_BUFFER: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench_vrrp::frames::{Flaw, Frame};

    #[test]
    fn adverts_announcements_and_answers_are_told_apart_and_the_rest_is_nothing() {
        let vip = Ipv4Addr::new(10, 0, 1, 1);
        let frame = Frame {
            mac: [2, 0, 0, 0, 0, 1],
            source: Ipv4Addr::new(10, 0, 0, 11),
            vrid: 7,
            priority: 150,
            interval: Duration::from_millis(100),
            addresses: vec![vip],
        };
        assert_eq!(decode(&frame.good()), Some(Said::Advert { vrid: 7, priority: 150 }));
        assert_eq!(decode(&frame.bad(Flaw::Version)), None);
        let arp = |operation, sender: Ipv4Addr, target: Ipv4Addr| {
            let head = [&[0; 12][..], &[8, 6, 0, 1, 8, 0, 6, 4, 0, operation], &[0; 6]].concat();
            decode(&[&head[..], &sender.octets(), &[0; 6], &target.octets()].concat())
        };
        let asker = Ipv4Addr::new(10, 0, 0, 101);
        assert_eq!(arp(1, vip, vip), Some(Said::Garp(vip)));
        assert_eq!(arp(2, vip, asker), Some(Said::Answer(vip)));
        assert_eq!(arp(1, asker, vip), None);
        for short in 0..frame.good().len().min(36) {
            assert_eq!(decode(&frame.good()[..short]), None, "{short}");
        }
    }
}
