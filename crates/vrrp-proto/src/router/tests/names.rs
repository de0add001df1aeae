//! What RFC 8347 calls what happened: last-event and new-master-reason.

use super::*;

#[track_caller]
fn check_names(router: &Router, event: &str, reason: &str) {
    assert_eq!(
        (router.last_event().name(), router.new_active_reason().name()),
        (event, reason),
        "{:?}",
        router.reason()
    );
}

#[track_caller]
fn after(router: &mut Router, events: &[(Instant, Event)]) {
    for (at, event) in events {
        assert!(router.deadline().is_none_or(|due| due >= *at), "{event:?} comes after a deadline");
        let _outputs = router.handle(*at, *event);
    }
}

#[test]
fn a_first_start_that_hears_nobody() {
    let mut router = node(settings(100));
    check_names(&router, "vrrp-event-none", "not-active");
    after(&mut router, &[(ms(0), Event::Startup)]);
    check_names(&router, "vrrp-event-startup", "not-active");
    after(&mut router, &[(us(3_609_375), Event::Tick)]);
    check_names(&router, "vrrp-event-master-timeout", "priority");
}

#[test]
fn an_active_that_falls_silent_leaves_or_is_lower() {
    let taken = |events: &[(Instant, Event)]| {
        let mut router = backup(settings(100));
        after(&mut router, events);
        let due = router.deadline().unwrap();
        after(&mut router, &[(due, Event::Tick)]);
        assert_eq!(router.role(), Role::Active);
        router
    };
    let silent = taken(&[(ms(1_000), heard(HIGHER_ADDRESS, 150))]);
    check_names(&silent, "vrrp-event-master-timeout", "no-response");
    let released =
        taken(&[(ms(1_000), heard(HIGHER_ADDRESS, 150)), (ms(2_000), heard(HIGHER_ADDRESS, 0))]);
    check_names(&released, "vrrp-event-master-timeout", "priority");
    let lower = taken(&[(ms(1_000), heard(HIGHER_ADDRESS, 50))]);
    check_names(&lower, "vrrp-event-lower-priority-master", "preempted");
}

#[test]
fn a_yielding_active_remembers_why_it_was_one() {
    let mut router = active(settings(100));
    after(&mut router, &[(ms(10_001), heard(HIGHER_ADDRESS, 150))]);
    check_names(&router, "vrrp-event-higher-priority-backup", "priority");
}

#[test]
fn the_preempt_delay_has_its_own_event() {
    let mut router = backup(Settings { preempt_delay: Duration::from_secs(2), ..settings(100) });
    after(&mut router, &[(ms(1_000), heard(HIGHER_ADDRESS, 50))]);
    check_names(&router, "vrrp-event-lower-priority-master", "not-active");
    after(
        &mut router,
        &[
            (ms(2_000), heard(HIGHER_ADDRESS, 50)),
            (ms(3_000), heard(HIGHER_ADDRESS, 50)),
            (ms(4_000), heard(HIGHER_ADDRESS, 50)),
            (us(5_609_375), Event::Tick),
        ],
    );
    check_names(&router, "vrrp-event-preempt-hold-timeout", "preempted");
}

#[test]
fn links_addresses_and_faults() {
    let mut router = backup(settings(100));
    for (path, name) in [
        (Path::Closed, "vrrp-event-interface-down"),
        (Path::Open, "vrrp-event-interface-up"),
        (Path::Unaddressed, "vrrp-event-no-primary-ip-address"),
        (Path::Open, "vrrp-event-primary-ip-address"),
        (Path::Partial, "vrrp-event-interface-down"),
        (Path::Open, "vrrp-event-interface-up"),
    ] {
        after(&mut router, &[(ms(1), Event::Path(path))]);
        check_names(&router, name, "not-active");
    }
    after(&mut router, &[(ms(2), Event::Fault(Fault::Present))]);
    check_names(&router, "vrrp-event-shutdown", "not-active");
    after(&mut router, &[(ms(3), Event::Fault(Fault::Clear))]);
    check_names(&router, "vrrp-event-startup", "not-active");
}

#[test]
fn a_shutdown_stays_the_last_event_however_it_ends() {
    let mut router = active(settings(100));
    after(&mut router, &[(ms(10_001), Event::Shutdown)]);
    check_names(&router, "vrrp-event-shutdown", "priority");
    after(&mut router, &[(ms(10_002), heard(HIGHER_ADDRESS, 50))]);
    check_names(&router, "vrrp-event-shutdown", "priority");
}

#[test]
fn an_owner_preempts_only_whoever_is_there() {
    let mut alone = node(settings(255));
    after(&mut alone, &[(ms(0), Event::Startup)]);
    check_names(&alone, "vrrp-event-startup", "priority");
    let mut owner = node(settings(255));
    after(&mut owner, &[(ms(0), heard(HIGHER_ADDRESS, 50)), (ms(100), Event::Startup)]);
    check_names(&owner, "vrrp-event-owner-preempt", "preempted");
    let mut late = node(settings(255));
    after(&mut late, &[(ms(0), heard(HIGHER_ADDRESS, 50)), (ms(3_000), Event::Startup)]);
    check_names(&late, "vrrp-event-startup", "priority");
}

#[test]
fn a_resumed_active_was_never_another() {
    let mut router = node(settings(100));
    after(&mut router, &[(ms(1_000), Event::Resume(ms(900)))]);
    check_names(&router, "vrrp-event-startup", "priority");
}
