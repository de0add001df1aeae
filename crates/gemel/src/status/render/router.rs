//! A router as a person reads it: what it is and why, its virtual routers, its addresses.

use std::fmt::{self, Display, Formatter};

use super::Span;
use crate::status::{Cause, Member, Router};

impl Display for Router {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, role, reason, .. } = self;
        write!(f, "\nrouter {name}: {role} for {} ({reason})", Span(self.since_s))?;
        if let Some(group) = &self.group {
            write!(f, ", group {group}")?;
        }
        write!(f, "\n  priority {} = base {}", self.priority, self.base)?;
        for cause in self.causes.iter().filter(|cause| cause.counts) {
            write!(f, " {:+} {}", cause.value, cause.name)?;
        }
        writeln!(f, "{}", if self.is_owner { ", owns its addresses" } else { "" })?;
        for cause in &self.causes {
            write!(f, "{cause}")?;
        }
        for member in &self.members {
            write!(f, "{member}")?;
        }
        writeln!(
            f,
            "  advertises every {} ms; takes over after {:.1} ms of silence",
            self.interval_ms, self.active_down_ms
        )?;
        self.addresses(f)
    }
}

impl Router {
    /// Those that stand elsewhere than on the interface with where; the first few of very many.
    fn addresses(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  addresses")?;
        for one in self.addresses.iter().take(SHOWN) {
            write!(f, " {}", one.address)?;
            if one.interface != self.interface {
                write!(f, " on {}", one.interface)?;
            }
            if !one.advertised {
                write!(f, " (not advertised)")?;
            }
        }
        match self.addresses.len().saturating_sub(SHOWN) {
            0 => writeln!(f),
            more => writeln!(f, " and {more} more"),
        }
    }
}

/// Nobody reads more of them on a terminal; the JSON has all.
const SHOWN: usize = 20;

impl Display for Member {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { family, version, vrid, interface, adverts, .. } = self;
        write!(f, "  {family} VRRPv{version} VRID {vrid} {adverts} on {interface}")?;
        match (&self.source, self.link.as_str()) {
            (Some(source), _) => write!(f, " from {source}")?,
            (None, "no-address") => write!(f, ", which lacks the address adverts come from")?,
            (None, _) => write!(f, ", which is down or absent")?,
        }
        if self.is_leader {
            write!(f, ", leads the group")?;
        }
        if let Some(mac) = &self.virtual_mac {
            write!(f, ", as {} on {}", mac.address, mac.device)?;
        }
        if let Some(link_local) = &self.link_local {
            write!(f, ", link-local {link_local}")?;
        }
        writeln!(f)?;
        match &self.peer {
            Some(peer) => writeln!(
                f,
                "    peer {} last heard {} ago, priority {}",
                peer.address,
                Span(peer.heard_s_ago),
                peer.priority
            ),
            None => writeln!(f, "    nobody heard"),
        }
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let since = Span(self.since_s);
        write!(f, "  cause {} {:+} for {since}", self.name, self.value)?;
        match (self.held_for_s, self.counts) {
            (Some(held), true) => writeln!(f, ", ends to count in {}", Span(held)),
            (Some(held), false) => writeln!(f, ", counts in {}", Span(held)),
            (None, true) => writeln!(f, ", counts"),
            (None, false) => writeln!(f, ", does not count"),
        }
    }
}

#[cfg(test)]
mod tests;
