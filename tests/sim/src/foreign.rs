//! A router that is not ours: the plain machine of RFC 5798 6.4, as keepalived or a switch has it.
//!
//! Written apart from `vrrp_proto::Router`, which it is there to disturb. It has one member, lets go
//! of its address at once, and knows nothing of priorities that change. Bytes it leaves to the codec.

use clock::{Duration, Instant};
use vrrp_proto::router::Protocol;
use vrrp_proto::wire::Envelope;
use vrrp_proto::wire::{self, Advert, Format};
use vrrp_proto::{Checksum, Priority};

use crate::message::Packet;
use crate::plan::Stranger;
use crate::setup::{RouterPlan, Setup, addresses, host_address, vrid};

/// It, on its wire.
#[derive(Debug)]
pub(crate) struct ForeignRouter {
    /// What it is.
    pub(crate) stranger: Stranger,
    state: State,
}

/// RFC 5798 6.3, without Initialize.
#[derive(Clone, Copy, Debug)]
enum State {
    Backup { until: Instant },
    Active { advertise_at: Instant },
}

impl ForeignRouter {
    /// It starts as Backup.
    pub(crate) fn new(now: Instant, stranger: Stranger, setup: &Setup) -> Self {
        let plan = &setup.routers[stranger.router];
        Self { state: State::Backup { until: now + plan.down(stranger.priority) }, stranger }
    }

    /// Whether it answers for the address.
    pub(crate) const fn answers(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    /// When its timer goes off.
    pub(crate) const fn deadline(&self) -> Instant {
        match self.state {
            State::Backup { until } => until,
            State::Active { advertise_at } => advertise_at,
        }
    }

    /// Its timer went off; whether an advert is to be sent.
    pub(crate) fn tick(&mut self, now: Instant, setup: &Setup) -> bool {
        let due = self.deadline() <= now;
        if due {
            self.state = State::Active { advertise_at: now + self.pace(self.plan(setup)) };
        }
        due
    }

    /// An advert came in; whether one is to be sent at once.
    pub(crate) fn hear(&mut self, now: Instant, packet: &Packet, setup: &Setup) -> bool {
        let plan = self.plan(setup);
        let protocol = plan.members[0].protocol;
        let read = Envelope::open(packet.datagram()).and_then(|e| Ok(e.read(protocol)?.0));
        let Ok(heard) = read else { return false };
        if heard.vrid != vrid(self.stranger.router) {
            return false;
        }
        let ours = self.stranger.priority;
        let beaten = State::Backup { until: now + plan.down(ours) };
        match self.state {
            State::Backup { .. } if heard.priority == Priority::RELEASE => {
                self.state = State::Backup { until: now + plan.skew(ours) };
                false
            }
            State::Backup { .. } if heard.priority >= ours || !self.stranger.preempts => {
                self.state = beaten;
                false
            }
            State::Backup { .. } => false,
            State::Active { .. } if heard.priority == Priority::RELEASE => {
                self.state = State::Active { advertise_at: now + self.pace(plan) };
                true
            }
            State::Active { .. }
                if (heard.priority, heard.from) > (ours, packet_source(self, setup)) =>
            {
                self.state = beaten;
                false
            }
            State::Active { .. } => self.stranger.answers,
        }
    }

    /// Its advert, or its resignation.
    pub(crate) fn advert(&self, priority: Priority, setup: &Setup) -> Option<Packet> {
        let plan = self.plan(setup);
        let family = plan.members[0].protocol.family();
        let from = packet_source(self, setup);
        let advert = Advert {
            from,
            to: wire::multicast(family),
            ttl: 255,
            vrid: vrid(self.stranger.router),
            priority,
            interval: plan.interval,
            format: match plan.members[0].protocol {
                Protocol::V2(auth) => Format::V2(auth),
                Protocol::V3Ipv4(_) => Format::V3Ipv4(Checksum::PseudoHeader),
                Protocol::V3Ipv6 => Format::V3Ipv6,
            },
        };
        let mut buffer = [0; wire::MAX_DATAGRAM];
        let list = addresses(self.stranger.router, family, self.stranger.extra);
        let length = wire::emit(&advert, &list, &mut buffer)?;
        Some(Packet { from, bytes: buffer[..length].into(), damaged: false })
    }

    fn plan<'a>(&self, setup: &'a Setup) -> &'a RouterPlan {
        &setup.routers[self.stranger.router]
    }

    fn pace(&self, plan: &RouterPlan) -> Duration {
        plan.interval.duration() * (1000 + self.stranger.slow as u32) / 1000
    }
}

fn packet_source(router: &ForeignRouter, setup: &Setup) -> std::net::IpAddr {
    let member = setup.routers[router.stranger.router].members[0];
    host_address(member.wire, member.protocol.family(), router.stranger.number)
}
