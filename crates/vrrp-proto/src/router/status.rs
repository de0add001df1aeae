//! What a virtual router tells of itself. Nothing here changes it.

use super::*;

/// The last valid advert heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Who sent it.
    pub address: Ipv4Addr,
    /// Its priority; 0 if it said that it leaves.
    pub priority: Priority,
    /// How often it advertises.
    pub interval: Interval,
    /// When it came in.
    pub at: Instant,
}

/// Readings.
impl Router {
    /// Its settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its role.
    pub const fn role(&self) -> Role {
        match self.state {
            State::Init(_) => Role::Init,
            State::Backup(_) => Role::Backup,
            State::Active(_) => Role::Active,
            State::Leaving(_) => Role::Leaving,
        }
    }

    /// Since when it has this role.
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// Why it has this role; [`Reason::Startup`] in Init before the first order.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Its effective priority.
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// What its link can do for it.
    pub const fn link(&self) -> Link {
        self.link
    }

    /// The last valid advert heard, in whatever state.
    pub const fn peer(&self) -> Option<Peer> {
        self.peer
    }

    /// When a claim that stands was last advertised: for [`Event::Resume`] of a later process.
    /// `None` once it was given up: as Backup, after priority 0, with the link down.
    pub const fn last_advert(&self) -> Option<Instant> {
        self.last_advert
    }

    /// The checksum it sends, for [`Event::Learned`] of a later process.
    pub const fn checksum(&self) -> Checksum {
        match self.settings.checksum {
            ChecksumPolicy::Auto => self.learned,
            ChecksumPolicy::Only(form) => form,
        }
    }

    /// Skew_Time, from the effective priority and the interval the Active router advertises with.
    pub const fn skew(&self) -> Duration {
        self.priority.skew(self.active_interval())
    }

    /// Active_Down_Interval, from the same.
    pub fn down_interval(&self) -> Duration {
        self.priority.down(self.active_interval())
    }

    /// What it counted since it was made.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    const fn active_interval(&self) -> Interval {
        match self.state {
            State::Backup(backup) => backup.interval,
            State::Init(_) | State::Active(_) | State::Leaving(_) => self.settings.interval,
        }
    }
}
