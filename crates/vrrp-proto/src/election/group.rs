//! How the seats of one router's members become one decision (design.md 6, Groups).
//!
//! What the decision is, the router says; here is which adverts reach it, what they say of a tie, and
//! what several links mean for one path.

use core::cmp::Ordering;

use super::seat::{Seat, Standing};
use crate::router::{Deciders, Heard, Link, Path, Preempt};
use crate::{Role, Router};

/// Whether an advert on this member decides.
pub(super) fn counts(deciders: Deciders, at: usize) -> bool {
    match deciders {
        Deciders::All => true,
        Deciders::Leader(leader) => at == leader,
    }
}

/// How many of the seats that decide before this one do not say that we lose a tie.
pub(super) fn dissent(deciders: Deciders, at: usize, seats: &[Seat]) -> u8 {
    let before = seats.iter().take(at).enumerate().filter(|(at, _)| counts(deciders, *at));
    let loses = |seat: &Seat| {
        seat.peer().is_some_and(|peer| seat.compare(peer.address) == Ordering::Greater)
    };
    let dissenting = before.filter(|(_, seat)| !loses(seat)).count();
    u8::try_from(dissenting).unwrap_or(u8::MAX)
}

/// Whether the sender of an advert holds the addresses, or is to hold them, in our router's eyes
/// (RFC 9568 6.4.2, 6.4.3).
pub(super) fn standing(router: &Router, heard: &Heard) -> Standing {
    let ours = router.priority();
    let wins = match router.role() {
        Role::Backup => heard.priority >= ours || router.settings().preempt == Preempt::No,
        Role::Init | Role::Active | Role::Leaving => {
            (heard.priority, heard.tie) > (ours, Ordering::Equal)
        }
    };
    if wins { Standing::Obeyed } else { Standing::Lesser }
}

/// What the seats that decide can do together.
pub(super) fn path(deciders: Deciders, seats: &[Seat]) -> Path {
    let deciding = seats.iter().enumerate().filter(|(at, _)| counts(deciders, *at));
    let links = deciding.map(|(_, seat)| seat.link());
    let (mut up, mut unaddressed, mut down) = (0_usize, 0_usize, 0_usize);
    for link in links {
        *match link {
            Link::Up(_) => &mut up,
            Link::Unaddressed => &mut unaddressed,
            Link::Down => &mut down,
        } += 1;
    }
    match (up, unaddressed, down) {
        (1.., 0, 0) => Path::Open,
        (1.., _, _) => Path::Partial,
        (0, 1.., 0) => Path::Unaddressed,
        (0, _, _) => Path::Closed,
    }
}
