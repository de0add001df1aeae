//! The demo's client: asks the virtual address over HTTP all the time, one request after the
//! other, and remembers every answer and every failure.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use crate::client::Ticks;
use crate::net::Host;
use crate::servers;
use crate::witness::now_ns;

/// One request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Request {
    /// CLOCK_REALTIME, as the witness counts.
    pub asked_ns: u64,
    pub done_ns: u64,
    /// Who answered; `None` if nobody did in time.
    pub server: Option<String>,
}

/// What the client saw in some time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen {
    pub requests: usize,
    pub failed: usize,
    /// The longest time without an answer: from the first of several requests in a row that
    /// failed to the first answer after them.
    pub outage: Duration,
    /// The same for all failures, whether or not others were answered between them.
    pub trouble: Duration,
}

/// Asks from [`Asker::start`] until dropped.
pub(super) struct Asker {
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Asker {
    /// Asks `address` from `host`, a request per `period` unless the one before takes longer, at
    /// most `limit`.
    pub(super) fn start(
        host: &Host,
        address: SocketAddr,
        period: Duration,
        limit: Duration,
    ) -> Result<Self> {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let beat = Ticks::every(period)?;
        let (known, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let thread = host.spawn("asker", move || {
            while !stopped.load(Ordering::Relaxed) && beat.next().is_ok() {
                let asked_ns = now_ns();
                let server = servers::ask(address, limit).ok();
                let request = Request { asked_ns, done_ns: now_ns(), server };
                known.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        })?;
        Ok(Self { requests, stop, thread: Some(thread) })
    }

    /// Every request asked at or after `since_ns` that is done.
    pub(super) fn since(&self, since_ns: u64) -> Vec<Request> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let first = requests.partition_point(|request| request.asked_ns < since_ns);
        requests.get(first..).unwrap_or_default().to_vec()
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("lab: the demo's client died");
        }
    }
}

impl Seen {
    /// The sum of these requests, in the order in which they were asked.
    pub(super) fn of(requests: &[Request]) -> Self {
        let mut seen = Self { requests: requests.len(), ..Self::default() };
        let (mut first_ns, mut first_in_row_ns) = (None, None);
        for request in requests {
            let is_lost = request.server.is_none();
            if is_lost {
                seen.failed += 1;
                first_ns.get_or_insert(request.asked_ns);
                first_in_row_ns.get_or_insert(request.asked_ns);
            }
            // The answer that ends a row, or a failure that may be the last thing known.
            if let Some(from_ns) = first_in_row_ns {
                let row = Duration::from_nanos(request.done_ns.saturating_sub(from_ns));
                seen.outage = seen.outage.max(row);
                let all = request.done_ns.saturating_sub(first_ns.unwrap_or(from_ns));
                seen.trouble = Duration::from_nanos(all);
            }
            if !is_lost {
                first_in_row_ns = None;
            }
        }
        seen
    }
}

/// Who answered the last `count` requests that were answered.
pub(super) fn answering(requests: &[Request], count: usize) -> BTreeSet<String> {
    let servers = requests.iter().rev().filter_map(|request| request.server.clone());
    servers.take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_lasts_from_the_first_failure_in_a_row_to_the_next_answer() {
        check(&[Some("a"), Some("b")], 0, 0, 0);
        check(&[Some("a"), None, None, Some("b"), Some("a")], 2, 25, 25);
        check(&[Some("a"), None, Some("b"), None, Some("a")], 2, 15, 35);
        check(&[None, None, Some("b"), Some("b"), None, Some("a"), Some("a")], 3, 25, 55);
        check(&[Some("a"), None], 1, 5, 5);
        check(&[], 0, 0, 0);
    }

    #[test]
    fn who_answers_is_told_by_the_last_answers() {
        let requests = requests(&[Some("a"), Some("b"), None, Some("b")]);
        assert_eq!(answering(&requests, 2), BTreeSet::from(["b".to_owned()]));
        assert_eq!(answering(&requests, 3), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }

    /// One request each ten nanoseconds that takes five.
    fn requests(servers: &[Option<&str>]) -> Vec<Request> {
        let request = |(index, server): (usize, &Option<&str>)| Request {
            asked_ns: index as u64 * 10,
            done_ns: index as u64 * 10 + 5,
            server: server.map(str::to_owned),
        };
        servers.iter().enumerate().map(request).collect()
    }

    fn check(servers: &[Option<&str>], failed: usize, outage_ns: u64, trouble_ns: u64) {
        let [outage, trouble] = [outage_ns, trouble_ns].map(Duration::from_nanos);
        let expected = Seen { requests: servers.len(), failed, outage, trouble };
        assert_eq!(Seen::of(&requests(servers)), expected, "{servers:?}");
    }
}
