//! Equal priorities in a group whose members order the two directors differently: both must reach
//! the same answer, whichever wires carry adverts.

use super::two::*;
use super::*;

const SEEDS: u64 = 300;

/// Side 0 has the higher address on the first member, side 1 on the second.
const CONTRADICTORY: [[u8; 2]; 2] = [[9, 1], [1, 9]];
/// Side 1 has the higher address on both.
const CONSISTENT: [[u8; 2]; 2] = [[1, 1], [9, 9]];

const WHOLE: [bool; 2] = [true, true];
const CUT: [bool; 2] = [false, false];
const FROM_0: [bool; 2] = [true, false];
const FROM_1: [bool; 2] = [false, true];

#[test]
fn contradictory_addresses_leave_one_active_whatever_the_wires_carry() {
    for (carries, winner) in [
        ([WHOLE, WHOLE], 0),
        ([WHOLE, CUT], 0),
        ([CUT, WHOLE], 1),
        ([FROM_0, WHOLE], 0),
        ([FROM_1, WHOLE], 1),
        ([WHOLE, FROM_0], 0),
        ([WHOLE, FROM_1], 0),
    ] {
        for members in pairs_of_members() {
            for seed in 1..=SEEDS {
                check(seed, &members, CONTRADICTORY, carries, winner);
            }
        }
    }
}

#[test]
fn without_contradiction_the_address_decides_at_once() {
    for carries in [[WHOLE, WHOLE], [WHOLE, CUT], [WHOLE, FROM_0], [WHOLE, FROM_1]] {
        for seed in 1..=SEEDS {
            let two = check(seed, &[v4(1), v6(1)], CONSISTENT, carries, 1);
            assert!(two.both.longest <= 2 * WAY, "seed {seed}: {:?}", two.both.longest);
        }
    }
}

#[test]
fn addresses_known_to_agree_decide_at_once_on_any_member() {
    for seed in 1..=SEEDS {
        let members = [v4(1), v4(2)];
        let mut two = started(seed, &members, CONSISTENT);
        two.run(ms(10_000));
        assert_eq!(two.sides[1].role, Role::Active);
        two.carries = vec![CUT, CUT];
        two.run(ms(20_000));
        assert_eq!(two.actives(), 2);
        (two.carries, two.both) = (vec![CUT, WHOLE], Span::default());
        two.run(ms(21_000) + WAY);
        assert_eq!((two.actives(), two.sides[1].role), (1, Role::Active), "seed {seed}");
    }
}

/// The longest way of a packet.
const WAY: Duration = Duration::from_millis(20);

/// Both start at the same moment and claim at the same moment.
#[track_caller]
fn check(
    seed: u64,
    members: &[Member],
    last: [[u8; 2]; 2],
    carries: [[bool; 2]; 2],
    winner: usize,
) -> Two {
    let mut two = started(seed, members, last);
    two.carries = carries.to_vec();
    // Active_Down_Interval, two intervals to agree, and the way.
    two.run(us(3_609_375 + 2_000_000) + WAY * 3);
    let roles = [two.sides[0].role, two.sides[1].role];
    let title = std::format!("seed {seed}, {carries:?}: {roles:?}");
    assert_eq!((two.actives(), two.sides[winner].role), (1, Role::Active), "{title}");
    let settled = two.changes();
    assert_eq!(settled, 5, "{title}: two start, two claim, one yields");
    two.run(ms(60_000));
    assert_eq!(two.changes(), settled, "{title}: stable");
    two
}

fn started(seed: u64, members: &[Member], last: [[u8; 2]; 2]) -> Two {
    let addresses = last.map(|last| addresses(members, &last));
    let mut two = Two::new(seed, [group(members, 100), group(members, 100)], addresses);
    two.delay = WAY.as_nanos() as u64;
    two.order_both(router::Event::Startup);
    two
}

fn pairs_of_members() -> [[Member; 2]; 4] {
    [[v4(1), v6(1)], [v4(1), v4(2)], [v2(1), v6(1)], [v2(1), v2(2)]]
}

const fn us(micros: u64) -> Instant {
    Instant::from_nanos(micros * 1_000)
}
