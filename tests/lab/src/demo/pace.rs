//! How fast the demo's pair is, what file that makes, and what the protocol then allows.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// The times in the demo's file, and those of its client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two adverts.
    pub interval: Duration,
    /// Between two checks of a server.
    pub check: Duration,
    /// Of one check.
    pub timeout: Duration,
    /// Between two requests of the client.
    pub period: Duration,
    /// Of one request of the client.
    pub patience: Duration,
    /// What this machine may add to what the protocol allows.
    pub slack: Duration,
    /// Whether every instruction here costs ten to thirty times what it should.
    pub emulated: bool,
}

impl Pace {
    /// What this machine can keep.
    pub(super) fn of_this_machine() -> Result<Self> {
        let cpu = fs::read_to_string("/proc/cpuinfo").context("read /proc/cpuinfo")?;
        // What qemu calls a processor that it emulates.
        Ok(Self::of(cpu.contains("QEMU TCG CPU")))
    }

    /// What a machine can keep whose processor is, or is not, emulated.
    pub(super) const fn of(emulated: bool) -> Self {
        if emulated { EMULATED } else { REAL }
    }

    /// RFC 9568 6.1: Active_Down_Interval of a Backup with this priority.
    pub(super) fn active_down(&self, priority: u32) -> Duration {
        self.interval * 3 + self.skew(priority)
    }

    /// RFC 9568 6.1: Skew_Time.
    pub(super) fn skew(&self, priority: u32) -> Duration {
        self.interval * (256 - priority) / 256
    }

    /// From the death of a server to the verdict: two checks, each a tenth late, and a time-out.
    pub(super) fn fall(&self) -> Duration {
        self.check * 11 / 10 * FALL + self.timeout
    }

    /// How long a health cause is held, so that what both directors see moves nothing.
    pub(super) fn hold(&self) -> Duration {
        self.fall()
    }

    /// The file of the demo, the same for both directors.
    pub(super) fn file(&self) -> String {
        let [interval, check, timeout] =
            [self.interval, self.check, self.timeout].map(|time| time.as_millis());
        format!(
            r#"# The demo's pair: the same file on lb1 and lb2.
[pair]
name = "demo"

[[director]]
name = "lb1"
priority = 150

[[director]]
name = "lb2"
priority = 100

[[router]]                      # the virtual address and who holds it
name = "web"
interface = "eth0"
vrid = 51
interval = "{interval}ms"
addresses = ["192.0.2.80"]

[[service]]                     # the virtual server and its real servers
name = "http"
listen = "tcp://192.0.2.80:80"
router = "web"
scheduler = "rr"
forward = "direct"
quorum = {{ up_at = 1, down_below = 1, priority = -60 }}
check = {{ http = "http://{{server}}/", interval = "{check}ms", timeout = "{timeout}ms", fall = {FALL}, rise = {RISE} }}
server = [
  {{ address = "10.0.1.21" }},
  {{ address = "10.0.1.22" }},
]
"#
        )
    }
}

const FALL: u32 = 2;
const RISE: u32 = 2;

const REAL: Pace = Pace {
    interval: Duration::from_millis(100),
    check: Duration::from_millis(200),
    timeout: Duration::from_millis(150),
    period: Duration::from_millis(5),
    patience: Duration::from_millis(50),
    slack: Duration::from_millis(50),
    emulated: false,
};

const EMULATED: Pace = Pace {
    interval: Duration::from_millis(500),
    check: Duration::from_millis(500),
    timeout: Duration::from_millis(400),
    period: Duration::from_millis(20),
    patience: Duration::from_millis(250),
    slack: Duration::from_millis(500),
    emulated: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_follows_from_the_file() {
        let ms = |time: Duration| time.as_millis();
        assert_eq!(ms(REAL.active_down(100)), 360);
        assert_eq!(ms(REAL.skew(100)), 60);
        assert_eq!(ms(EMULATED.active_down(150)), 1707);
        assert_eq!(ms(EMULATED.fall()), 1500);
    }
}
