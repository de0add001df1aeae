//! The kernel's IPVS table of a host as the kernel and `ipvsadm` show it, as lines that compare.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use crate::net::Host;

/// `tcp 192.0.2.80:80 rr` for a service, and
/// `tcp 192.0.2.80:80 -> 10.0.1.11:80 Route 1` for a server with its weight.
pub type Table = BTreeSet<String>;

/// The table by the kernel's own file: no process is started, so it can be watched closely.
pub fn of_kernel(host: &Host) -> Result<Table> {
    let text = host
        .enter(|| fs::read_to_string(FILE))
        .with_context(|| format!("read {FILE} in {}: has this kernel IPVS?", host.name()))?;
    Ok(parse(&text))
}

/// The table by `ipvsadm -Ln`, as an operator would look.
pub fn of_ipvsadm(host: &Host) -> Result<Table> {
    Ok(parse(&host.output("ipvsadm", &["-Ln"])?))
}

/// Whether this machine's kernel has IPVS.
pub fn is_possible() -> bool {
    fs::exists(FILE).unwrap_or(false)
}

/// A table of exactly these lines.
pub fn of_lines(lines: &[&str]) -> Table {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn parse(text: &str) -> Table {
    let mut table = Table::new();
    let mut service = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [protocol @ ("TCP" | "UDP"), address, scheduler, ..] => {
                let Some(address) = address_of(address) else { continue };
                service = format!("{} {address}", protocol.to_lowercase());
                table.insert(format!("{service} {scheduler}"));
            }
            ["->", address, forward, weight, ..] => {
                let Some(address) = address_of(address) else { continue };
                table.insert(format!("{service} -> {address} {forward} {weight}"));
            }
            [..] => {}
        }
    }
    table
}

/// `192.0.2.80:80`, or the same as the kernel writes it: `C0000250:0050`.
fn address_of(text: &str) -> Option<String> {
    let (address, port) = text.split_once(':')?;
    if address.contains('.') {
        return port.parse::<u16>().ok().map(|port| format!("{address}:{port}"));
    }
    let address = Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?);
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(format!("{address}:{port}"))
}

/// There once ip_vs is loaded; each namespace has its own.
const FILE: &str = "/proc/thread-self/net/ip_vs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_and_ipvsadm_show_the_same_table() {
        let kernel = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\nTCP  C0000250:0050 rr  \n  -> 0A00010B:0050      Route   3      0          12        \n";
        let ipvsadm = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\nTCP  192.0.2.80:80 rr\n  -> 10.0.1.11:80                 Route   3      0          12\n";
        let expected =
            of_lines(&["tcp 192.0.2.80:80 rr", "tcp 192.0.2.80:80 -> 10.0.1.11:80 Route 3"]);
        assert_eq!(parse(kernel), expected);
        assert_eq!(parse(ipvsadm), expected);
    }

    #[test]
    fn an_empty_table_has_no_lines() {
        assert!(parse("IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n").is_empty());
    }
}
