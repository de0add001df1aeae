//! What a wakeup leaves to be sent when several things happen in it.

use std::net::IpAddr;

use clock::{Duration, Interval};
use mailbox::{Inbox, mailbox};
use vrrp_proto::held::{Held, Mac, MemberSetup};
use vrrp_proto::router::{
    Adverts, Deciders, Link, Member, Preempt, Protocol, Settings, Strictness,
};
use vrrp_proto::wire::{Advert, Format, MAX_DATAGRAM, MULTICAST, emit};
use vrrp_proto::{Checksum, ChecksumPolicy, DownFactor, Priority, Role, Vrid};

use super::*;
use crate::state::Key;

const ROUTER: RouterId = RouterId(1);
const VIP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 80));

/// A core with one router of priority 100, Active, with nothing left to send; without sockets.
struct Scene {
    core: Core,
    now: Instant,
    _mover: Inbox<ToMover>,
    _facts: Inbox<Fact>,
    _folder: tempfile::TempDir,
}

fn scene() -> Scene {
    let (mover, mover_inbox) = mailbox(16).unwrap();
    let (facts, facts_inbox) = mailbox(16).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let setup = setup();
    let key = Key::new(&[], &[]);
    let path = folder.path().join("state");
    let state = State::create(&path, "boot", &[(key, Memory::default())]).unwrap();
    let now = Instant::from_millis(10_000);
    let rows = vec![Row::new(&setup, Memory::default())];
    let rest = (state, mover, Teller::new(facts));
    let mut core = Core::new(now, &[setup], rows, vec![Port::new("eth0")], rest);
    core.begin(now);
    core.feed(
        now,
        Event::Source(MemberId { router: ROUTER, at: 0 }, Link::Up([192, 0, 2, 1].into())),
    );
    let later = core.election.deadline().unwrap();
    core.feed(later, Event::Tick);
    assert_eq!(core.election.router(ROUTER).unwrap().role(), Role::Active);
    let mut scene =
        Scene { core, now: later, _mover: mover_inbox, _facts: facts_inbox, _folder: folder };
    assert_eq!(scene.pass_on(), Some(Priority::new(100).unwrap()), "the claim");
    scene
}

impl Scene {
    /// What the wakeup would send; it is over then.
    fn pass_on(&mut self) -> Option<Priority> {
        let advert = self.core.rows[0].advert;
        self.core.send(self.now);
        assert!(self.core.post());
        self.core.store();
        advert
    }

    fn hear(&mut self, priority: u8) {
        let mut bytes = [0; MAX_DATAGRAM];
        let advert = Advert {
            from: [192, 0, 2, 2].into(),
            to: MULTICAST.into(),
            ttl: 255,
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::from_wire(priority),
            interval: Interval::from_centis(100).unwrap(),
            format: Format::V3Ipv4(Checksum::PseudoHeader),
        };
        let length = emit(&advert, &[VIP], &mut bytes).unwrap();
        self.core.hear(self.now, LinkId(0), Datagram::V4(&bytes[..length]));
    }
}

fn setup() -> RouterSetup {
    let member = Member {
        link: LinkId(0),
        vrid: Vrid::new(51).unwrap(),
        protocol: Protocol::V3Ipv4(ChecksumPolicy::Auto),
        addresses: vec![VIP],
        adverts: Adverts::Multicast,
        strictness: Strictness::Lenient,
    };
    let settings = Settings {
        members: vec![member],
        deciders: Deciders::All,
        priority: Priority::new(100).unwrap(),
        interval: Interval::from_centis(100).unwrap(),
        down_factor: DownFactor::DEFAULT,
        preempt: Preempt::Yes,
        preempt_delay: Duration::ZERO,
        startup_delay: Duration::ZERO,
        peer_base: None,
        rival: Priority::MAX,
        hold: Duration::ZERO,
    };
    let place = MemberSetup { interface: "eth0".into(), source: None, mac: Mac::Interface };
    let (members, held) = (vec![place], Held::default());
    RouterSetup { id: ROUTER, name: "web".into(), settings, members, held }
}

#[test]
fn whoever_loses_within_a_wakeup_says_nothing_any_more() {
    let mut scene = scene();
    scene.now = scene.now + Duration::from_millis(500);
    scene.hear(50);
    assert_eq!(scene.core.rows[0].advert, Priority::new(100), "an answer to the lesser one");
    scene.hear(200);
    assert_eq!(scene.pass_on(), None);
}

#[test]
fn a_due_advert_does_not_leave_when_a_better_one_was_waiting() {
    let mut scene = scene();
    scene.now = scene.core.election.deadline().unwrap();
    // The order of a wakeup: everything received, then what is due.
    scene.hear(200);
    let now = scene.now;
    scene.core.feed(now, Event::Tick);
    assert_eq!(scene.pass_on(), None);
}

#[test]
fn a_release_and_a_keep_say_their_last_word() {
    let mut scene = scene();
    let now = scene.now;
    scene.core.feed(now, Event::Router(ROUTER, router::Event::Shutdown));
    assert_eq!(scene.pass_on(), Some(Priority::RELEASE));
    let mut scene = self::scene();
    let now = scene.now;
    scene.core.feed(now, Event::Router(ROUTER, router::Event::Keep));
    assert_eq!(scene.pass_on(), Priority::new(100));
}

#[test]
fn amid_a_flood_the_active_advertises_and_nobody_claims() {
    let mut scene = scene();
    let due = scene.core.election.deadline().unwrap();
    scene.core.feed(due, Event::TickHolders);
    assert_eq!(scene.pass_on(), Priority::new(100));
    scene.hear(200);
    scene.pass_on();
    let due = scene.core.election.deadline().unwrap();
    scene.core.feed(due, Event::TickHolders);
    assert_eq!(scene.core.election.router(ROUTER).unwrap().role(), Role::Backup);
    scene.core.feed(due, Event::Tick);
    assert_eq!(scene.core.election.router(ROUTER).unwrap().role(), Role::Active);
}
