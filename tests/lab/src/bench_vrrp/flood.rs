//! Sends one frame again and again from a host, at a steady rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::net::if_::if_nametoindex;
use socket2::{Domain, Socket, Type};

use crate::client::Ticks;
use crate::net::Host;
use crate::sys;

/// Sends until finished.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<usize>>>,
}

impl Flood {
    /// Sends `frame` from `eth0` of `host`, `per_second` times a second, in bursts of at most one a
    /// millisecond.
    pub(crate) fn start(host: &Host, frame: Vec<u8>, per_second: u32) -> Result<Self> {
        let socket = raw_socket(host, "eth0")?;
        let beats = per_second.min(BURSTS_PER_SECOND);
        let burst = per_second / beats;
        let ticks = Ticks::every(Duration::from_secs(1) / beats)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = host.spawn("flood", move || -> Result<usize> {
            let mut sent = 0;
            while !stopped.load(Ordering::Relaxed) {
                ticks.next()?;
                for _ in 0..burst {
                    socket.send(&frame).context("send a frame")?;
                    sent += 1;
                }
            }
            Ok(sent)
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Stops it and tells how many frames were sent.
    pub(crate) fn finish(mut self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(sent)) => sent,
            Some(Err(_)) | None => bail!("the flood died"),
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A socket that sends whole frames out of `interface` of `host`.
pub(crate) fn raw_socket(host: &Host, interface: &str) -> Result<Socket> {
    host.enter(|| -> Result<Socket> {
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        sys::bind_packet_socket(&socket, if_nametoindex(interface)?)?;
        Ok(socket)
    })
}

const BURSTS_PER_SECOND: u32 = 1000;
