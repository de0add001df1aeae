//! How the mover follows what others do to links and addresses.

use clock::{Duration, Instant};
use vrrp_proto::router::Holding;

use super::kernel::{Kernel, Notice, Origin};
use super::picture::{AddressRow, LinkRow};
use super::{Mover, VERIFY_EVERY};
use crate::Fact;

/// The pause after a dump that failed.
const DUMP_AGAIN: Duration = Duration::from_secs(1);

impl<K: Kernel> Mover<K> {
    /// Takes in all waiting notices. True if there were any.
    pub(super) fn watch(&mut self, now: Instant) -> bool {
        let notices = self.kernel.notices();
        let any = !notices.is_empty();
        for notice in notices {
            match notice {
                Notice::Link(link) => self.link_changed(now, link),
                Notice::LinkGone(index) => {
                    self.picture.link_gone(index);
                    self.routers.values_mut().for_each(|moved| moved.busy = true);
                }
                Notice::Address(row, origin) if self.is_news(row, origin) => {
                    self.picture.address(row);
                    self.touched(row);
                }
                Notice::AddressGone(row, origin) if self.is_news(row, origin) => {
                    self.picture.address_gone(row.index, row.address, row.prefix);
                    self.touched(row);
                    self.lost(row);
                }
                Notice::Address(..) | Notice::AddressGone(..) => {}
                Notice::Overrun => self.verify_at = now,
            }
        }
        if any {
            self.compare_links();
        }
        any
    }

    /// Compares the picture with a dump when that is due. True if it was.
    pub(super) fn verify(&mut self, now: Instant) -> bool {
        if now < self.verify_at {
            return false;
        }
        match self.kernel.dump() {
            Ok((links, addresses)) => {
                self.verify_at = now + VERIFY_EVERY;
                self.blind = false;
                self.picture.replace(links, addresses);
                self.note_missing();
                self.compare_links();
                true
            }
            Err(errno) => {
                self.verify_at = now + DUMP_AGAIN;
                if !std::mem::replace(&mut self.blind, true) {
                    self.facts.push(Fact::Warning(format!(
                        "links and addresses cannot be read: {}; trying again every second",
                        errno.desc()
                    )));
                }
                false
            }
        }
    }

    /// A link changed. Held addresses are announced anew when it comes up.
    fn link_changed(&mut self, now: Instant, link: LinkRow) {
        let was_up = self.picture.by_name(&link.name).is_some_and(|before| before.up);
        let rises = link.up && !was_up;
        let name = link.name.clone();
        self.picture.link(link);
        for moved in self.routers.values_mut() {
            moved.busy = true;
            if rises && moved.interface == name {
                moved.announce_at(now);
                self.repeat_at = Some(now);
            }
        }
    }

    /// Whether a notice tells more than the answers to our own requests did: a notice of our own
    /// request is stale once a later one about the same address was answered.
    fn is_news(&mut self, row: AddressRow, origin: Origin) -> bool {
        let Origin::Own(sequence) = origin else { return true };
        let spots = self.routers.values_mut().filter_map(|moved| moved.spot_mut(row.address));
        spots.into_iter().all(|spot| sequence.wrapping_sub(spot.sequence) as i32 > 0)
    }

    /// Routers that own this address may have something to do.
    fn touched(&mut self, row: AddressRow) {
        for moved in self.routers.values_mut() {
            if moved.spot_mut(row.address).is_some() {
                moved.busy = true;
            }
        }
    }

    /// A held address went by somebody else's hand.
    fn lost(&mut self, row: AddressRow) {
        let picture = &self.picture;
        for moved in self.routers.values_mut().filter(|moved| moved.held()) {
            let index = picture.by_name(&moved.interface).map(|link| link.index);
            if index == Some(row.index)
                && let Some(spot) = moved.spot_mut(row.address)
                && spot.wanted.prefix == row.prefix
            {
                spot.lost = true;
            }
        }
    }

    /// After a dump: which held addresses are gone that had landed, and who has something to do.
    fn note_missing(&mut self) {
        for moved in self.routers.values_mut() {
            moved.busy = true;
            let Some((_, Holding::Held)) = moved.want else { continue };
            let Some(link) = self.picture.by_name(&moved.interface) else { continue };
            for spot in &mut moved.spots {
                let wanted = spot.wanted;
                let mut there = self.picture.prefixes(link.index, wanted.address);
                spot.lost |= spot.repeat.is_some() && !there.any(|prefix| prefix == wanted.prefix);
            }
        }
    }
}
