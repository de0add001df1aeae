use std::time::Duration;

use super::url::HttpUrl;
use super::*;

#[test]
fn durations_need_a_number_and_a_unit() {
    let good = [
        ("100ms", 100_000_000),
        ("1s", 1_000_000_000),
        ("1.5 s", 1_500_000_000),
        ("0.01s", 10_000_000),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
    ];
    for (text, nanos) in good {
        assert_eq!(duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
    }
    for text in ["", "s", "1", "-1s", "1.s", ".5s", "1..2s", "1e3s", "1m", "1 sec", "9999999999s"] {
        assert!(duration(text).is_err(), "{text}");
    }
    assert!(duration("999999999h").is_err(), "2^64 ns are 584 years");
}

#[test]
fn intervals_are_what_twelve_bits_of_centiseconds_can_say() {
    for (text, centis) in [("10ms", 1), ("100ms", 10), ("1s", 100), ("40.95s", 4095)] {
        assert_eq!(interval(text).map(clock::Interval::centis), Ok(centis), "{text}");
    }
    for text in ["0s", "5ms", "15ms", "40.96s", "1h", "9000h", "10.5ms"] {
        assert!(interval(text).is_err(), "{text}");
    }
}

#[test]
fn durations_are_written_as_they_are_read() {
    for text in ["100ms", "1s", "1.5s", "40.95s", "0ms", "1.5h"] {
        assert_eq!(write(duration(text).unwrap()), text);
    }
}

#[test]
fn a_virtual_address_is_one_hosts_with_a_prefix_length_or_none() {
    let good = [
        ("192.0.2.80", None),
        ("192.0.2.80/24", Some(24)),
        ("192.0.2.80/31", Some(31)),
        ("192.0.2.0/31", Some(31)),
        ("192.0.2.80/32", Some(32)),
        ("192.0.2.1/1", Some(1)),
        ("2001:db8::80", None),
        ("2001:db8::80/64", Some(64)),
        ("2001:db8::/127", Some(127)),
        ("2001:db8::80/128", Some(128)),
        ("fe80::1/10", Some(10)),
    ];
    for (text, prefix) in good {
        let address = text.split('/').next().unwrap().parse().unwrap();
        assert_eq!(virtual_address(text), Ok((address, prefix)), "{text}");
    }
    let wrong = [
        "192.0.2.80/0",
        "192.0.2.80/33",
        "192.0.2.80/",
        "192.0.2.0/24",
        "192.0.2.255/24",
        "192.0.2.080",
        "www",
        "224.0.0.18",
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "2001:db8::80/0",
        "2001:db8::80/129",
        "2001:db8::/64",
        "::1",
        "::",
        "ff02::12",
        "::ffff:192.0.2.80",
        "",
    ];
    for text in wrong {
        assert!(virtual_address(text).is_err(), "{text}");
    }
}

#[test]
fn a_label_names_its_interface() {
    assert_eq!(label("eth0:web"), Ok("eth0:web".into()));
    for text in ["", "eth0", "eth0:", ":web", "eth0:a b", "bond0.1000:label", "eth0:\u{e4}"] {
        assert!(label(text).is_err(), "{text}");
    }
}

#[test]
fn a_password_is_padded_to_eight_bytes() {
    assert_eq!(password("sesame"), Ok(*b"sesame\0\0"));
    assert_eq!(password("12345678"), Ok(*b"12345678"));
    for text in ["", "123456789", "a\0b"] {
        assert!(password(text).is_err(), "{text}");
    }
}

#[test]
fn a_service_listens_on_protocol_address_and_port() {
    for text in ["tcp://192.0.2.80:443", "udp://192.0.2.80:53"] {
        assert_eq!(listen(text).map(|key| key.to_string()), Ok(text.to_string()));
    }
    let wrong = [
        "192.0.2.80:443",
        "tcp:192.0.2.80:443",
        "http://192.0.2.80:80",
        "tcp://192.0.2.80",
        "tcp://192.0.2.80:0",
        "tcp://192.0.2.80:+80",
        "tcp://192.0.2.80:65536",
        "tcp://[2001:db8::1]:80",
        "tcp://2001:db8::1:80",
        "tcp://:80",
        "",
    ];
    for text in wrong {
        assert!(listen(text).is_err(), "{text}");
    }
}

#[test]
fn a_check_asks_each_server_at_its_own_address() {
    let url = |port, path: &str| Ok(HttpUrl { port, path: path.into() });
    assert_eq!(http_url("http://{server}"), url(None, "/"));
    assert_eq!(http_url("http://{server}/healthz?deep=1"), url(None, "/healthz?deep=1"));
    assert_eq!(http_url("http://{server}:8080?x"), url(Some(8080), "/?x"));
    let wrong =
        ["{server}/", "https://{server}/", "http://10.0.0.1/", "http://{server}x/", "htp://"];
    for text in wrong.into_iter().chain(["http://{server}/a b", "http://{server}/#a", ""]) {
        assert!(http_url(text).is_err(), "{text}");
    }
    assert_eq!(tcp_target("{server}"), Ok(None));
    assert_eq!(tcp_target("{server}:25"), Ok(Some(25)));
    for text in ["{server}:", "{server}:x", "10.0.0.1:25", "", "{server}25"] {
        assert!(tcp_target(text).is_err(), "{text}");
    }
}

#[test]
fn statuses_are_one_or_a_range() {
    assert_eq!(statuses("204"), Ok(204..=204));
    assert_eq!(statuses("200-399"), Ok(200..=399));
    for text in ["", "2xx", "99", "600", "300-200", "200-"] {
        assert!(statuses(text).is_err(), "{text}");
    }
}

#[test]
fn names_can_stand_in_any_output() {
    assert_eq!(name("lb1.example-1_a"), Ok("lb1.example-1_a".into()));
    for text in ["", "a b", "ä", "a\n", "a/b"] {
        assert!(name(text).is_err(), "{text}");
    }
    assert_eq!(interface("bond0.100"), Ok("bond0.100".into()));
    for text in ["", ".", "..", "a/b", "a b", "eth0:1", "0123456789abcdef"] {
        assert!(interface(text).is_err(), "{text}");
    }
}
