//! What a virtual router tells of itself. Nothing here changes it.

use core::net::IpAddr;

use super::*;

/// The last valid advert heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Who sent it.
    pub address: IpAddr,
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

    /// What its links can do for it.
    pub const fn path(&self) -> Path {
        self.path
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

    /// Skew_Time, from the effective priority and the interval the Active router advertises with.
    pub const fn skew(&self) -> Duration {
        self.priority.skew(self.active_interval())
    }

    /// Active_Down_Interval, from the same.
    pub fn down_interval(&self) -> Duration {
        self.priority.down(self.active_interval(), self.settings.down_factor)
    }

    const fn active_interval(&self) -> Interval {
        match self.state {
            State::Backup(backup) => backup.interval,
            State::Init(_) | State::Active(_) | State::Leaving(_) => self.settings.interval,
        }
    }
}

/// The last protocol event that had an effect (RFC 8347, last-event), under its YANG name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LastEvent {
    /// Nothing happened yet.
    None,
    /// Entered the election.
    Startup,
    /// Ordered out of it.
    Shutdown,
    /// A Backup of higher priority preempted us.
    HigherPriorityBackup,
    /// The Active router fell silent.
    MasterTimeout,
    /// The interface came up.
    InterfaceUp,
    /// The interface went down.
    InterfaceDown,
    /// The interface has no address to send from.
    NoPrimaryIpAddress,
    /// It has one again.
    PrimaryIpAddress,
    /// The time for which a lower Active is left alone has passed.
    PreemptHoldTimeout,
    /// The Active router has a lower priority than ours.
    LowerPriorityMaster,
    /// We own the addresses and took them.
    OwnerPreempt,
}

impl LastEvent {
    /// Its name in RFC 8347.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "vrrp-event-none",
            Self::Startup => "vrrp-event-startup",
            Self::Shutdown => "vrrp-event-shutdown",
            Self::HigherPriorityBackup => "vrrp-event-higher-priority-backup",
            Self::MasterTimeout => "vrrp-event-master-timeout",
            Self::InterfaceUp => "vrrp-event-interface-up",
            Self::InterfaceDown => "vrrp-event-interface-down",
            Self::NoPrimaryIpAddress => "vrrp-event-no-primary-ip-address",
            Self::PrimaryIpAddress => "vrrp-event-primary-ip-address",
            Self::PreemptHoldTimeout => "vrrp-event-preempt-hold-timeout",
            Self::LowerPriorityMaster => "vrrp-event-lower-priority-master",
            Self::OwnerPreempt => "vrrp-event-owner-preempt",
        }
    }
}

/// Why we last became Active (RFC 8347, new-master-reason).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NewActiveReason {
    /// We never became Active.
    NotActive,
    /// By our priority alone.
    Priority,
    /// We preempted a lower one.
    Preempted,
    /// The one before us did not answer any more.
    NoResponse,
}

impl NewActiveReason {
    /// Its name; the RFC says "not-master" and "no-response".
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotActive => "not-active",
            Self::Priority => "priority",
            Self::Preempted => "preempted",
            Self::NoResponse => "no-response",
        }
    }
}

/// What RFC 8347 calls it.
impl Router {
    /// The last event that had an effect.
    pub const fn last_event(&self) -> LastEvent {
        self.last_event
    }

    /// Why we last became Active.
    pub const fn new_active_reason(&self) -> NewActiveReason {
        self.new_active_reason
    }

    /// This is why we are what we are.
    pub(super) fn because(&mut self, reason: Reason) {
        self.reason = reason;
        self.last_event = match reason {
            Reason::Startup | Reason::Resumed | Reason::StartupDelay | Reason::FaultCleared => {
                LastEvent::Startup
            }
            Reason::Owner if self.hears_an_active(self.since) => LastEvent::OwnerPreempt,
            Reason::Owner => LastEvent::Startup,
            Reason::PeerSilent | Reason::PeerReleased => LastEvent::MasterTimeout,
            Reason::PeerLower if self.priority == Priority::OWNER => LastEvent::OwnerPreempt,
            Reason::PeerLower if !self.preempt_delay().is_zero() => LastEvent::PreemptHoldTimeout,
            Reason::PeerLower | Reason::Replaced => LastEvent::LowerPriorityMaster,
            Reason::PeerHigher => LastEvent::HigherPriorityBackup,
            Reason::LinkDown => LastEvent::InterfaceDown,
            Reason::LinkUp => LastEvent::InterfaceUp,
            Reason::AddressGone => LastEvent::NoPrimaryIpAddress,
            Reason::AddressBack => LastEvent::PrimaryIpAddress,
            Reason::Shutdown | Reason::Fault | Reason::Keep => LastEvent::Shutdown,
            // How a leaving ended is no event of the protocol.
            Reason::Succeeded | Reason::NoSuccessor => self.last_event,
        };
    }

    /// The new-master-reason of a claim made for this reason.
    pub(super) fn why_active(&self, now: Instant, reason: Reason) -> NewActiveReason {
        match reason {
            Reason::PeerLower => NewActiveReason::Preempted,
            Reason::Owner if self.hears_an_active(now) => NewActiveReason::Preempted,
            Reason::PeerSilent if self.peer.is_some() => NewActiveReason::NoResponse,
            // Nobody there, or nobody who wants the addresses: our priority is the highest.
            Reason::PeerSilent
            | Reason::PeerReleased
            | Reason::Startup
            | Reason::Resumed
            | Reason::Owner
            | Reason::PeerHigher
            | Reason::Replaced
            | Reason::LinkDown
            | Reason::LinkUp
            | Reason::AddressGone
            | Reason::AddressBack
            | Reason::Fault
            | Reason::FaultCleared
            | Reason::StartupDelay
            | Reason::Shutdown
            | Reason::Succeeded
            | Reason::NoSuccessor
            | Reason::Keep => NewActiveReason::Priority,
        }
    }

    /// Whether somebody else has been saying lately that it is Active.
    pub(super) fn hears_an_active(&self, now: Instant) -> bool {
        self.peer.is_some_and(|peer| {
            let patience = peer.interval.duration() * u32::from(self.settings.down_factor.get());
            peer.priority != Priority::RELEASE && now.since(peer.at) < patience
        })
    }
}
