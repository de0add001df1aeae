//! The mover: makes addresses, and what goes with them, follow what the election wants.
//!
//! [`Mover`] knows no clock and no thread: it is told what is wanted, steps by at most one send of
//! requests at a time, and says what came of it. `thread.rs` drives it. Between two sends the caller
//! reads its inbox again, so what is no longer wanted is never begun. Wants are levels: the latest
//! one of a router counts, and is compared with the kernel at the start, at every notice, after
//! every loss of notices and once a minute.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use clock::{Duration, Instant};
use nix::errno::Errno;
use vrrp_proto::router::Holding;
use vrrp_proto::{MemberId, RouterId};

use crate::{Fact, RouterSetup};

mod announce;
mod announcing;
mod answers;
mod conflicts;
mod devices;
mod extras;
pub mod kernel;
mod links;
mod moved;
mod picture;
mod plan;
mod quiet;
mod round;
pub mod rows;
pub mod rtnetlink;
mod sys;
pub(crate) mod thread;
mod watch;

pub use links::LinkFact;

use announce::{Pace, Schedule, Who};
use conflicts::Ears;
use devices::{DeviceId, Devices};
use kernel::{Kernel, Request};
use links::Links;
use moved::Moved;
use picture::Picture;
use plan::Route;
use quiet::Quiet;
pub(crate) use rtnetlink::{Rtnetlink, widen};

/// Addresses changed by one send at most; between sends the caller may change what is wanted.
const BATCH: usize = 16;
/// How often the picture is compared with a dump although no notice was lost.
const VERIFY_EVERY: Duration = Duration::from_secs(60);

/// Moves the addresses of every router.
#[derive(Debug)]
pub struct Mover<K> {
    kernel: K,
    picture: Picture,
    devices: Devices,
    routers: BTreeMap<RouterId, Moved>,
    /// Which router's address is where.
    spots: BTreeMap<(DeviceId, IpAddr), Who>,
    /// Routers to look at; those that let go first.
    line: VecDeque<RouterId>,
    /// Addresses to look at again, and when; `usize::MAX` for a router's routes and rules.
    waits: BTreeSet<(Instant, RouterId, usize)>,
    links: Links,
    quiet: Quiet,
    schedule: Schedule,
    pace: Pace,
    /// Until when no announcement may leave, if some wait for that.
    paced_until: Option<Instant>,
    ears: Ears,
    /// Which ports of bridges forward.
    ports: BTreeMap<u32, bool>,
    /// Whether what was told of links may be out of date.
    links_changed: bool,
    /// When to look for routes and rules.
    paths_at: Option<Instant>,
    /// When to try again to make devices.
    devices_at: Option<Instant>,
    /// When to compare with a dump.
    verify_at: Instant,
    /// Whether the last dump failed and that was told.
    blind: bool,
    news: Vec<News>,
    facts: Vec<Fact>,
}

/// What the wire thread must know; levels, each once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News {
    /// What a parent interface can do now.
    Link(LinkFact),
    /// What the interface of a member with a source of its own or a virtual MAC can do for it. Said
    /// again after each [`News::Link`] of its parent: it overrules that.
    Source(MemberId, vrrp_proto::router::Link),
    /// The device of a member's virtual MAC appeared, with this index, or vanished.
    Device(MemberId, Option<u32>),
    /// All addresses of a router are as this revision wanted them, leftovers included.
    Settled(RouterId, u64),
}

/// One request, and what it is about.
#[derive(Clone, Copy, Debug)]
struct Asked {
    router: RouterId,
    piece: Piece,
    request: Request,
}

/// What of a router a request is about.
#[derive(Clone, Copy, Debug)]
enum Piece {
    Device(DeviceId),
    /// An address, by its place.
    Spot(usize),
    /// A route or rule, by its place.
    Extra(usize),
}

impl<K: Kernel> Mover<K> {
    /// Moves addresses through `kernel`; nothing is wanted yet. Reads links and addresses, and makes
    /// the virtual MACs' devices.
    ///
    /// # Errors
    /// The kernel's word when links and addresses cannot be read.
    pub fn new(
        now: Instant,
        mut kernel: K,
        routers: &[RouterSetup],
        track: &[String],
    ) -> Result<Self, Errno> {
        let ours = routers.iter().flat_map(|r| r.held.addresses.iter().map(|a| a.address));
        let mut picture = Picture::new(ours);
        let (links, addresses) = kernel.dump()?;
        picture.replace(links, addresses);
        let devices = Devices::new(routers);
        let moved: BTreeMap<RouterId, Moved> =
            routers.iter().map(|r| (r.id, Moved::new(r, &devices))).collect();
        let mut mover = Self {
            kernel,
            picture,
            spots: places(&moved),
            links: Links::new(routers, track, &devices),
            devices,
            routers: moved,
            line: VecDeque::new(),
            waits: BTreeSet::new(),
            quiet: Quiet::default(),
            schedule: Schedule::default(),
            pace: Pace::new(routers.iter().filter_map(|r| r.held.announce.rate).min()),
            paced_until: None,
            ears: Ears::default(),
            ports: BTreeMap::new(),
            links_changed: true,
            paths_at: None,
            devices_at: None,
            verify_at: now + VERIFY_EVERY,
            blind: false,
            news: Vec::new(),
            facts: Vec::new(),
        };
        if mover.has_extras() {
            if let Err(errno) = mover.kernel.watch_paths() {
                mover.facts.push(Fact::Warning(format!(
                    "routes and rules are only looked at once a minute: {}",
                    errno.desc()
                )));
            }
            mover.paths_at = Some(now);
            mover.look_at_paths(now);
        }
        mover.make_devices(now);
        mover.watch(now);
        mover.compare_links();
        Ok(mover)
    }

    /// What is wanted of a router's addresses from now on; `revision` comes back in
    /// [`News::Settled`].
    pub fn want(&mut self, router: RouterId, revision: u64, holding: Holding) {
        let Some(moved) = self.routers.get_mut(&router) else { return };
        moved.want(revision, holding);
        for (at, spot) in moved.spots.iter_mut().enumerate() {
            if let Some(wait) = spot.wait.take() {
                self.waits.remove(&(wait, router, at));
            }
            if holding == Holding::Absent
                && let Some(repeat) = spot.repeat.take()
            {
                self.schedule.remove((router, at), repeat);
            }
        }
        self.ears.changed();
        self.line_up(router);
    }

    /// Announces a router's held addresses once more, from the start of the schedule.
    pub fn announce(&mut self, now: Instant, router: RouterId) {
        self.announce_again(now, router, |_| true);
    }

    /// Does the next piece of work. False when there is nothing to do before [`Self::deadline`].
    pub fn step(&mut self, now: Instant) -> bool {
        self.wake(now);
        if self.move_some(now) || self.watch(now) || self.announce_some(now) {
            return true;
        }
        if self.devices_at.is_some_and(|at| at <= now) {
            self.make_devices(now);
            return true;
        }
        self.look_at_paths(now);
        self.listen(now);
        self.quiet.sweep(&mut self.kernel, &mut self.facts);
        let verified = self.verify(now);
        self.compare_links();
        verified || !self.line.is_empty()
    }

    /// When to step again although nothing is heard.
    pub fn deadline(&self) -> Option<Instant> {
        let announce = self.schedule.next_at();
        let announce = announce.map(|at| self.paced_until.map_or(at, |until| until.max(at)));
        let wait = self.waits.first().map(|first| first.0);
        let times = [
            announce,
            wait,
            self.ears.deadline(),
            self.paths_at,
            self.devices_at,
            Some(self.verify_at),
        ];
        times.into_iter().flatten().min()
    }

    /// Whether claims of others that wait are to be left waiting.
    pub(crate) fn rests(&self) -> bool {
        self.ears.rest()
    }

    /// Takes what the wire thread must know since the last call.
    pub fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Takes what the engine must know since the last call.
    pub fn facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// Ends: takes back what was only meant to last a moment, and the devices of virtual MACs that
    /// are down; leaves the addresses and what they need.
    pub fn finish(&mut self) {
        let mut last: Vec<Request> = Vec::new();
        for spot in self.routers.values().flat_map(|moved| &moved.spots) {
            if matches!(spot.route, Route::Placed(_)) {
                last.push(Request::DeleteLocal(spot.wanted.address));
            }
        }
        let mut idle = Vec::new();
        for (id, ours) in self.devices.virtuals() {
            let held = self.routers.get(&ours.member.router).is_some_and(Moved::held);
            idle.extend(self.devices.index(id, &self.picture).filter(|_| !held));
        }
        last.extend(idle.into_iter().map(Request::DeleteLink));
        for some in last.chunks(BATCH) {
            for (request, answer) in some.iter().zip(self.kernel.request(some)) {
                if let Err(errno) = answer.result {
                    let text = format!("{request:?} is left undone: {}", errno.desc());
                    self.facts.push(Fact::Warning(text));
                }
            }
        }
        for spot in self.routers.values_mut().flat_map(|moved| &mut moved.spots) {
            if matches!(spot.route, Route::Placed(_)) {
                self.quiet.leave(spot.wanted.device);
                spot.route = Route::Absent;
            }
        }
        self.quiet.sweep(&mut self.kernel, &mut self.facts);
    }
}

/// Where every address is.
fn places(routers: &BTreeMap<RouterId, Moved>) -> BTreeMap<(DeviceId, IpAddr), Who> {
    let each = |(&router, moved): (&RouterId, &Moved)| {
        let spots = moved.spots.iter().enumerate();
        let keyed =
            spots.map(move |(at, spot)| ((spot.wanted.device, spot.wanted.address), (router, at)));
        keyed.collect::<Vec<_>>()
    };
    routers.iter().flat_map(each).collect()
}
