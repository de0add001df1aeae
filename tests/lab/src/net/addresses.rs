//! Which addresses a host has, and waiting for that to change.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, SockaddrStorage, bind,
    recv, socket,
};
use std::os::fd::AsFd;

use super::Host;

/// Notices every change of a host's IPv4 addresses from the moment it is made.
pub struct AddressWatch {
    host: Host,
    socket: OwnedFd,
}

impl Host {
    /// The IPv4 addresses of an interface; none if there is no such interface.
    pub fn addresses(&self, interface: &str) -> Result<Vec<Ipv4Addr>> {
        self.enter(|| {
            let entries = getifaddrs()?.filter(|entry| entry.interface_name == interface);
            let storages = entries.filter_map(|entry| entry.address);
            Ok(storages
                .filter_map(|storage| storage.as_sockaddr_in().map(|socket| socket.ip()))
                .collect())
        })
    }

    /// Whether this address is on this interface.
    pub fn has_address(&self, interface: &str, address: Ipv4Addr) -> Result<bool> {
        Ok(self.addresses(interface)?.contains(&address))
    }

    /// Every address of both families, with the interface it is on.
    pub fn all_addresses(&self) -> Result<Vec<(String, IpAddr)>> {
        self.enter(|| {
            let address = |storage: SockaddrStorage| {
                let four = storage.as_sockaddr_in().map(|socket| socket.ip().into());
                four.or_else(|| storage.as_sockaddr_in6().map(|socket| socket.ip().into()))
            };
            let entries = getifaddrs()?;
            let known = entries
                .filter_map(|entry| Some((entry.interface_name, entry.address.and_then(address)?)));
            Ok(known.collect())
        })
    }

    /// Begins to watch this host's addresses.
    pub fn watch_addresses(&self) -> Result<AddressWatch> {
        let socket = self.enter(|| -> Result<OwnedFd> {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let route = SockProtocol::NetlinkRoute;
            let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, route)?;
            bind(socket.as_raw_fd(), &NetlinkAddr::new(0, libc::RTMGRP_IPV4_IFADDR as u32))?;
            Ok(socket)
        })?;
        Ok(AddressWatch { host: self.clone(), socket })
    }
}

impl AddressWatch {
    /// Waits until `address` is on `interface`, or is not; returns when that was seen.
    pub fn wait_for(
        &self,
        interface: &str,
        address: Ipv4Addr,
        wanted: Presence,
        timeout: Duration,
    ) -> Result<Instant> {
        let deadline = Instant::now() + timeout;
        loop {
            self.drain()?;
            let there = self.host.has_address(interface, address)?;
            let now = Instant::now();
            if there == (wanted == Presence::There) {
                return Ok(now);
            }
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                let host = self.host.name();
                bail!("{address} on {host} {interface}: not {wanted:?} within {timeout:?}");
            }
            let mut ready = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            poll(&mut ready, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))?;
        }
    }

    fn drain(&self) -> Result<()> {
        let mut notice = [0; 4096];
        loop {
            match recv(self.socket.as_raw_fd(), &mut notice, MsgFlags::empty()) {
                Ok(_) | Err(Errno::EINTR | Errno::ENOBUFS) => {}
                Err(Errno::EAGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presence {
    /// The address is on the interface.
    There,
    /// It is not.
    Gone,
}
