//! One question put to one server: connect, let the exchange speak, close.
//!
//! It knows sockets and the one timeout, not protocols: those are the health crate's exchanges. The
//! task of a question runs it.

use std::io;
use std::net::SocketAddr;

use clock::Duration;
use health::exchange::{Exchange, Step};
use health::{Check, Failure, Outcome};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::fault::{self, Stage};

/// Asks, within the check's timeout; tokio's timers may make that a millisecond or two more.
pub(crate) async fn ask(check: &Check) -> Outcome {
    let deadline = Instant::now() + check.timing.timeout;
    let mut stream = match timeout_at(deadline, connect(check.target)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(outcome)) => return outcome,
        Err(_) => return Outcome::Fail(Failure::TimeoutConnect),
    };
    match timeout_at(deadline, talk(&mut stream, check)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => fault::outcome(Stage::Talking, &error),
        Err(_) => Outcome::Fail(Failure::TimeoutRead),
    }
}

/// Not `TcpStream::connect`: it does not say whether an error came from our kernel or from outside.
async fn connect(target: SocketAddr) -> Result<TcpStream, Outcome> {
    let ours = |error: io::Error| fault::outcome(Stage::Local, &error);
    let stream = begin(target).map_err(ours)?;
    stream.writable().await.map_err(ours)?;
    match stream.take_error().map_err(ours)? {
        None => Ok(stream),
        Some(error) => Err(fault::outcome(Stage::Connecting, &error)),
    }
}

/// A connection under way.
fn begin(target: SocketAddr) -> io::Result<TcpStream> {
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(target), kind, Some(Protocol::TCP))?;
    // Closing resets: no TIME_WAIT here for each check, and nothing lingers after a timeout.
    socket.set_linger(Some(Duration::ZERO))?;
    match socket.connect(&target.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
        Ok(()) | Err(_) => {}
    }
    TcpStream::from_std(socket.into())
}

/// Carries the bytes between the exchange and a standing connection.
async fn talk(stream: &mut TcpStream, check: &Check) -> io::Result<Outcome> {
    let (mut exchange, mut step) = Exchange::begin(check);
    let mut chunk = [0; CHUNK];
    loop {
        match step {
            Step::Done(outcome) => return Ok(outcome),
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Receive => {}
        }
        step = match stream.read(&mut chunk).await? {
            0 => Step::Done(exchange.closed()),
            len => exchange.received(chunk.get(..len).unwrap_or_default()),
        };
    }
}

/// The most read at once, in bytes; a task holds this much.
const CHUNK: usize = 4096;

#[cfg(test)]
mod tests;
