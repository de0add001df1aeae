//! Hosts as network namespaces on one bridge, and directors on them. Everything is named after this
//! process and taken away again, also after a failure.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use clock::{Duration, Interval};
use mailbox::{Inbox, mailbox};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use vrrp::{Fact, Order, RouterReport, RouterSetup, Setup, StartError, Vrrp};
use vrrp_proto::held::{Held, Mac, MemberSetup, Scope, VirtualAddress};
use vrrp_proto::router::{
    Adverts, Deciders, Holding, Member, Preempt, Protocol, Settings, Strictness,
};
use vrrp_proto::{ChecksumPolicy, DownFactor, LinkId, Priority, Role, RouterId, Vrid};

/// The address that moves.
pub(crate) const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);
pub(crate) const ROUTER: RouterId = RouterId(1);
/// How long anything may take before a test gives up; never a pause.
const PATIENCE: Duration = Duration::from_secs(20);

/// The hosts take turns: two labs at once would disturb each other's times.
static TURN: Mutex<()> = Mutex::new(());
static LABS: AtomicU32 = AtomicU32::new(0);

/// A bridge and hosts `a`, `b`, ... on it, with 192.0.2.1, .2, ... and MAC addresses 02::1, ...
pub(crate) struct Lab {
    tag: String,
    hosts: Vec<char>,
    folder: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Lab {
    pub(crate) fn new(hosts: u8) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let tag = format!("vrrp{}-{number}", std::process::id());
        let hosts: Vec<char> = ('a'..).take(hosts.into()).collect();
        let lab = Self { tag, hosts, folder: tempfile::tempdir().unwrap(), _turn: turn };
        run(&format!("netns add {}", lab.space('s')));
        lab.ip('s', "link add br0 type bridge mcast_snooping 0");
        lab.ip('s', "link set br0 promisc on up");
        for &host in &lab.hosts {
            run(&format!("netns add {}", lab.space(host)));
            lab.ip(host, "link set lo up");
            // Nobody else has their addresses: a second of detection each is nothing to wait for.
            let setting = "/proc/sys/net/ipv6/conf/default/accept_dad";
            lab.inside(host, || fs::write(setting, "0").unwrap());
            lab.plug(host, "eth0");
        }
        lab
    }

    /// Connects an interface of a host to the bridge.
    pub(crate) fn plug(&self, host: char, interface: &str) {
        let number = host as u32 - 'a' as u32 + 1;
        let space = self.space(host);
        self.ip(
            's',
            &format!(
                "link add {interface} netns {space} address 02:00:00:00:00:0{number} type veth peer \
                 name {host}-{interface}"
            ),
        );
        self.ip('s', &format!("link set {host}-{interface} master br0 up"));
        self.ip(host, &format!("link set {interface} up"));
        self.ip(host, &format!("addr add 192.0.2.{number}/24 dev {interface}"));
    }

    /// `ip` inside a host, or inside the switch `s`.
    pub(crate) fn ip(&self, host: char, arguments: &str) {
        // Not `ip -n`: it remounts /, which a plain chroot refuses.
        self.inside(host, || run(arguments));
    }

    /// The cable between a host and the switch.
    pub(crate) fn cable(&self, host: char, state: &str) {
        self.ip('s', &format!("link set {host}-eth0 {state}"));
    }

    /// The addresses of a host's interface.
    pub(crate) fn addresses(&self, host: char, interface: &str) -> String {
        self.show(host, &format!("-4 -o addr show dev {interface}"))
    }

    /// The routes that take [`VIP`]'s packets although no interface has it.
    pub(crate) fn local_routes(&self, host: char) -> String {
        self.show(host, "route show table local dev lo 192.0.2.80")
    }

    pub(crate) fn show(&self, host: char, arguments: &str) -> String {
        let arguments = format!("-n {} {arguments}", self.space(host));
        let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn has_vip(&self, host: char) -> bool {
        self.addresses(host, "eth0").contains("192.0.2.80/32")
    }

    /// Runs `work` in a thread that lives in a host.
    pub(crate) fn inside<T: Send>(&self, host: char, work: impl FnOnce() -> T + Send) -> T {
        let space = self.space(host);
        thread::scope(|scope| scope.spawn(|| in_space(&space, work)).join().unwrap())
    }

    /// As [`Self::inside`], but lets it run.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        host: char,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> thread::JoinHandle<T> {
        let space = self.space(host);
        thread::spawn(move || in_space(&space, work))
    }

    /// What a director on this host is told to be: one router with [`VIP`], interval 100 ms.
    pub(crate) fn setup(&self, host: char, priority: u8) -> Setup {
        Setup { run_dir: self.folder.path().join(host.to_string()), ..plain_setup(priority) }
    }

    /// The same with these members.
    pub(crate) fn setup_of(&self, host: char, priority: u8, members: Vec<Member>) -> Setup {
        let run_dir = self.folder.path().join(host.to_string());
        Setup { run_dir, ..setup_of(priority, members) }
    }

    pub(crate) fn try_start(&self, host: char, setup: Setup) -> Result<Director, StartError> {
        let (outbox, facts) = mailbox(1_000).unwrap();
        let vrrp = self.inside(host, || vrrp::start(setup, outbox))?;
        Ok(Director { vrrp: Some(vrrp), facts })
    }

    pub(crate) fn start(&self, host: char, priority: u8) -> Director {
        self.try_start(host, self.setup(host, priority)).unwrap()
    }

    /// 'a' is Active and holds the address, then 'b' becomes its Backup.
    pub(crate) fn pair(&self, priorities: [u8; 2]) -> (Director, Director) {
        let mut a = self.start('a', priorities[0]);
        a.role(Role::Active);
        a.wait("held", |fact| {
            matches!(fact, Fact::Settled { holding: Holding::Held, .. }).then_some(())
        });
        let mut b = self.start('b', priorities[1]);
        b.role(Role::Backup);
        (a, b)
    }

    fn space(&self, host: char) -> String {
        format!("{}{host}", self.tag)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in self.hosts.iter().chain(&['s']) {
            let deleted = Command::new("ip").args(["netns", "del", &self.space(*host)]).status();
            assert!(deleted.is_ok_and(|status| status.success()) || thread::panicking());
        }
    }
}

/// The two threads of one director.
pub(crate) struct Director {
    vrrp: Option<Vrrp>,
    facts: Inbox<Fact>,
}

impl Director {
    pub(crate) fn order(&self, order: Order) {
        self.vrrp.as_ref().unwrap().order(order).unwrap();
    }

    /// The next fact that `choose` takes; others are passed over.
    pub(crate) fn wait<T>(&mut self, what: &str, choose: impl Fn(&Fact) -> Option<T>) -> T {
        let mut passed = Vec::new();
        loop {
            while let Some(fact) = self.facts.take() {
                if let Some(chosen) = choose(&fact) {
                    return chosen;
                }
                passed.push(fact);
            }
            let mut bell = [PollFd::new(self.facts.as_fd(), PollFlags::POLLIN)];
            let rung = poll(&mut bell, PollTimeout::try_from(PATIENCE).unwrap()).unwrap();
            assert!(rung > 0, "{what} did not come; heard: {passed:?}");
        }
    }

    /// Waits until the router has this role.
    pub(crate) fn role(&mut self, wanted: Role) {
        self.wait(&format!("role {wanted}"), |fact| {
            matches!(fact, Fact::Role { role, .. } if *role == wanted).then_some(())
        });
    }

    /// What it says of its first router.
    pub(crate) fn report(&mut self) -> RouterReport {
        self.order(Order::Report);
        self.wait("a report", |fact| {
            let Fact::Report(reports) = fact else { return None };
            reports.first().cloned()
        })
    }

    /// Waits for the end of both threads.
    pub(crate) fn ended(mut self) {
        self.wait("the end", |fact| matches!(fact, Fact::Ended).then_some(()));
        self.vrrp.take().unwrap().join();
    }

    /// Goes, leaving everything as it is: what a crash looks like from outside, but for one last
    /// advert.
    pub(crate) fn keep(self) {
        self.order(Order::Keep);
        self.ended();
    }

    /// The facts heard so far that nobody waited for.
    pub(crate) fn heard(&mut self) -> Vec<Fact> {
        std::iter::from_fn(|| self.facts.take()).collect()
    }
}

impl Drop for Director {
    /// A failed test must not leave threads behind in a namespace that goes.
    fn drop(&mut self) {
        if let Some(vrrp) = self.vrrp.take()
            && vrrp.order(Order::Keep).is_ok()
        {
            vrrp.join();
        }
    }
}

/// One router with [`VIP`], interval 100 ms, on eth0; without a folder.
pub(crate) fn plain_setup(priority: u8) -> Setup {
    setup_of(priority, vec![member(Protocol::V3Ipv4(ChecksumPolicy::Auto), &[VIP.into()])])
}

fn setup_of(priority: u8, members: Vec<Member>) -> Setup {
    let addresses = members.iter().flat_map(|member| &member.addresses).map(|&a| on("eth0", a));
    let router = RouterSetup {
        id: ROUTER,
        name: "web".into(),
        held: Held { addresses: addresses.collect(), ..Held::default() },
        members: vec![place("eth0"); members.len()],
        settings: Settings {
            members,
            deciders: Deciders::All,
            priority: Priority::new(priority).unwrap(),
            interval: Interval::from_centis(10).unwrap(),
            down_factor: DownFactor::DEFAULT,
            preempt: Preempt::Yes,
            preempt_delay: Duration::ZERO,
            startup_delay: Duration::ZERO,
            peer_base: None,
            rival: Priority::new(200).unwrap(),
            hold: Duration::ZERO,
        },
    };
    let run_dir = std::path::PathBuf::new();
    Setup { routers: vec![router], leftovers: Vec::new(), track: Vec::new(), run_dir }
}

/// Virtual router 51 of a protocol, by multicast.
pub(crate) fn member(protocol: Protocol, addresses: &[IpAddr]) -> Member {
    Member {
        link: LinkId(0),
        vrid: Vrid::new(51).unwrap(),
        protocol,
        addresses: addresses.to_vec(),
        adverts: Adverts::Multicast,
        strictness: Strictness::Lenient,
    }
}

/// Speaks on this interface, from its primary address and its own MAC address.
pub(crate) fn place(interface: &str) -> MemberSetup {
    MemberSetup { interface: interface.into(), source: None, mac: Mac::Interface }
}

/// An address to hold, of the longest prefix.
pub(crate) fn on(interface: &str, address: IpAddr) -> VirtualAddress {
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    VirtualAddress {
        interface: interface.into(),
        address,
        prefix,
        label: None,
        scope: Scope::Global,
    }
}

/// Asks `is_so` again and again until it is.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come true");
        thread::yield_now();
    }
}

fn in_space<T>(space: &str, work: impl FnOnce() -> T) -> T {
    let file = File::open(format!("/var/run/netns/{space}")).unwrap();
    setns(file.as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
    work()
}

pub(crate) fn run(arguments: &str) {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `net.ipv4.conf.eth0.arp_ignore` of the namespace of the calling thread.
pub(crate) fn arp_ignore() -> String {
    let path = "/proc/sys/net/ipv4/conf/eth0/arp_ignore";
    fs::read_to_string(path).unwrap().trim().to_owned()
}
