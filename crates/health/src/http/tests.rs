use proptest::prelude::*;

use super::*;

#[test]
fn the_request_is_whole_and_names_the_server() {
    let (_, step) = Dialogue::begin(&get("/healthz?full=1"), server());
    let Step::Send(bytes) = step else { panic!("{step:?}") };
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /healthz?full=1 HTTP/1.1\r\nHost: 192.0.2.1:8080\r\nConnection: close\r\n\
         User-Agent: gemel/{version}\r\nAccept: */*\r\n\r\n"
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn the_host_is_bracketed_for_ipv6_without_its_scope_and_as_given_otherwise() {
    let scoped = "[fe80::1%3]:80".parse().unwrap();
    assert!(request(&get("/"), scoped).contains("\r\nHost: [fe80::1]:80\r\n"));
    let named = HttpGet { host: Some("www.example.net".into()), ..get("/") };
    assert!(request(&named, server()).contains("\r\nHost: www.example.net\r\n"));
}

#[test]
fn settings_cannot_break_the_request_line() {
    let broken = HttpGet { host: Some("a\r\nX: 1".into()), ..get("/a b\r\nX: ä") };
    let text = request(&broken, server());
    assert!(text.starts_with("GET /a%20b%0D%0AX:%20%C3%A4 HTTP/1.1\r\nHost: a%0D%0AX:%201\r\n"));
}

#[test]
fn the_status_decides_at_the_end_of_the_header() {
    check(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", Outcome::Pass);
    check(b"HTTP/1.0 204\r\n\r\nbody", Outcome::Pass);
    check(b"HTTP/1.1 299 Odd\n\n", Outcome::Pass);
    check(b"HTTP/1.1 300 No\r\n\r\n", status(300));
    check(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n", status(503));
}

#[test]
fn only_wanted_statuses_pass() {
    let wanted = HttpGet { status: vec![200..=200, 401..=403], ..get("/") };
    let answer = |code| format!("HTTP/1.1 {code} x\r\n\r\n");
    assert_eq!(feed(&wanted, answer(402).as_bytes(), &[]), Outcome::Pass);
    assert_eq!(feed(&wanted, answer(201).as_bytes(), &[]), status(201));
}

#[test]
fn interim_answers_are_skipped_but_for_switching_protocols() {
    check(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nL: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        Outcome::Pass,
    );
    check(b"HTTP/1.1 100 Continue\r\n\r\nSSH-2.0-x\r\n", PROTOCOL);
    check(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", status(101));
}

#[test]
fn closed_before_the_header_is_whole_is_a_reset() {
    check(b"", RESET);
    check(b"HTTP/1.1 2", RESET);
    check(b"HTTP/1.1 200 OK\r\nA: b\r\n", RESET);
}

#[test]
fn garbage_breaks_the_protocol_even_without_an_end_of_line() {
    check(b"SSH-2.0-OpenSSH_9.2\r\n", PROTOCOL);
    check(b"\x4a\x00\x00\x00\x0a8.0.36\x00", PROTOCOL);
    check(b"HTTP/2.0 200 OK\r\n\r\n", PROTOCOL);
    check(b"HTTP/1.1 20x OK\r\n\r\n", PROTOCOL);
    check(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", PROTOCOL);
}

#[test]
fn an_endless_header_breaks_the_protocol_at_its_bound() {
    let line = [b"HTTP/1.1 200 OK\r\nA: ".as_slice(), &[b'x'; MAX_HEADER]].concat();
    check(&line, PROTOCOL);
    check(
        &b"HTTP/1.1 200 OK\r\n"
            .iter()
            .chain(b"A: b\r\n".iter().cycle().take(MAX_HEADER))
            .copied()
            .collect::<Vec<_>>(),
        PROTOCOL,
    );
    check(&b"HTTP/1.1 100 Wait\r\n\r\n".repeat(MAX_HEADER), PROTOCOL);
    check(&b"\r\n".repeat(MAX_HEADER), PROTOCOL);
}

#[test]
fn a_header_of_exactly_the_bound_passes_and_one_byte_more_does_not() {
    let sized = |len: usize| {
        let (start, end) = (b"HTTP/1.1 200 OK\r\nA: ".as_slice(), b"\r\n\r\n".as_slice());
        [start, &vec![b'x'; len - start.len() - end.len()], end].concat()
    };
    check(&sized(MAX_HEADER), Outcome::Pass);
    check(&sized(MAX_HEADER + 1), PROTOCOL);
}

#[test]
fn a_byte_at_a_time_is_settled_by_the_last_byte_of_the_header_alone() {
    let answer = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n";
    let (mut dialogue, _) = Dialogue::begin(&get("/"), server());
    let steps: Vec<_> = answer.iter().map(|byte| dialogue.received(&[*byte])).collect();
    let (last, before) = steps.split_last().unwrap();
    assert_eq!(*last, Step::Done(Outcome::Pass));
    assert!(before.iter().all(|step| *step == Step::Receive), "{before:?}");
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_mean_the_same_and_stay_within_the_bound(
        answer in answer(),
        cuts in prop::collection::vec(1_usize..2_000, 0..40),
    ) {
        let whole = feed(&get("/"), &answer, &[]);
        prop_assert_eq!(feed(&get("/"), &answer, &cuts), whole);
        prop_assert_eq!(feed(&get("/"), &answer, &[1; 4_000]), whole);
    }
}

/// Noise, text that resembles HTTP, and answers that are nearly right.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.0 503\n", "\r\n", "\n",
            "A: b\r\n", "\r\n\r\n", "HTTP/1.1 ", " ", ":", "Long: ", "\r", "20", "\0", "\t folded\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (1_usize..40_000).prop_map(|len| vec![b'x'; len]),
    ];
    let pieces = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200),
        4 => pieces.clone(),
        4 => pieces.prop_map(|rest| [b"HTTP/1.1 200 OK\r\n".as_slice(), &rest].concat()),
    ]
}

/// Feeds an answer in pieces of these sizes, then the rest at once, then closes.
fn feed(get: &HttpGet, answer: &[u8], cuts: &[usize]) -> Outcome {
    let (mut dialogue, _) = Dialogue::begin(get, server());
    let mut rest = answer;
    let mut sizes = cuts.iter().copied().chain([usize::MAX]);
    while let (false, Some(size)) = (rest.is_empty(), sizes.next()) {
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        let step = dialogue.received(piece);
        assert!(dialogue.head.len() <= MAX_HEADER && dialogue.head.capacity() <= 2 * MAX_HEADER);
        match step {
            Step::Done(outcome) => return outcome,
            Step::Receive => {}
            Step::Send(bytes) => panic!("nothing more to send: {bytes:?}"),
        }
    }
    dialogue.closed()
}

fn check(answer: &[u8], expected: Outcome) {
    for cuts in [vec![], vec![1; 100], vec![7; 10_000]] {
        assert_eq!(
            feed(&get("/"), answer, &cuts),
            expected,
            "{:?}",
            String::from_utf8_lossy(answer)
        );
    }
}

fn get(path: &str) -> HttpGet {
    HttpGet { path: path.into(), host: None, status: vec![200..=299] }
}

fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 8080))
}

fn status(status: u16) -> Outcome {
    Outcome::Fail(Failure::Status(status))
}

const PROTOCOL: Outcome = Outcome::Fail(Failure::Protocol);
const RESET: Outcome = Outcome::Fail(Failure::Reset);
