//! What others say of addresses: ARP and neighbour advertisements, by one packet socket an
//! interface, filtered in the kernel.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, SockFilter, Socket, Type};

use crate::mover::kernel::{Alike, Claim};
use crate::mover::sys;

/// Frames read in one go at most; what is beyond waits, or is dropped by the kernel.
const AT_ONCE: usize = 64;
/// Room for some dozens of frames: under a flood most are lost, and one is enough.
const QUEUE_BYTES: usize = 64 << 10;
const ETH_P_ALL: u16 = 3;
const ETHERNET: usize = 14;

/// The sockets.
#[derive(Debug)]
pub(super) struct Ears {
    epoll: Epoll,
    sockets: BTreeMap<u32, Socket>,
}

impl Ears {
    pub(super) fn new() -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, sockets: BTreeMap::new() })
    }

    /// Readable when something was heard.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    pub(super) fn listen(&mut self, index: u32, alike: Option<Alike>) -> Result<(), Errno> {
        let Some(alike) = alike else {
            // Closing it takes it out of the epoll.
            self.sockets.remove(&index);
            return Ok(());
        };
        if let Some(socket) = self.sockets.get(&index) {
            return socket.attach_filter(&filter(alike)).map_err(super::errno_of);
        }
        let socket = open(index, alike).map_err(super::errno_of)?;
        self.epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, index.into()))?;
        self.sockets.insert(index, socket);
        Ok(())
    }

    /// Some of what was heard.
    pub(super) fn claims(&mut self) -> Vec<Claim> {
        let mut events = [EpollEvent::empty(); 16];
        let ready = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        let mut claims = Vec::new();
        for event in events.iter().take(ready) {
            let index = event.data() as u32;
            let Some(socket) = self.sockets.get(&index) else { continue };
            let mut frame = [0; 128];
            for _ in 0..AT_ONCE {
                match recv(socket.as_raw_fd(), &mut frame, MsgFlags::MSG_DONTWAIT) {
                    Ok(length) => {
                        let frame = frame.get(..length).unwrap_or(&frame);
                        let claim = read(frame);
                        claims.extend(claim.map(|(address, mac)| Claim { index, address, mac }));
                    }
                    Err(Errno::EINTR) => {}
                    // EAGAIN: no more. ENETDOWN: told once, and by the link's notice.
                    Err(_) => break,
                }
            }
        }
        claims
    }
}

fn open(index: u32, alike: Alike) -> std::io::Result<Socket> {
    // Protocol 0: nothing is received before the filter is there.
    let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
    socket.attach_filter(&filter(alike))?;
    socket.set_recv_buffer_size(QUEUE_BYTES)?;
    sys::ignore_outgoing(socket.as_fd())?;
    sys::bind_packet(socket.as_fd(), index, ETH_P_ALL)?;
    Ok(socket)
}

/// What a frame claims: an address, and its sender's MAC address.
pub fn read(frame: &[u8]) -> Option<(IpAddr, [u8; 6])> {
    let body = frame.get(ETHERNET..)?;
    match frame.get(12..14)? {
        [0x08, 0x06] => {
            let mac: [u8; 6] = body.get(8..14)?.try_into().ok()?;
            let address: [u8; 4] = body.get(14..18)?.try_into().ok()?;
            Some((address.into(), mac))
        }
        [0x86, 0xdd] if body.get(6) == Some(&58) && body.get(40) == Some(&136) => {
            let address: [u8; 16] = body.get(48..64)?.try_into().ok()?;
            // The target's link-layer address, if it is said; else the sender's.
            let said = (body.get(64) == Some(&2)).then(|| body.get(66..72)).flatten();
            let mac = said.or_else(|| frame.get(6..12))?.try_into().ok()?;
            Some((Ipv6Addr::from(address).into(), mac))
        }
        _ => None,
    }
}

/// Keeps the first 128 bytes of ARP over Ethernet whose sender address is alike, and of neighbour
/// advertisements whose target is (classic BPF, <linux/bpf_common.h>).
fn filter(alike: Alike) -> Vec<SockFilter> {
    const LOAD_HALF: u16 = 0x28;
    const LOAD_BYTE: u16 = 0x30;
    const LOAD_WORD: u16 = 0x20;
    const AND: u16 = 0x54;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    // Where nothing of a family is looked for, nothing can be equal: no bit is, and all must be.
    let none = (0, u32::MAX);
    let (v4_mask, v4) = alike.v4.unwrap_or(none);
    let (v6_mask, v6) = alike.v6.unwrap_or(none);
    let step = SockFilter::new;
    vec![
        step(LOAD_HALF, 0, 0, 12),
        step(JUMP_EQUAL, 0, 3, 0x0806),
        step(LOAD_WORD, 0, 0, 28),
        step(AND, 0, 0, v4_mask),
        step(JUMP_EQUAL, 8, 9, v4),
        step(JUMP_EQUAL, 0, 8, 0x86dd),
        step(LOAD_BYTE, 0, 0, 20),
        step(JUMP_EQUAL, 0, 6, 58),
        step(LOAD_BYTE, 0, 0, 54),
        step(JUMP_EQUAL, 0, 4, 136),
        step(LOAD_WORD, 0, 0, 74),
        step(AND, 0, 0, v6_mask),
        step(JUMP_EQUAL, 0, 1, v6),
        step(RETURN, 0, 0, 128),
        step(RETURN, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{arp, na};
    use super::*;

    #[test]
    fn claims_are_read_and_cut_frames_are_not() {
        let mac = [2, 0, 0, 0, 0, 9];
        let v4 = [192, 0, 2, 80].into();
        let v6 = "2001:db8::80".parse().unwrap();
        let arp = arp::gratuitous(mac, v4);
        let na = na::unsolicited(mac, v6, na::Forwards::No);
        assert_eq!(read(&arp), Some((v4.into(), mac)));
        assert_eq!(read(&na), Some((v6.into(), mac)));
        for length in 0..arp.len() {
            assert_eq!(read(&arp[..length]).is_some(), length >= 32, "{length}");
        }
        for length in 0..na.len() {
            assert_eq!(read(&na[..length]).is_some(), length >= 78, "{length}");
        }
    }
}
