//! What is ours (law 7) as it is kept in the state folder: the services we applied and the addresses
//! we may hold, one a line.

use std::net::IpAddr;

use ipvs_table::{Family, Protocol, ServiceKey};
use vrrp_proto::held::{Scope, VirtualAddress};

/// `tcp 192.0.2.80 80`, `mark 4 7`: one line each.
pub(crate) fn emit(services: &[ServiceKey]) -> String {
    services.iter().map(|key| line(*key) + "\n").collect()
}

/// Reads what [`emit`] wrote; lines it does not know are left out.
pub(crate) fn parse(text: &str) -> Vec<ServiceKey> {
    text.lines().filter_map(key).collect()
}

/// `eth0 192.0.2.80 32`: one line an address.
pub(crate) fn emit_addresses(addresses: &[VirtualAddress]) -> String {
    let line =
        |held: &VirtualAddress| format!("{} {} {}\n", held.interface, held.address, held.prefix);
    addresses.iter().map(line).collect()
}

/// Reads what [`emit_addresses`] wrote; lines it does not know are left out.
pub(crate) fn parse_addresses(text: &str) -> Vec<VirtualAddress> {
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let (interface, address, prefix) = (words.next()?, words.next()?, words.next()?);
        let (address, prefix) = (address.parse().ok()?, prefix.parse().ok()?);
        let (interface, label) = (interface.to_owned(), None);
        Some(VirtualAddress { interface, address, prefix, label, scope: Scope::Global })
    };
    text.lines().filter_map(parse).collect()
}

fn line(key: ServiceKey) -> String {
    match key {
        ServiceKey::Listen { protocol, address, port } => {
            format!("{} {address} {port}", protocol.number())
        }
        ServiceKey::Mark { family: Family::V4, mark } => format!("mark 4 {mark}"),
        ServiceKey::Mark { family: Family::V6, mark } => format!("mark 6 {mark}"),
    }
}

fn key(line: &str) -> Option<ServiceKey> {
    let mut words = line.split(' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    if first == "mark" {
        let family = if second == "6" { Family::V6 } else { Family::V4 };
        return Some(ServiceKey::Mark { family, mark: third.parse().ok()? });
    }
    let protocol = match first.parse().ok()? {
        6 => Protocol::Tcp,
        17 => Protocol::Udp,
        132 => Protocol::Sctp,
        other => Protocol::Other(other),
    };
    let address: IpAddr = second.parse().ok()?;
    Some(ServiceKey::Listen { protocol, address, port: third.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let address = "192.0.2.80".parse().unwrap();
        let services = [
            ServiceKey::Listen { protocol: Protocol::Tcp, address, port: 80 },
            ServiceKey::Listen {
                protocol: Protocol::Udp,
                address: "2001:db8::1".parse().unwrap(),
                port: 53,
            },
            ServiceKey::Mark { family: Family::V6, mark: 7 },
        ];
        assert_eq!(parse(&emit(&services)), services);
        assert_eq!(parse("6 nonsense 80\n\n"), []);
    }

    #[test]
    fn addresses_are_read_again_too() {
        let held = |interface: &str| VirtualAddress {
            interface: interface.to_owned(),
            address: "192.0.2.80".parse().unwrap(),
            prefix: 24,
            label: None,
            scope: Scope::Global,
        };
        let six = VirtualAddress {
            address: "fe80::5e00:233".parse().unwrap(),
            prefix: 128,
            ..held("gm6-51-eth0")
        };
        let addresses = [held("eth0"), held("bond0.7"), six];
        assert_eq!(parse_addresses(&emit_addresses(&addresses)), addresses);
        assert_eq!(parse_addresses("eth0 nonsense 32\n\n"), []);
    }
}
