//! One router's addresses as the mover tracks them.

use std::net::Ipv4Addr;

use clock::{Duration, Instant};
use nix::errno::Errno;
use vrrp_proto::router::Holding;

use super::announce::Repeat;
use super::picture::Picture;
use super::plan::{Place, Route};
use crate::RouterSetup;

/// The first pause after a refusal; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A router's addresses and what is wanted of them.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) interface: String,
    /// The revision and the level; `None` until the election has said something.
    pub(super) want: Option<(u64, Holding)>,
    /// The revision that was last told to be settled.
    pub(super) settled: Option<u64>,
    /// Whether there may be something to ask of the kernel.
    pub(super) busy: bool,
    pub(super) spots: Vec<Spot>,
}

/// An address to hold, and its prefix length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Wanted {
    pub(super) address: Ipv4Addr,
    pub(super) prefix: u8,
}

/// One address.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) wanted: Wanted,
    pub(super) route: Route,
    /// The sequence number of our last successful request about it: older notices are stale.
    pub(super) sequence: u32,
    /// Whether somebody else removed it while it was held.
    pub(super) lost: bool,
    pub(super) repeat: Option<Repeat>,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    again_at: Instant,
    pause: Duration,
}

impl Moved {
    pub(super) fn new(setup: &RouterSetup) -> Self {
        Self {
            interface: setup.members[0].interface.clone(),
            want: None,
            settled: None,
            busy: false,
            spots: v4(setup).map(Spot::new).collect(),
        }
    }

    pub(super) fn want(&mut self, revision: u64, holding: Holding) {
        self.want = Some((revision, holding));
        self.busy = true;
        for spot in &mut self.spots {
            spot.refused = None;
            if holding == Holding::Absent {
                spot.repeat = None;
                spot.lost = false;
            }
        }
    }

    pub(super) fn held(&self) -> bool {
        matches!(self.want, Some((_, Holding::Held)))
    }

    /// Restarts the announcements of the addresses that have landed.
    pub(super) fn announce_at(&mut self, now: Instant) {
        for spot in &mut self.spots {
            spot.repeat = spot.repeat.map(|_| Repeat::due(now));
        }
    }

    pub(super) fn spot_mut(&mut self, address: Ipv4Addr) -> Option<&mut Spot> {
        self.spots.iter_mut().find(|spot| spot.wanted.address == address)
    }
}

impl Spot {
    fn new(wanted: Wanted) -> Self {
        let route = Route::Unknown;
        Self { wanted, route, sequence: 0, lost: false, repeat: None, refused: None }
    }

    /// Where it is; `room` takes its prefix lengths.
    pub(super) fn place<'a>(
        &self,
        index: Option<u32>,
        picture: &Picture,
        room: &'a mut [u8; 33],
    ) -> Place<'a> {
        let Wanted { address, prefix } = self.wanted;
        let mut count = 0;
        let found = index.into_iter().flat_map(|index| picture.prefixes(index, address));
        for (slot, present) in room.iter_mut().zip(found) {
            *slot = present;
            count += 1;
        }
        Place { address, prefix, index, present: &room[..count], route: self.route }
    }

    /// Until when a refused request rests.
    pub(super) fn retry_after(&self, now: Instant) -> Option<Instant> {
        self.refused.as_ref().map(|refused| refused.again_at).filter(|at| *at > now)
    }

    /// A request about it was done.
    pub(super) fn accepted(&mut self, sequence: u32) {
        self.sequence = sequence;
        self.refused = None;
    }

    /// A request about it was refused; the errno if that is news.
    pub(super) fn refused(&mut self, now: Instant, errno: Errno) -> Option<Errno> {
        let before = self.refused.as_ref().map(|refused| refused.pause);
        let pause = before.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
        self.refused = Some(Refused { again_at: now + pause, pause });
        before.is_none().then_some(errno)
    }
}

pub(super) fn v4(setup: &RouterSetup) -> impl Iterator<Item = Wanted> {
    setup.held.addresses.iter().filter_map(|one| match one.address {
        std::net::IpAddr::V4(address) => Some(Wanted { address, prefix: one.prefix }),
        std::net::IpAddr::V6(_) => None,
    })
}
