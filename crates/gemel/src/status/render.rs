//! The status as a person reads it: who is Active and why, then the services, then what is wrong.

use std::fmt::{self, Display, Formatter};

use super::{Server, Service, Status, Tracked};

mod router;

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { director, pair, version, uptime_s, .. } = self;
        writeln!(f, "{director} of pair {pair}, gemel {version}, up {}", Span(*uptime_s))?;
        for router in &self.routers {
            write!(f, "{router}")?;
        }
        if !self.tracked.is_empty() {
            writeln!(f, "\ntracked")?;
            self.tracked.iter().try_for_each(|tracked| write!(f, "{tracked}"))?;
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

impl Display for Tracked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { source, reading, detail, .. } = self;
        writeln!(f, "  {source}: {reading} for {} ({detail})", Span(self.since_s))
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
pub(super) struct Span(pub(super) f64);

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
