//! How long one request to the kernel takes by itself: what a bound in requests is made of.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use socket2::{Domain, Protocol, Socket, Type};

/// The times of a hundred requests.
pub(super) struct Bare {
    pub median: Duration,
    pub worst: Duration,
}

/// Asks generic netlink for the id of IPVS, a hundred times.
pub(super) fn requests() -> Result<Bare> {
    let protocol = Protocol::from(libc::NETLINK_GENERIC);
    let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(protocol))
        .context("open a netlink socket")?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let request = request();
    let mut times = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        round_trip(&socket, &request).context("ask for the id of IPVS")?;
        times.push(start.elapsed());
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(Bare { median, worst: times.last().copied().unwrap_or_default() })
}

fn round_trip(socket: &Socket, request: &[u8]) -> Result<()> {
    socket.send(request)?;
    let mut answer = [0; 8192];
    let length = io::Read::read(&mut &*socket, &mut answer)?;
    let kind =
        answer.get(4..6).and_then(|bytes| bytes.first_chunk()).copied().map(u16::from_ne_bytes);
    ensure!(
        length >= HEADER && kind == Some(CONTROLLER),
        "answered {kind:?}: has this kernel IPVS?"
    );
    Ok(())
}

/// `struct nlmsghdr`, `struct genlmsghdr`, and the family's name as an attribute.
fn request() -> Vec<u8> {
    let mut request = Vec::new();
    let name = b"IPVS\0\0\0\0";
    let length = (HEADER + 4 + 4 + name.len()) as u32;
    request.extend_from_slice(&length.to_ne_bytes());
    request.extend_from_slice(&CONTROLLER.to_ne_bytes());
    request.extend_from_slice(&(libc::NLM_F_REQUEST as u16).to_ne_bytes());
    request.extend_from_slice(&[0; 8]);
    request.extend_from_slice(&[libc::CTRL_CMD_GETFAMILY as u8, 1, 0, 0]);
    request.extend_from_slice(&(4 + 5_u16).to_ne_bytes());
    request.extend_from_slice(&(libc::CTRL_ATTR_FAMILY_NAME as u16).to_ne_bytes());
    request.extend_from_slice(name);
    request
}

/// `GENL_ID_CTRL`
const CONTROLLER: u16 = 0x10;

/// The size of `struct nlmsghdr`.
const HEADER: usize = 16;
