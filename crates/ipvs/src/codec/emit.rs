//! Values to bytes.

use std::net::IpAddr;

use ipvs_sys::{command, dest, forward, service, service_flag, top};
use ipvs_table::{Family, Forward, Request, Server, ServerKey, Service, ServiceKey};

use super::{ALIGN, NESTED};

/// Asks nlctrl for the family's number.
pub fn family_lookup(sequence: u32) -> Vec<u8> {
    let mut attributes = Attributes::default();
    attributes.put(libc::CTRL_ATTR_FAMILY_NAME as u16, ipvs_sys::FAMILY);
    let head = Head {
        family: libc::GENL_ID_CTRL as u16,
        flags: libc::NLM_F_REQUEST,
        sequence,
        command: libc::CTRL_CMD_GETFAMILY as u8,
        version: 1,
    };
    head.message(&attributes)
}

/// One request, to be acknowledged.
pub fn request(family: u16, sequence: u32, request: &Request) -> Vec<u8> {
    let mut attributes = Attributes::default();
    let (key, server) = (request.service(), request.server());
    let (command, settings, value) = match request {
        Request::AddService(_, service) => (command::NEW_SERVICE, Some(service), None),
        Request::SetService(_, service) => (command::SET_SERVICE, Some(service), None),
        Request::DeleteService(_) => (command::DEL_SERVICE, None, None),
        Request::AddServer(_, _, server) => (command::NEW_DEST, None, Some(server)),
        Request::SetServer(_, _, server) => (command::SET_DEST, None, Some(server)),
        Request::DeleteServer(..) => (command::DEL_DEST, None, None),
    };
    attributes.nest(top::SERVICE, &service_attributes(key, settings));
    if let Some(server) = server {
        attributes.nest(top::DEST, &server_attributes(server, value));
    }
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK;
    Head { family, flags, sequence, command, version: ipvs_sys::VERSION }.message(&attributes)
}

/// Dumps all services, or the servers of one.
pub fn dump(family: u16, sequence: u32, servers_of: Option<ServiceKey>) -> Vec<u8> {
    let mut attributes = Attributes::default();
    let command = match servers_of {
        None => command::GET_SERVICE,
        Some(key) => {
            attributes.nest(top::SERVICE, &service_attributes(key, None));
            command::GET_DEST
        }
    };
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_DUMP;
    Head { family, flags, sequence, command, version: ipvs_sys::VERSION }.message(&attributes)
}

struct Head {
    family: u16,
    flags: i32,
    sequence: u32,
    command: u8,
    version: u8,
}

impl Head {
    /// The port number is 0: the kernel knows who sends.
    fn message(&self, attributes: &Attributes) -> Vec<u8> {
        let length = 20 + attributes.0.len();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend((length as u32).to_ne_bytes());
        bytes.extend(self.family.to_ne_bytes());
        bytes.extend((self.flags as u16).to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend([self.command, self.version, 0, 0]);
        bytes.extend(&attributes.0);
        bytes
    }
}

/// The identity of a service, and its settings if they are to be written.
fn service_attributes(key: ServiceKey, settings: Option<&Service>) -> Attributes {
    let mut attributes = Attributes::default();
    let family = key.family();
    attributes.put(service::AF, &address_family(family).to_ne_bytes());
    match key {
        ServiceKey::Listen { protocol, address, port } => {
            attributes.put(service::PROTOCOL, &u16::from(protocol.number()).to_ne_bytes());
            attributes.put(service::ADDR, &union(address));
            attributes.put(service::PORT, &port.to_be_bytes());
        }
        ServiceKey::Mark { mark, .. } => attributes.put(service::FWMARK, &mark.to_ne_bytes()),
    }
    let Some(settings) = settings else { return attributes };
    let name = [settings.scheduler.as_str().as_bytes(), b"\0"].concat();
    attributes.put(service::SCHED_NAME, &name);
    // struct ip_vs_flags: the bits, and which of them are meant.
    let meant = !service_flag::HASHED;
    let flags = [(settings.flags & meant).to_ne_bytes(), meant.to_ne_bytes()].concat();
    attributes.put(service::FLAGS, &flags);
    attributes.put(service::TIMEOUT, &settings.timeout_s.to_ne_bytes());
    attributes.put(service::NETMASK, &netmask(family, settings.prefix));
    attributes
}

/// The identity of a real server, and its values if they are to be written.
fn server_attributes(key: ServerKey, value: Option<&Server>) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.put(dest::ADDR, &union(key.address));
    attributes.put(dest::PORT, &key.port.to_be_bytes());
    if let Some(server) = value {
        attributes.put(dest::FWD_METHOD, &forward_method(server.forward).to_ne_bytes());
        attributes.put(dest::WEIGHT, &u32::from(server.weight.0).to_ne_bytes());
        attributes.put(dest::U_THRESH, &server.upper.to_ne_bytes());
        attributes.put(dest::L_THRESH, &server.lower.to_ne_bytes());
    }
    // Part of the identity where a service and its server are of different families.
    attributes.put(dest::ADDR_FAMILY, &address_family(Family::of(key.address)).to_ne_bytes());
    attributes
}

/// `union nf_inet_addr`: an IPv4 address in the first 4 of 16 bytes.
fn union(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// IPv4: a mask in network order. IPv6: the prefix length as a native number.
fn netmask(family: Family, prefix: u8) -> [u8; 4] {
    let bits = family.bits();
    let prefix = prefix.min(bits);
    match family {
        Family::V4 => u32::MAX.checked_shl(u32::from(bits - prefix)).unwrap_or(0).to_be_bytes(),
        Family::V6 => u32::from(prefix).to_ne_bytes(),
    }
}

const fn address_family(family: Family) -> u16 {
    match family {
        Family::V4 => libc::AF_INET as u16,
        Family::V6 => libc::AF_INET6 as u16,
    }
}

const fn forward_method(forward: Forward) -> u32 {
    match forward {
        Forward::Nat => forward::MASQ,
        Forward::Local => forward::LOCALNODE,
        Forward::Tunnel => forward::TUNNEL,
        Forward::Direct => forward::DROUTE,
        Forward::Bypass => forward::BYPASS,
    }
}

#[derive(Default)]
struct Attributes(Vec<u8>);

impl Attributes {
    /// The length does not count the padding. Nothing written here comes near 64 KiB.
    fn put(&mut self, kind: u16, payload: &[u8]) {
        let length = 4 + payload.len() as u16;
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(payload);
        self.0.resize(self.0.len().next_multiple_of(ALIGN), 0);
    }

    fn nest(&mut self, kind: u16, inner: &Self) {
        self.put(kind | NESTED, &inner.0);
    }
}
