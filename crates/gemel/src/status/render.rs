//! The status as a person reads it: who is Active and why, then the services, then what is wrong.

use std::fmt::{self, Display, Formatter};

use super::{Cause, Router, Server, Service, Status};

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { director, pair, version, uptime_s, .. } = self;
        writeln!(f, "{director} of pair {pair}, gemel {version}, up {}", Span(*uptime_s))?;
        for router in &self.routers {
            write!(f, "{router}")?;
        }
        for service in &self.services {
            write!(f, "{service}")?;
        }
        for service in &self.foreign_services {
            writeln!(f, "\nforeign service {service}: left alone")?;
        }
        if self.problems.is_empty() {
            return writeln!(f, "\nno problems");
        }
        writeln!(f, "\nproblems")?;
        self.problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}

impl Display for Router {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, role, interface, vrid, reason, .. } = self;
        let since = Span(self.since_s);
        writeln!(f, "\nrouter {name}: {role} for {since} ({reason}), {interface} VRID {vrid}")?;
        write!(f, "  priority {} = base {}", self.priority, self.base)?;
        for cause in self.causes.iter().filter(|cause| cause.counts) {
            write!(f, " {:+} {}", cause.value, cause.name)?;
        }
        writeln!(f)?;
        for cause in &self.causes {
            write!(f, "{cause}")?;
        }
        if let Some(peer) = &self.peer {
            let ago = Span(peer.heard_s_ago);
            writeln!(
                f,
                "  peer {} last heard {ago} ago, priority {}",
                peer.address, peer.priority
            )?;
        }
        writeln!(
            f,
            "  advertises every {} ms; takes over after {} ms of silence",
            self.interval_ms, self.active_down_ms
        )?;
        writeln!(f, "  addresses {}", self.addresses.join(" "))
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

impl Display for Service {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, listen, scheduler, forward, .. } = self;
        let kernel = if self.in_kernel { "" } else { ", not in the kernel" };
        writeln!(f, "\nservice {name}: {listen} {scheduler} {forward}{kernel}")?;
        self.servers.iter().try_for_each(|server| write!(f, "{server}"))
    }
}

impl Display for Server {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { address, standing, weight, .. } = self;
        let since = Span(self.since_s);
        write!(f, "  {address:<21} {standing:<9} for {since}")?;
        if let Some(why) = &self.why {
            write!(f, " ({why})")?;
        }
        if let Some(last) = self.last_check.as_ref().filter(|last| Some(*last) != self.why.as_ref())
        {
            write!(f, ", last check {last}")?;
        }
        write!(f, ", ")?;
        match self.kernel_weight {
            None => writeln!(f, "takes no traffic"),
            Some(kernel) if kernel == *weight => writeln!(
                f,
                "weight {weight}, {} active and {} inactive connections",
                self.active_connections, self.inactive_connections
            ),
            Some(kernel) => writeln!(f, "weight {weight}, in the kernel {kernel}"),
        }
    }
}

/// Seconds as a person says them.
struct Span(f64);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0 as u64;
        match seconds {
            0..60 => write!(f, "{:.1} s", self.0),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            3600.. => write!(f, "{} h {} min", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_priority_is_shown_as_the_sum_it_is() {
        let router = Router {
            name: "web".into(),
            interface: "eth0".into(),
            vrid: 51,
            role: "Backup".into(),
            since_s: 75.0,
            reason: "peer-higher".into(),
            priority: 90,
            base: 150,
            causes: vec![Cause {
                name: "quorum tcp://192.0.2.80:80".into(),
                value: -60,
                counts: true,
                since_s: 4.0,
                held_for_s: None,
            }],
            peer: None,
            interval_ms: 100,
            skew_us: 64_843,
            active_down_ms: 364.8,
            addresses: vec!["192.0.2.80/32".into()],
            counters: [].into(),
        };
        let text = router.to_string();
        assert!(text.contains("web: Backup for 1 min 15 s (peer-higher)"), "{text}");
        assert!(text.contains("priority 90 = base 150 -60 quorum tcp://192.0.2.80:80"), "{text}");
    }
}
