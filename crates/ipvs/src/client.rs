//! The kernel's IPVS over one genetlink socket. Knows sockets and sequence numbers; what the
//! messages say is the codec's, when to send them the table thread's.
//!
//! The kernel carries a request out inside `send`, so all acknowledgements are queued when it
//! returns. A window's fit the receive buffer; if they do not (ENOBUFS), or none comes, the answer
//! is lost, and with it the socket: the next call opens a new one, on which nothing old can arrive.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use ipvs_table::{Request, Server, ServerKey, ServiceKey, Table};
use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;

use crate::api::StartError;
use crate::codec::{self, Reply};
use crate::kernel::{Connections, Kernel, Lost};

/// An IPVS table: that of the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Client {
    /// `None` after an answer was lost.
    link: Option<Link>,
}

#[derive(Debug)]
struct Link {
    socket: Socket,
    family: u16,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Client {
    /// Opens the socket and looks the family up, which loads `ip_vs` where it exists.
    ///
    /// # Errors
    /// No netlink, or no IPVS in this kernel: the operator's, with the way out. Nothing was changed.
    pub fn open() -> Result<Self, StartError> {
        let link = Link::open().map_err(|lost| match lost.errno {
            Some(libc::ENOENT) => StartError(NO_IPVS.into()),
            _ => StartError(lost.to_string()),
        })?;
        Ok(Self { link: Some(link) })
    }

    fn with_link<T>(&mut self, call: impl FnOnce(&mut Link) -> Result<T, Lost>) -> Result<T, Lost> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => Link::open()?,
        };
        let answer = call(&mut link)?;
        self.link = Some(link);
        Ok(answer)
    }
}

impl Kernel for Client {
    fn ask(&mut self, requests: &[Request]) -> Result<Vec<i32>, Lost> {
        self.with_link(|link| link.ask(requests))
    }

    fn dump(&mut self) -> Result<(Table, Connections), Lost> {
        self.with_link(|link| {
            let (mut table, mut connections) = (link.services()?, Connections::new());
            for (&service, value) in &mut table {
                link.servers(service, |key, server, counts| {
                    value.servers.insert(key, server);
                    connections.insert((service, key), counts);
                })?;
            }
            Ok((table, connections))
        })
    }

    fn services(&mut self) -> Result<Table, Lost> {
        self.with_link(Link::services)
    }

    fn servers(&mut self, service: ServiceKey) -> Result<BTreeMap<ServerKey, Server>, Lost> {
        let mut servers = BTreeMap::new();
        self.with_link(|link| {
            link.servers(service, |key, server, _| servers.extend([(key, server)]))
        })?;
        Ok(servers)
    }
}

impl Link {
    fn open() -> Result<Self, Lost> {
        let socket = socket().map_err(|error| lost("open a generic netlink socket", &error))?;
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        let mut link = Self { socket, family: 0, sequence: 0, buffer };
        let during = "look up generic netlink family IPVS";
        let sequence = link.next_sequence();
        link.send(&codec::family_lookup(sequence), during)?;
        while link.family == 0 {
            link.receive(during)?;
            for (_, reply) in codec::replies(&link.buffer).filter(|(found, _)| *found == sequence) {
                match reply {
                    Some(Reply::Data(bytes)) => {
                        link.family = codec::family_id(bytes).ok_or_else(|| nonsense(during))?;
                    }
                    Some(Reply::Acknowledged(errno) | Reply::Done(errno)) => {
                        return Err(refused(during, errno));
                    }
                    None => {}
                }
            }
        }
        Ok(link)
    }

    fn ask(&mut self, requests: &[Request]) -> Result<Vec<i32>, Lost> {
        let during = "change the IPVS table";
        let mut bytes = Vec::new();
        let first = self.sequence.wrapping_add(1);
        for request in requests {
            let sequence = self.next_sequence();
            bytes.extend(codec::request(self.family, sequence, request));
        }
        self.send(&bytes, during)?;
        let mut answers = vec![None; requests.len()];
        let mut open = requests.len();
        while open > 0 {
            self.receive(during)?;
            for (sequence, reply) in codec::replies(&self.buffer) {
                let index = usize::try_from(sequence.wrapping_sub(first)).unwrap_or(usize::MAX);
                if let (Some(answer @ None), Some(Reply::Acknowledged(errno))) =
                    (answers.get_mut(index), reply)
                {
                    *answer = Some(errno);
                    open -= 1;
                }
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    fn services(&mut self) -> Result<Table, Lost> {
        let mut table = Table::new();
        self.dump(None, "list the services of the IPVS table", |bytes| {
            table.extend(codec::service(bytes));
        })?;
        Ok(table)
    }

    fn servers(
        &mut self,
        service: ServiceKey,
        mut each: impl FnMut(ServerKey, Server, (u32, u32)),
    ) -> Result<(), Lost> {
        self.dump(Some(service), "list the real servers of an IPVS service", |bytes| {
            if let Some((key, server, counts)) = codec::destination(bytes, service.family()) {
                each(key, server, counts);
            }
        })
    }

    fn dump(
        &mut self,
        servers_of: Option<ServiceKey>,
        during: &'static str,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Lost> {
        let sequence = self.next_sequence();
        self.send(&codec::dump(self.family, sequence, servers_of), during)?;
        loop {
            self.receive(during)?;
            for (_, reply) in codec::replies(&self.buffer).filter(|(found, _)| *found == sequence) {
                match reply {
                    Some(Reply::Data(bytes)) => each(bytes),
                    Some(Reply::Done(0)) => return Ok(()),
                    Some(Reply::Acknowledged(errno) | Reply::Done(errno)) => {
                        return Err(refused(during, errno));
                    }
                    None => {}
                }
            }
        }
    }

    const fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    fn send(&self, bytes: &[u8], during: &'static str) -> Result<(), Lost> {
        match self.socket.send(bytes, 0) {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(_) => Err(lost(during, &io::ErrorKind::WriteZero.into())),
            Err(error) => Err(lost(during, &error)),
        }
    }

    /// The next datagram, into the buffer.
    fn receive(&mut self, during: &'static str) -> Result<(), Lost> {
        loop {
            self.buffer.clear();
            // With MSG_TRUNC the length is that of the datagram, even if it did not fit.
            return match self.socket.recv(&mut self.buffer, libc::MSG_TRUNC) {
                Ok(length) if length == self.buffer.len() && length > 0 => Ok(()),
                Ok(_) => Err(nonsense(during)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(lost(during, &error)),
            };
        }
    }
}

fn socket() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    // Connected to the kernel, it takes datagrams from nobody else.
    socket.connect(&SocketAddr::new(0, 0))?;
    // Forcing wants CAP_NET_ADMIN. Without it the lookup still works, and the first dump says so.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BYTES).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BYTES)?;
    }
    let patience = TimeVal::new(PATIENCE.as_secs().cast_signed(), 0);
    setsockopt(&socket, sockopt::ReceiveTimeout, &patience)?;
    Ok(socket)
}

fn lost(during: &'static str, error: &io::Error) -> Lost {
    let errno = error.raw_os_error();
    let why = match errno {
        Some(libc::ENOBUFS) => "answers did not fit the socket's receive buffer".into(),
        Some(libc::EAGAIN) => format!("no answer from the kernel within {} s", PATIENCE.as_secs()),
        Some(errno) => nix::errno::Errno::from_raw(errno).desc().to_lowercase(),
        None => error.to_string(),
    };
    Lost { during, why, errno }
}

fn refused(during: &'static str, errno: i32) -> Lost {
    lost(during, &io::Error::from_raw_os_error(errno))
}

fn nonsense(during: &'static str) -> Lost {
    Lost { during, why: "the kernel's answer makes no sense".into(), errno: None }
}

const NO_IPVS: &str = "this kernel has no IPVS: `modprobe ip_vs` (the module ip_vs of the kernel's \
                       package, linux-image-... on Debian), or remove the [[service]] blocks";
/// Room for the acknowledgements of a window, each with a copy of its request.
const RECEIVE_BYTES: usize = 8 << 20;
/// The kernel sends dumps in datagrams of at most 32 KiB (`NLMSG_GOODSIZE` and its successors).
const BUFFER_BYTES: usize = 64 << 10;
/// The kernel answers inside `send`; nothing for this long means that nothing will come.
const PATIENCE: Duration = Duration::from_secs(5);
