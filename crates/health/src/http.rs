//! HTTP GET as a check: settings, exchange, tests.
//!
//! The status line decides, once the whole header has come; no body is read. The answer is parsed
//! by `httparse`; the bytes come from the network and may be anything.

#![deny(clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use crate::exchange::Step;
use crate::{Failure, Outcome};

/// An HTTP/1.1 GET and the statuses that pass.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpGet {
    /// The path and query, beginning with `/`. What cannot stand in a request line (blanks, control
    /// and non-ASCII bytes) is sent percent-encoded.
    pub path: String,
    /// The Host header; by default the server's address and port.
    pub host: Option<String>,
    /// Statuses that pass; 200 to 299 by default.
    pub status: Vec<RangeInclusive<u16>>,
}

/// One GET, from the standing connection to the end of the answer's header.
#[derive(Debug)]
pub(crate) struct Dialogue {
    wanted: Vec<RangeInclusive<u16>>,
    /// The answer so far, from its last interim response on.
    head: Vec<u8>,
    /// How much may still come before the header counts as endless.
    room: usize,
}

impl Dialogue {
    pub(crate) fn begin(get: &HttpGet, server: SocketAddr) -> (Self, Step) {
        let dialogue = Self { wanted: get.status.clone(), head: Vec::new(), room: MAX_HEADER };
        (dialogue, Step::Send(request(get, server).into_bytes()))
    }

    pub(crate) fn received(&mut self, bytes: &[u8]) -> Step {
        let fits = bytes.get(..self.room).unwrap_or(bytes);
        // The same bytes must mean the same however they were cut, and a byte at a time must not
        // cost a parse of everything each: only the ends of lines, and the first bytes, tell.
        let tells = self.head.len() < VERSION_AND_STATUS || fits.contains(&b'\n');
        self.head.extend_from_slice(fits);
        self.room -= fits.len();
        let step = if tells { self.parse() } else { Step::Receive };
        match step {
            Step::Receive if self.room == 0 => Step::Done(Outcome::Fail(Failure::Protocol)),
            Step::Receive | Step::Send(_) | Step::Done(_) => step,
        }
    }

    pub(crate) fn closed(&mut self) -> Outcome {
        Outcome::Fail(Failure::Reset)
    }

    /// Skips interim responses (RFC 9110 15.2) up to the one that counts. 101 counts: after it,
    /// nobody speaks HTTP.
    fn parse(&mut self) -> Step {
        loop {
            match parse_head(telling(&self.head)) {
                Head::Incomplete => return Step::Receive,
                Head::Broken => return Step::Done(Outcome::Fail(Failure::Protocol)),
                Head::Whole { status: 100 | 102..=199, len } => {
                    self.head.drain(..len);
                }
                Head::Whole { status, .. } => return Step::Done(self.judge(status)),
            }
        }
    }

    fn judge(&self, status: u16) -> Outcome {
        if self.wanted.iter().any(|range| range.contains(&status)) {
            Outcome::Pass
        } else {
            Outcome::Fail(Failure::Status(status))
        }
    }
}

/// What stands at the beginning of some bytes.
enum Head {
    Incomplete,
    Broken,
    Whole { status: u16, len: usize },
}

fn parse_head(bytes: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Partial) => Head::Incomplete,
        Ok(httparse::Status::Complete(len)) => match response.code {
            Some(status) => Head::Whole { status, len },
            None => Head::Broken,
        },
        Err(_) => Head::Broken,
    }
}

/// The part of an unfinished answer that can decide anything: its whole lines, or its first bytes.
fn telling(head: &[u8]) -> &[u8] {
    let lines = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    head.get(..lines.max(VERSION_AND_STATUS)).unwrap_or(head)
}

/// RFC 9112 3 and 9110 7.2: the target in origin form, and a Host.
fn request(get: &HttpGet, server: SocketAddr) -> String {
    // Not `server` itself: a scope id means nothing to the server (RFC 6874).
    let named = get.host.as_deref().map(encoded);
    let host = named.unwrap_or_else(|| SocketAddr::new(server.ip(), server.port()).to_string());
    format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: gemel/{}\r\n\
         Accept: */*\r\n\r\n",
        encoded(&get.path),
        env!("CARGO_PKG_VERSION"),
    )
}

/// Percent-encodes what would break the line.
fn encoded(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() {
            line.push(char::from(byte));
        } else {
            line.push_str(&format!("%{byte:02X}"));
        }
    }
    line
}

/// The most an answer may hold before its header ends, interim responses included, in bytes.
const MAX_HEADER: usize = 32 * 1024;

/// The most header lines an answer may have.
const MAX_HEADERS: usize = 128;

/// The length of `HTTP/1.1 200`, in bytes: a server that does not speak HTTP is told by these even
/// if it never ends a line.
const VERSION_AND_STATUS: usize = 12;

#[cfg(test)]
mod tests;
