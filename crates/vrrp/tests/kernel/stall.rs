//! A director whose process is stopped for a while: it hears everything before it acts.
//!
//! The director runs in a process of its own, which is this test program started again with
//! [`CHILD`] set; then `the_child` runs it and tells roles on standard output.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use clock::Duration;
use mailbox::mailbox;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::fd::AsFd;
use vrrp::Fact;
use vrrp_proto::Role;

use crate::ear::Ear;
use crate::net::{Lab, until};

/// The host, the priority and the run folder of the director to be.
const CHILD: &str = "VRRP_STALL_CHILD";

/// Interval 100 ms: with priority 100, Active_Down_Interval is 361 ms.
const TWICE_THE_DOWN_INTERVAL: Duration = Duration::from_millis(750);

struct Other {
    process: Child,
    lines: Receiver<String>,
}

impl Other {
    fn start(lab: &Lab, host: char, priority: u8) -> Self {
        let setup = lab.setup(host, priority);
        let child = format!("{priority} {}", setup.run_dir.display());
        let mut process = lab.inside(host, || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "stall::the_child", "--nocapture"]).env(CHILD, child);
            command.stdout(Stdio::piped()).spawn().unwrap()
        });
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
        });
        Self { process, lines }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
    }

    fn stop_for(&self, time: Duration) {
        self.signal(Signal::SIGSTOP);
        // The length of the stall.
        thread::sleep(time);
        self.signal(Signal::SIGCONT);
    }

    fn role(&self, wanted: Role) {
        let wanted = format!("role {wanted}");
        let patience = Duration::from_secs(20);
        while self.lines.recv_timeout(patience).expect(&wanted) != wanted {}
    }

    fn roles(&self) -> Vec<String> {
        self.lines.try_iter().filter(|line| line.starts_with("role ")).collect()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        assert!(
            self.process.kill().and_then(|()| self.process.wait()).is_ok() || thread::panicking()
        );
    }
}

/// Runs a director until killed, when it is told to; as a test of its own it has nothing to do.
#[test]
fn the_child() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let (priority, run_dir) = told.split_once(' ').unwrap();
    let mut setup = crate::net::plain_setup(priority.parse().unwrap());
    setup.run_dir = run_dir.into();
    let (outbox, mut facts) = mailbox(1_000).unwrap();
    let vrrp = vrrp::start(setup, outbox).unwrap();
    loop {
        let mut bell = [PollFd::new(facts.as_fd(), PollFlags::POLLIN)];
        poll(&mut bell, PollTimeout::NONE).unwrap();
        while let Some(fact) = facts.take() {
            if let Fact::Role { role, .. } = fact {
                println!("\nrole {role}");
            } else if matches!(fact, Fact::Ended) {
                return vrrp.join();
            }
        }
    }
}

/// How long to watch for what must not happen: five intervals.
const WATCH: Duration = Duration::from_millis(500);

#[test]
fn a_backup_that_was_stopped_takes_nothing() {
    let lab = Lab::new(2);
    let mut a = lab.start('a', 150);
    a.role(Role::Active);
    let b = Other::start(&lab, 'b', 100);
    b.role(Role::Backup);
    let ear = Ear::new(&lab, 'b');
    for stall in [TWICE_THE_DOWN_INTERVAL, Duration::from_millis(380), Duration::from_millis(70)] {
        b.stop_for(stall);
        thread::sleep(WATCH);
        assert_eq!(b.roles(), [] as [String; 0], "{stall:?}");
        assert_eq!(ear.heard(), [], "{stall:?}");
    }
    // It has not just died.
    a.keep();
    b.role(Role::Active);
}

#[test]
fn an_active_that_was_replaced_yields_before_it_says_anything() {
    let lab = Lab::new(2);
    let a = Other::start(&lab, 'a', 100);
    a.role(Role::Active);
    // Of equal priority and the higher address.
    let mut b = lab.start('b', 100);
    b.role(Role::Backup);
    for _ in 0..3 {
        a.signal(Signal::SIGSTOP);
        b.role(Role::Active);
        let ear = Ear::new(&lab, 'a');
        a.signal(Signal::SIGCONT);
        a.role(Role::Backup);
        thread::sleep(WATCH);
        assert_eq!(ear.heard(), []);
        assert_eq!(a.roles(), [] as [String; 0]);
        // The other way round for the next time.
        b.keep();
        a.role(Role::Active);
        b = lab.start('b', 100);
        b.role(Role::Backup);
    }
}

#[test]
fn an_active_that_was_stopped_for_less_than_the_bound_goes_on() {
    let lab = Lab::new(2);
    let a = Other::start(&lab, 'a', 150);
    a.role(Role::Active);
    let mut b = lab.start('b', 100);
    b.role(Role::Backup);
    let ear = Ear::new(&lab, 'a');
    for stall in [60, 150, 250] {
        a.stop_for(Duration::from_millis(stall));
        let mut said = 0;
        until("adverts again", || {
            said += ear.heard().len();
            said > 5
        });
    }
    assert_eq!(a.roles(), [] as [String; 0]);
    assert!(!b.heard().iter().any(|fact| matches!(fact, Fact::Role { .. })));
}
