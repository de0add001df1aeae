//! The list of services we applied, one a line, as it is kept in the state folder.

use std::net::IpAddr;

use ipvs_table::{Family, Protocol, ServiceKey};

/// `tcp 192.0.2.80 80`, `mark 4 7`: one line each.
pub(crate) fn emit(services: &[ServiceKey]) -> String {
    services.iter().map(|key| line(*key) + "\n").collect()
}

/// Reads what [`emit`] wrote; lines it does not know are left out.
pub(crate) fn parse(text: &str) -> Vec<ServiceKey> {
    text.lines().filter_map(key).collect()
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
}
