//! Source *gateway*: does a next hop answer ARP, or neighbour solicitations over IPv6?
//!
//! One socket for each gateway, open as long as its interface is the same; a filter in the kernel
//! lets only the gateway's answers through. No ICMP echo: a gateway that routes may not answer it,
//! and one that does not answer ARP cannot route.

mod arp;
mod neighbour;

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use coordinator::Reading;
use nix::net::if_::if_nametoindex;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use socket2::Socket;
use track::Sample;

use crate::sys;

/// One gateway and the way to ask it.
#[derive(Debug)]
pub(crate) struct Gateway {
    address: IpAddr,
    interface: String,
    port: Option<(u32, Port)>,
}

#[derive(Debug)]
enum Port {
    Arp(arp::Port),
    Neighbour(neighbour::Port),
}

impl Gateway {
    pub(crate) fn new(address: IpAddr, interface: String) -> Self {
        Self { address, interface, port: None }
    }

    /// Asks. A sample at once if there is nobody to ask.
    pub(crate) fn ask(&mut self, epoll: &Epoll, token: u64) -> Option<Sample> {
        let asked = self.asked(epoll, token);
        if asked.is_err() {
            // Opened anew next time: the interface may be another by then.
            self.port = None;
        }
        let why = format!("{}: {}", self.interface, asked.err()?);
        Some(Sample { reading: Reading::Bad, why })
    }

    /// Takes in what came; a sample if it was an answer.
    pub(crate) fn answers(&mut self) -> Option<Sample> {
        let (_, port) = self.port.as_mut()?;
        let answer = match port {
            Port::Arp(port) => port.answer(),
            Port::Neighbour(port) => port.answer(),
        };
        match answer {
            Ok(why) => Some(Sample { reading: Reading::Good, why: why? }),
            // A link that went down says so once; the next question meets it again.
            Err(_) => None,
        }
    }

    fn asked(&mut self, epoll: &Epoll, token: u64) -> io::Result<()> {
        let index = if_nametoindex(self.interface.as_str())?;
        if self.port.as_ref().is_none_or(|(opened, _)| *opened != index) {
            let port = match self.address {
                IpAddr::V4(address) => Port::Arp(arp::Port::open(index, address)?),
                IpAddr::V6(address) => {
                    Port::Neighbour(neighbour::Port::open(index, &self.interface, address)?)
                }
            };
            let descriptor = match &port {
                Port::Arp(port) => port.as_fd(),
                Port::Neighbour(port) => port.as_fd(),
            };
            epoll.add(descriptor, EpollEvent::new(EpollFlags::EPOLLIN, token))?;
            self.port = Some((index, port));
        }
        match &mut self.port {
            Some((_, Port::Arp(port))) => port.ask(&self.interface),
            Some((_, Port::Neighbour(port))) => port.ask(),
            None => Ok(()),
        }
    }
}

/// The MAC address of the interface a packet socket is bound to, as it is now.
fn own_mac(link: &Socket) -> io::Result<[u8; 6]> {
    sys::own_mac(link.as_fd())?.ok_or_else(|| io::Error::other("has no MAC address"))
}

/// A MAC address as people write it.
fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}
