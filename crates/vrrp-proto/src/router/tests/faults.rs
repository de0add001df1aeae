//! What keeps a router out of the election without an order: a fault, a path that is not open.

use super::*;

const PRESENT: Event = Event::Fault(Fault::Present);
const CLEAR: Event = Event::Fault(Fault::Clear);

const FAREWELL: [Output; 2] = [advertise(0), became(Role::Leaving, Reason::Fault)];

#[test]
fn a_fault_makes_an_active_leave_and_its_end_brings_it_back() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_100), PRESENT, &FAREWELL);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_150), heard(HIGHER_ADDRESS, 50), &gone);
    assert_eq!((router.reason(), router.deadline()), (Reason::Fault, None), "waits for its end");
    check(&mut router, ms(20_000), Event::Tick, &[]);
    let back = [ABSENT, became(Role::Backup, Reason::FaultCleared)];
    check(&mut router, ms(30_000), CLEAR, &back);
    assert_eq!(router.deadline(), Some(us(33_609_375)));
}

#[test]
fn a_fault_that_ends_while_leaving_lets_the_router_back_when_that_is_over() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_000), PRESENT, &FAREWELL);
    check(&mut router, ms(10_010), CLEAR, &[]);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_020), heard(HIGHER_ADDRESS, 50), &gone);
    assert_eq!(router.deadline(), Some(ms(10_020)));
    check(&mut router, ms(10_020), Event::Tick, &[ABSENT, became(Role::Backup, Reason::Startup)]);
}

#[test]
fn the_same_fault_again_is_no_news() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_050), CLEAR, &[]);
    check(&mut router, ms(10_100), PRESENT, &FAREWELL);
    let deadline = router.deadline();
    check(&mut router, ms(10_110), PRESENT, &[]);
    assert_eq!(router.deadline(), deadline);
}

#[test]
fn ordered_out_while_it_leaves_for_a_fault_a_router_stays_out() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_000), PRESENT, &FAREWELL);
    check(&mut router, ms(10_010), Event::Shutdown, &[]);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_020), heard(HIGHER_ADDRESS, 50), &gone);
    check(&mut router, ms(11_000), CLEAR, &[]);
    assert_eq!((router.role(), router.deadline()), (Role::Init, None));
}

#[test]
fn ordered_out_during_a_fault_a_router_stays_out() {
    let mut router = backup(settings(100));
    check(&mut router, ms(100), PRESENT, &[ABSENT, became(Role::Init, Reason::Fault)]);
    check(&mut router, ms(200), Event::Shutdown, &[]);
    check(&mut router, ms(300), CLEAR, &[]);
    check(&mut router, ms(400), Event::Startup, &[ABSENT, became(Role::Backup, Reason::Startup)]);
}

#[test]
fn started_with_a_fault_a_router_lets_go_of_what_an_earlier_process_held() {
    let mut router = node(settings(100));
    check(&mut router, ms(0), PRESENT, &[]);
    check(&mut router, ms(0), Event::Resume(ms(0)), &[ABSENT]);
    assert_eq!((router.role(), router.reason()), (Role::Init, Reason::Fault));
    let back = [ABSENT, became(Role::Backup, Reason::FaultCleared)];
    check(&mut router, ms(10), CLEAR, &back);
}

#[test]
fn both_a_fault_and_a_closed_path_must_end() {
    let mut router = backup(settings(100));
    check(&mut router, ms(10), PRESENT, &[ABSENT, became(Role::Init, Reason::Fault)]);
    check(&mut router, ms(20), Event::Path(Path::Closed), &[]);
    assert_eq!(router.reason(), Reason::LinkDown);
    check(&mut router, ms(30), CLEAR, &[]);
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(40), Event::Path(Path::Open), &up);
    check(
        &mut router,
        ms(50),
        Event::Path(Path::Closed),
        &[ABSENT, became(Role::Init, Reason::LinkDown)],
    );
    check(&mut router, ms(60), PRESENT, &[]);
    check(&mut router, ms(70), Event::Path(Path::Open), &[]);
    assert_eq!(router.reason(), Reason::Fault);
    let back = [ABSENT, became(Role::Backup, Reason::FaultCleared)];
    check(&mut router, ms(80), CLEAR, &back);
}

#[test]
fn the_owner_leaves_for_a_fault_too_and_takes_its_addresses_back() {
    let mut router = node(settings(255));
    check(&mut router, ms(0), Event::Startup, &takeover(255, Reason::Owner));
    check(&mut router, ms(100), PRESENT, &FAREWELL);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(200), heard(HIGHER_ADDRESS, 50), &gone);
    check(&mut router, ms(900), CLEAR, &takeover(255, Reason::Owner));
}

#[test]
fn an_active_that_some_member_can_still_speak_for_says_that_it_leaves() {
    let mut router = active(settings(100));
    let farewell = [advertise(0), became(Role::Leaving, Reason::LinkDown)];
    check(&mut router, ms(10_000), Event::Path(Path::Partial), &farewell);
    let gone = [ABSENT, became(Role::Init, Reason::Succeeded)];
    check(&mut router, ms(10_300), heard(HIGHER_ADDRESS, 50), &gone);
    assert_eq!((router.reason(), router.deadline()), (Reason::LinkDown, None));
    let up = [ABSENT, became(Role::Backup, Reason::LinkUp)];
    check(&mut router, ms(12_000), Event::Path(Path::Open), &up);
}

#[test]
fn a_leaver_whose_last_member_falls_silent_lets_go_at_once() {
    let mut router = active(settings(100));
    check(&mut router, ms(10_000), PRESENT, &FAREWELL);
    check(&mut router, ms(10_010), Event::Path(Path::Partial), &[]);
    let gone = [ABSENT, became(Role::Init, Reason::LinkDown)];
    check(&mut router, ms(10_020), Event::Path(Path::Closed), &gone);
    check(&mut router, ms(10_030), Event::Path(Path::Open), &[]);
    let back = [ABSENT, became(Role::Backup, Reason::FaultCleared)];
    check(&mut router, ms(10_040), CLEAR, &back);
}

#[test]
fn a_router_without_an_address_says_so_and_comes_back_with_one() {
    let mut router = active(settings(100));
    let stripped = [ABSENT, became(Role::Init, Reason::AddressGone)];
    check(&mut router, ms(10_000), Event::Path(Path::Unaddressed), &stripped);
    check(&mut router, ms(10_010), Event::Path(Path::Closed), &[]);
    assert_eq!(router.reason(), Reason::LinkDown);
    check(&mut router, ms(10_020), Event::Path(Path::Unaddressed), &[]);
    assert_eq!(router.reason(), Reason::AddressGone);
    let back = [ABSENT, became(Role::Backup, Reason::AddressBack)];
    check(&mut router, ms(10_030), Event::Path(Path::Open), &back);
}
