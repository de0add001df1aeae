//! A synthetic Active: advertises some virtual routers, falls silent for each in its turn so that
//! the Backup takes over, speaks again so that it yields, and so on.
//!
//! A takeover costs one cycle of one router this way, not the start of a daemon: hundreds of them
//! fit into a minute, spread evenly.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

use super::flood::raw_socket;
use super::frames::Frame;
use super::site::Site;
use crate::peers::Side;
use crate::prober::addresses_of;
use crate::sys;

/// How the routers of one interval are fed, in intervals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) interval: Duration,
    pub(crate) routers: u32,
    /// Adverts before the silence.
    pub(crate) fed: u32,
    /// The silence; longer than the Active_Down_Interval.
    pub(crate) silent: u32,
}

impl Rhythm {
    /// From one silence of a router to its next.
    pub(crate) fn cycle(&self) -> Duration {
        self.interval * (self.fed + self.silent)
    }

    /// When advert `number` of router `router` is due, since the start. Routers follow one another
    /// evenly, `shift` parts in a thousand of their distance later than on the beat.
    fn due(&self, router: u32, number: u32, shift: u32) -> Duration {
        let distance = self.cycle() / self.routers;
        let cycles = self.cycle() * (number / self.fed);
        distance * router + distance * shift / 1000 + cycles + self.interval * (number % self.fed)
    }
}

/// Feeds from its start until dropped.
pub(crate) struct Feeder {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Feeder {
    /// Feeds the routers of this site's plan, as lb1, on whose host nothing else may run.
    pub(crate) fn start(site: &Site, rhythm: Rhythm, shift: u32) -> Result<Self> {
        let (mac, source) = site.lb1.host.enter(|| addresses_of("eth0"))?;
        let frames: Vec<Vec<u8>> = site
            .plan
            .routers
            .iter()
            .map(|router| {
                let addresses: Vec<Ipv4Addr> = router.addresses.clone();
                let (vrid, interval) = (router.vrid, router.interval);
                let priority = Side::Lb1.priority();
                Frame { mac, source, vrid, priority, interval, addresses }.good()
            })
            .collect();
        let socket = raw_socket(&site.lb1.host, "eth0")?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = site.lb1.host.spawn("feeder", move || {
            let feed = || -> Result<()> {
                // It stands for another machine, which this one's load does not touch.
                sys::real_time(REAL_TIME).context("real-time priority for the feeder")?;
                let start = monotonic()? + LEAD;
                let mut sent = vec![0; frames.len()];
                while !stopped.load(Ordering::Relaxed) {
                    let next = (0_u32..).zip(&sent).map(|(router, number)| {
                        (rhythm.due(router, *number, shift), router as usize)
                    });
                    let (due, router) = next.min().context("no routers to feed")?;
                    sleep_until(start + due)?;
                    socket.send(&frames[router]).context("send an advert")?;
                    sent[router] += 1;
                }
                Ok(())
            };
            if let Err(error) = feed() {
                eprintln!("lab: the synthetic Active is silent: {error:#}");
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("lab: the feeder died");
        }
    }
}

fn monotonic() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_MONOTONIC)?.into())
}

fn sleep_until(due: Duration) -> Result<()> {
    let (clock, flags) = (ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME);
    loop {
        match clock_nanosleep(clock, flags, &TimeSpec::from_duration(due)) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Below the daemons.
const REAL_TIME: i32 = 20;

/// From the order to feed until the first advert.
const LEAD: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_is_fed_falls_silent_and_is_fed_again_and_routers_follow_one_another() {
        let interval = Duration::from_millis(100);
        let rhythm = Rhythm { interval, routers: 7, fed: 8, silent: 6 };
        let due = |router, number| rhythm.due(router, number, 0).as_millis();
        assert_eq!([due(0, 0), due(0, 7), due(0, 8), due(0, 9)], [0, 700, 1400, 1500]);
        assert_eq!([due(1, 0), due(6, 8)], [200, 2600]);
        assert_eq!(rhythm.due(1, 0, 500).as_millis(), 300);
    }
}
