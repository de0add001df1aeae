//! The system calls of the lab that have no safe wrapper in nix or socket2.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use nix::sched::{CloneFlags, setns};

/// Makes `command` start inside the network namespace behind `namespace`.
pub(crate) fn enter_before_exec(command: &mut Command, namespace: Arc<OwnedFd>) {
    // SAFETY: between fork and exec the closure makes one system call, setns, on a descriptor
    // that it owns a share of; it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(move || {
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
        });
    }
}

/// Makes `command` die with the thread that starts it, so that an interrupted bench leaves nothing.
pub(crate) fn die_with_us(command: &mut Command) {
    // SAFETY: between fork and exec the closure makes one system call, prctl, with two integers.
    unsafe {
        command.pre_exec(|| {
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong))
        });
    }
}

/// Sets the administrative state of the interface `name` in the namespace of `socket`.
pub(crate) fn set_link_up(socket: &impl AsRawFd, name: &str, up: bool) -> io::Result<()> {
    let mut request = interface_request(name)?;
    // SAFETY: SIOCGIFFLAGS reads the name of, and writes the flags into, a live `ifreq`.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) })?;
    let up_flag = libc::IFF_UP as libc::c_short;
    // SAFETY: the kernel has just filled the flags member of the union.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    request.ifr_ifru.ifru_flags = if up { flags | up_flag } else { flags & !up_flag };
    // SAFETY: SIOCSIFFLAGS only reads from a live `ifreq`.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) })
}

/// Binds an AF_PACKET socket to an interface for sending; it receives nothing.
pub(crate) fn bind_packet_socket(socket: &impl AsRawFd, interface: u32) -> io::Result<()> {
    bind_packet_socket_to(socket, interface, 0)
}

/// Binds an AF_PACKET socket to an interface, 0 for all, and to an Ethernet type, 0 for none.
pub(crate) fn bind_packet_socket_to(
    socket: &impl AsRawFd,
    interface: u32,
    ethernet_type: u16,
) -> io::Result<()> {
    // SAFETY: `sockaddr_ll` is plain data; all zeroes is no address and no protocol.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = ethernet_type.to_be();
    address.sll_ifindex = interface as i32;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: bind reads `length` bytes of a live `sockaddr_ll`.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })
}

/// An AF_PACKET socket shall not hear what this machine sends.
pub(crate) fn ignore_outgoing(socket: &impl AsRawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = (libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING);
    let length = size_of_val(&on) as libc::socklen_t;
    // SAFETY: setsockopt reads `length` bytes of a live integer.
    check(unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), length)
    })
}

/// How many packets an AF_PACKET socket has lost since it was last asked.
pub(crate) fn packets_lost(socket: &impl AsRawFd) -> io::Result<u32> {
    let mut counts = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut length = size_of_val(&counts) as libc::socklen_t;
    let (level, option) = (libc::SOL_PACKET, libc::PACKET_STATISTICS);
    // SAFETY: getsockopt writes at most `length` bytes into a live `tpacket_stats`.
    check(unsafe {
        let counts = (&raw mut counts).cast();
        libc::getsockopt(socket.as_raw_fd(), level, option, counts, &raw mut length)
    })?;
    Ok(counts.tp_drops)
}

/// Puts the calling thread into SCHED_FIFO.
pub(crate) fn real_time(priority: i32) -> io::Result<()> {
    // SAFETY: all zeroes is a valid `sched_param`.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = priority;
    // SAFETY: sched_setscheduler reads a live `sched_param`; 0 is the calling thread.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) })
}

/// A descriptor that is readable once the child `pid` has ended. The child must not be reaped yet.
pub(crate) fn open_process(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and returns a new descriptor or an error.
    let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    check(descriptor as libc::c_int)?;
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as libc::c_int) })
}

fn interface_request(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: `ifreq` is plain data; all zeroes is an empty name and no flags.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "interface name too long"));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    Ok(request)
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
