use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as Peer};
use std::thread::{self, JoinHandle};

use health::{HttpGet, Question, Timing};

use super::*;

#[test]
fn an_answer_passes() {
    let (server, target) = serve(|mut peer| {
        request(&mut peer);
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        closed(&mut peer);
    });
    check(target, http(), LONG, Outcome::Pass);
    server.join().unwrap();
}

#[test]
fn a_byte_at_a_time_passes() {
    let (server, target) = serve(|mut peer| {
        peer.set_nodelay(true).unwrap();
        request(&mut peer);
        for byte in b"HTTP/1.1 200 OK\r\nServer: slow\r\n\r\n" {
            peer.write_all(&[*byte]).unwrap();
        }
        closed(&mut peer);
    });
    check(target, http(), LONG, Outcome::Pass);
    server.join().unwrap();
}

#[test]
fn other_statuses_fail() {
    let (server, target) = serve(|mut peer| {
        request(&mut peer);
        peer.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
    });
    check(target, http(), LONG, Outcome::Fail(Failure::Status(503)));
    server.join().unwrap();
}

#[test]
fn a_connection_passes_and_is_reset_so_that_none_waits_in_our_tables() {
    let (server, target) = serve(|mut peer| {
        let error = peer.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
    });
    check(target, Question::Tcp, LONG, Outcome::Pass);
    server.join().unwrap();
}

#[test]
fn a_port_nobody_listens_on_refuses() {
    // Bound but not listening: nobody else can take the port meanwhile.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let target = socket.local_addr().unwrap().as_socket().unwrap();
    check(target, Question::Tcp, LONG, Outcome::Fail(Failure::Refused));
}

#[test]
fn a_silent_server_times_out_reading() {
    let (server, target) = serve(|mut peer| closed(&mut peer));
    check(target, http(), SHORT, Outcome::Fail(Failure::TimeoutRead));
    server.join().unwrap();
}

#[test]
fn an_answer_that_drags_on_times_out_as_a_whole() {
    let (server, target) = serve(|mut peer| {
        request(&mut peer);
        peer.write_all(b"HTTP/1.1 200 OK\r\nServer: ").unwrap();
        closed(&mut peer);
    });
    check(target, http(), SHORT, Outcome::Fail(Failure::TimeoutRead));
    server.join().unwrap();
}

#[test]
fn a_server_that_accepts_no_more_times_out_connecting() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let target = listener.local_addr().unwrap().as_socket().unwrap();
    // A backlog of 0 holds one connection; the next SYN is dropped.
    let queued = Peer::connect(target).unwrap();
    check(target, Question::Tcp, SHORT, Outcome::Fail(Failure::TimeoutConnect));
    drop(queued);
}

#[test]
fn garbage_and_endless_headers_break_the_protocol() {
    let (server, target) = serve(|mut peer| {
        peer.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
        closed(&mut peer);
    });
    check(target, http(), LONG, Outcome::Fail(Failure::Protocol));
    server.join().unwrap();

    let (server, target) = serve(|mut peer| {
        request(&mut peer);
        peer.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
        // Until the check has had enough and resets the connection.
        while peer.write_all(b"Header: and another one\r\n").is_ok() {}
    });
    check(target, http(), LONG, Outcome::Fail(Failure::Protocol));
    server.join().unwrap();
}

#[test]
fn closing_or_resetting_before_the_answer_is_whole_is_a_reset() {
    let (server, target) = serve(|mut peer| {
        request(&mut peer);
        peer.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
    });
    check(target, http(), LONG, Outcome::Fail(Failure::Reset));
    server.join().unwrap();

    let (server, target) = serve(|mut peer| {
        request(&mut peer);
        socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    });
    check(target, http(), LONG, Outcome::Fail(Failure::Reset));
    server.join().unwrap();
}

/// Puts the question once; the outcome must be this one, and the timeout be kept.
fn check(target: SocketAddr, question: Question, timeout: Duration, expected: Outcome) {
    let timing = Timing { interval: timeout, timeout, fall: 1, rise: 1 };
    let check = Check { target, question, timing };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = std::time::Instant::now();
    assert_eq!(runtime.block_on(ask(&check)), expected);
    let took = start.elapsed();
    if matches!(expected, Outcome::Fail(Failure::TimeoutConnect | Failure::TimeoutRead)) {
        assert!(took >= timeout && took < timeout * 2, "one timeout for the whole: {took:?}");
    } else {
        assert!(took < timeout, "{took:?}");
    }
}

/// A server for one connection.
fn serve(talk: impl FnOnce(Peer) + Send + 'static) -> (JoinHandle<()>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    (thread::spawn(move || talk(listener.accept().unwrap().0)), target)
}

/// Reads a whole request.
fn request(peer: &mut Peer) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(peer.read(&mut byte).unwrap(), 1, "closed after {seen:?}");
        seen.extend(byte);
    }
}

/// Waits until the other side is done with us.
fn closed(peer: &mut Peer) {
    while peer.read(&mut [0; 512]).is_ok_and(|len| len > 0) {}
}

fn http() -> Question {
    let get = HttpGet { path: "/healthz".into(), host: None, status: vec![200..=299] };
    Question::Http(get)
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(700);
