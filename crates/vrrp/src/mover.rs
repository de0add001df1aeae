//! The mover: makes addresses follow what the election wants of them, and announces them.
//!
//! [`Mover`] knows no clock and no thread: it is told what is wanted, steps by at most one send of
//! requests at a time, and says what came of it. `thread.rs` drives it. Between two sends the caller
//! reads its inbox again, so what is no longer wanted is never begun. Wants are levels: the latest
//! one of a router counts, and is compared with the kernel at the start, at every notice, after
//! every loss of notices and once a minute.

use std::collections::BTreeMap;

use clock::{Duration, Instant};
use nix::errno::Errno;
use vrrp_proto::router::Holding;
use vrrp_proto::{MemberId, RouterId};

use crate::{Fact, RouterSetup};

mod announce;
mod answers;
pub mod kernel;
mod links;
mod moved;
pub mod picture;
mod plan;
mod rtnetlink;
pub(crate) mod thread;
mod watch;

pub use links::LinkFact;

use announce::{Budget, Repeat};
use kernel::{Kernel, Request};
use links::Links;
use moved::Moved;
use picture::Picture;
use plan::{Next, Route, plan};
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
    routers: BTreeMap<RouterId, Moved>,
    links: Links,
    /// Interfaces whose `arp_ignore` we raised, and what it was.
    muted: BTreeMap<String, u8>,
    budget: Budget,
    /// When the next announcement is due.
    repeat_at: Option<Instant>,
    /// When a lingering route or a refused request is due.
    look_at: Option<Instant>,
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
    /// What the interface of a router with a source of its own can do for it.
    Source(MemberId, vrrp_proto::router::Link),
    /// The device of a member's virtual MAC appeared, with this index, or vanished.
    Device(MemberId, Option<u32>),
    /// All addresses of a router are as this revision wanted them, leftovers included.
    Settled(RouterId, u64),
}

impl<K: Kernel> Mover<K> {
    /// Moves addresses through `kernel`; nothing is wanted yet. Reads links and addresses.
    ///
    /// # Errors
    /// The kernel's word when links and addresses cannot be read.
    pub fn new(
        now: Instant,
        mut kernel: K,
        routers: &[RouterSetup],
        track: &[String],
    ) -> Result<Self, Errno> {
        let ours = routers.iter().flat_map(|r| moved::v4(r).map(|a| a.address));
        let mut picture = Picture::new(ours);
        let (links, addresses) = kernel.dump()?;
        picture.replace(links, addresses);
        let mut mover = Self {
            kernel,
            picture,
            routers: routers.iter().map(|r| (r.id, Moved::new(r))).collect(),
            links: Links::new(routers, track),
            muted: BTreeMap::new(),
            budget: Budget::new(),
            repeat_at: None,
            look_at: None,
            verify_at: now + VERIFY_EVERY,
            blind: false,
            news: Vec::new(),
            facts: Vec::new(),
        };
        mover.compare_links();
        Ok(mover)
    }

    /// What is wanted of a router's addresses from now on; `revision` comes back in
    /// [`News::Settled`].
    pub fn want(&mut self, router: RouterId, revision: u64, holding: Holding) {
        if let Some(moved) = self.routers.get_mut(&router) {
            moved.want(revision, holding);
        }
    }

    /// Announces a router's held addresses once more, from the start of the schedule.
    pub fn announce(&mut self, now: Instant, router: RouterId) {
        if let Some(moved) = self.routers.get_mut(&router) {
            moved.announce_at(now);
            self.repeat_at = Some(now);
        }
    }

    /// Does the next piece of work. False when there is nothing to do before [`Self::deadline`].
    pub fn step(&mut self, now: Instant) -> bool {
        if self.move_some(now) || self.watch(now) {
            return true;
        }
        self.announce_due(now);
        self.unmute();
        self.verify(now)
    }

    /// When to step again although nothing is heard.
    pub fn deadline(&self) -> Option<Instant> {
        [self.repeat_at, self.look_at, Some(self.verify_at)].into_iter().flatten().min()
    }

    /// Takes what the wire thread must know since the last call.
    pub fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Takes what the engine must know since the last call.
    pub fn facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// Ends: takes back what was only meant to last a moment, leaves the addresses.
    pub fn finish(&mut self) {
        let lingering = self.routers.values().flat_map(|moved| &moved.spots);
        let routes: Vec<Request> = lingering
            .filter(|spot| matches!(spot.route, Route::Placed(_)))
            .map(|spot| Request::DeleteRoute(spot.wanted.address))
            .collect();
        for some in routes.chunks(BATCH) {
            for (request, answer) in some.iter().zip(self.kernel.request(some)) {
                if let (&Request::DeleteRoute(address), Err(errno)) = (request, answer.result) {
                    self.facts.push(Fact::Warning(format!(
                        "local route {address}/32 dev lo is left behind: {}",
                        errno.desc()
                    )));
                }
            }
        }
        for spot in self.routers.values_mut().flat_map(|moved| &mut moved.spots) {
            spot.route = Route::Absent;
        }
        self.unmute();
    }

    /// One send for up to [`BATCH`] addresses, and what came of it. False if nothing is to be asked.
    fn move_some(&mut self, now: Instant) -> bool {
        let round = self.gather(now);
        self.look_at = round.look_at;
        if round.asked.is_empty() {
            return false;
        }
        let requests: Vec<Request> = round.asked.iter().map(|&(.., request)| request).collect();
        let answers = self.kernel.request(&requests);
        for ((router, at, request), answer) in round.asked.into_iter().zip(answers) {
            self.answered(now, router, at, request, answer);
        }
        true
    }

    /// What to ask next; routers for which nothing is left to ask are told to be settled.
    fn gather(&mut self, now: Instant) -> Round {
        let Self { kernel, picture, routers, muted, news, facts, .. } = self;
        let mut round = Round::default();
        for (&router, moved) in routers.iter_mut().filter(|(_, moved)| moved.busy) {
            let Some((revision, holding)) = moved.want else {
                moved.busy = false;
                continue;
            };
            let mut mute = || mute(kernel, muted, &moved.interface);
            let settled = round.add(now, router, holding, moved, picture, &mut mute);
            if round.is_full() {
                break;
            }
            if settled {
                moved.busy = false;
                if moved.settled.replace(revision) != Some(revision) {
                    news.push(News::Settled(router, revision));
                    facts.push(Fact::Settled { router, holding, at: now });
                }
            }
        }
        round
    }

    /// Sends what is due of the repeated announcements, as far as the budget goes.
    fn announce_due(&mut self, now: Instant) {
        if self.repeat_at.is_none_or(|at| at > now) {
            return;
        }
        let mut next: Option<Instant> = None;
        for moved in self.routers.values_mut() {
            let link = self.picture.by_name(&moved.interface);
            let Some((index, mac)) = link.and_then(|link| Some((link.index, link.mac?))) else {
                continue;
            };
            for spot in &mut moved.spots {
                let Some(repeat) = spot.repeat else { continue };
                let following = if repeat.at() > now {
                    repeat
                } else if let Err(later) = self.budget.ask(now) {
                    next = next.into_iter().chain([later]).min();
                    continue;
                } else {
                    self.budget.spend(now);
                    match self.kernel.announce(index, mac, spot.wanted.address) {
                        Ok(()) => repeat.following(),
                        // The interface is down or busy: tried again in a second, and at link up.
                        Err(_) => Repeat::first(now),
                    }
                };
                spot.repeat = Some(following);
                next = next.into_iter().chain([following.at()]).min();
            }
        }
        self.repeat_at = next;
    }

    /// Restores `arp_ignore` where no address of ours is muted any more.
    fn unmute(&mut self) {
        let Self { kernel, muted, routers, facts, .. } = self;
        muted.retain(|interface, before| {
            let lingers = routers.values().any(|moved| {
                moved.interface == *interface
                    && moved.spots.iter().any(|spot| matches!(spot.route, Route::Placed(_)))
            });
            if !lingers
                && *before == 0
                && kernel.arp_ignore(interface) == Ok(1)
                && let Err(errno) = kernel.set_arp_ignore(interface, 0)
            {
                facts.push(Fact::Warning(format!(
                    "net.ipv4.conf.{interface}.arp_ignore stays 1: {}",
                    errno.desc()
                )));
            }
            lingers
        });
    }
}

/// What one send asks.
#[derive(Debug, Default)]
struct Round {
    asked: Vec<(RouterId, usize, Request)>,
    addresses: usize,
    look_at: Option<Instant>,
}

impl Round {
    fn is_full(&self) -> bool {
        self.addresses >= BATCH
    }

    /// Adds what is to be asked for one router; true if it is settled.
    fn add(
        &mut self,
        now: Instant,
        router: RouterId,
        holding: Holding,
        moved: &Moved,
        picture: &Picture,
        mute: &mut dyn FnMut() -> bool,
    ) -> bool {
        let index = picture.by_name(&moved.interface).map(|link| link.index);
        let mut settled = true;
        for (at, spot) in moved.spots.iter().enumerate() {
            let next = match spot.retry_after(now) {
                Some(later) => Next::Wait(later),
                None => plan(now, holding, &spot.place(index, picture, &mut [0; 33])),
            };
            settled &= next == Next::Settled;
            self.addresses += usize::from(matches!(next, Next::Ask(_) | Next::LetGo(_)));
            match next {
                Next::Settled | Next::Stuck => {}
                Next::Wait(until) => {
                    self.look_at = self.look_at.into_iter().chain([until]).min();
                }
                Next::Ask(request) => self.asked.push((router, at, request)),
                Next::LetGo(requests) => {
                    // Unmuted, the route would answer for the address: it goes without one.
                    let skip = usize::from(!mute());
                    self.asked.extend(requests.into_iter().skip(skip).map(|r| (router, at, r)));
                }
            }
            if self.is_full() {
                break;
            }
        }
        settled
    }
}

/// Makes an interface silent about addresses that are only routed. False if that cannot be done.
fn mute(kernel: &mut impl Kernel, muted: &mut BTreeMap<String, u8>, interface: &str) -> bool {
    if muted.contains_key(interface) {
        return true;
    }
    let raised = kernel.arp_ignore(interface).and_then(|before| {
        if before == 0 {
            kernel.set_arp_ignore(interface, 1)?;
        }
        Ok(before)
    });
    match raised {
        Ok(before) => muted.insert(interface.to_owned(), before).is_none(),
        Err(_) => false,
    }
}
