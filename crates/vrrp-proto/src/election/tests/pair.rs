//! Two directors on bad wires, ordered about at random: whatever happened before, a while after the
//! wires are whole exactly one of them is Active, and nothing changes any more.

use super::two::*;
use super::*;
use crate::router::Fault;

const SEEDS: u64 = 2_000;

#[test]
fn a_pair_that_went_through_anything_ends_with_one_active() {
    for seed in 1..=SEEDS {
        let mut two = pair(seed);
        two.order_both(router::Event::Startup);
        (two.loss, two.delay) = (50, 200_000_000);
        for step in 1..=120 {
            two.run(ms(step * 500));
            if two.dice.below(2) == 0 {
                disturb(&mut two);
            }
        }
        heal(&mut two);
        two.run(ms(140_000));
        let roles = [two.sides[0].role, two.sides[1].role];
        assert_eq!(two.actives(), 1, "seed {seed}: {roles:?}, {:?}", two.sides[0].settings());
        let settled = two.changes();
        two.run(ms(260_000));
        assert_eq!(two.changes(), settled, "seed {seed}: stable");
    }
}

/// One or two members of any kind; priorities, addresses and delays of any size.
fn pair(seed: u64) -> Two {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let members = match dice.below(7) {
        0 => vec![v4(1)],
        1 => vec![v2(1)],
        2 => vec![v6(1)],
        3 => vec![v4(1), v6(1)],
        4 => vec![v4(1), v4(2)],
        5 => vec![v2(1), v6(1)],
        _ => vec![v6(1), v4(2)],
    };
    let deciders = match dice.below(4) {
        0 => Deciders::Leader(dice.below(members.len() as u64) as usize),
        _ => Deciders::All,
    };
    let equal = dice.below(4) == 0;
    let first = dice.below(255) as u8 + 1;
    let factor = DownFactor::new(dice.below(6) as u8 + 1).unwrap();
    let second = if equal { first } else { dice.below(255) as u8 + 1 };
    let mut of = |priority| Settings {
        deciders,
        down_factor: factor,
        preempt: if dice.below(2) == 0 { Preempt::Yes } else { Preempt::No },
        preempt_delay: Duration::from_millis(dice.below(2) * dice.below(10_000)),
        startup_delay: Duration::from_millis(dice.below(2) * dice.below(5_000)),
        hold: Duration::from_millis(dice.below(6_000)),
        ..group(&members, priority)
    };
    let ours = of(first);
    let mut theirs = of(second);
    theirs.preempt = ours.preempt;
    // Each member orders the directors as it likes.
    let larger = [dice.below(2), dice.below(2)];
    let last: [[u8; 2]; 2] =
        [0, 1].map(|side| larger.map(|larger| if larger == side { 9 } else { 1 }));
    Two::new(seed, [ours, theirs], last.map(|last| addresses(&members, &last)))
}

/// One thing goes wrong, or right again, on one side.
fn disturb(two: &mut Two) {
    let to = two.dice.below(2) as usize;
    let member = two.dice.below(two.carries.len() as u64) as usize;
    let event = match two.dice.below(14) {
        0 => router::Event::Shutdown,
        1 => router::Event::Keep,
        2 | 3 => router::Event::Startup,
        4 => router::Event::Resume(two.now - Duration::from_millis(two.dice.below(4_000))),
        5 => return two.link(to, member, Link::Down),
        6 => return two.link(to, member, Link::Unaddressed),
        7 | 8 => return two.link_up(to, member),
        9 => {
            let carries = [two.dice.below(2) == 0, two.dice.below(2) == 0];
            two.carries[member] = carries;
            return;
        }
        10 => router::Event::Ready,
        11 => router::Event::Fault(Fault::Present),
        12 => router::Event::Fault(Fault::Clear),
        _ => router::Event::Priority(prio(two.dice.below(256) as u8)),
    };
    two.order(to, event);
}

/// Every wire is whole, every link up, every fault over, everybody told to take part.
fn heal(two: &mut Two) {
    (two.loss, two.delay) = (0, 1_000_000);
    two.carries.fill([true; 2]);
    for to in [0, 1] {
        for member in 0..two.carries.len() {
            two.link_up(to, member);
        }
        two.order(to, router::Event::Fault(Fault::Clear));
        two.order(to, router::Event::Startup);
    }
}
