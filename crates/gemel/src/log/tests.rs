use coordinator::CauseKey;
use health::{Failure, Outcome, Verdict};
use ipvs_table::{Protocol, Refusal, ServerKey, ServiceKey};
use vrrp_proto::router::Reason;
use vrrp_proto::{Priority, Role};

use super::*;

#[test]
fn a_priority_is_told_with_the_causes_that_make_it() {
    let notice = Notice::Priority {
        router: "web".into(),
        from: Priority::clamped(150),
        to: Priority::clamped(90),
        causes: vec![(CauseKey::Interface("eth1".into()), -20), (CauseKey::Quorum(http()), -40)],
    };
    check(
        &notice,
        "INFO router=web priority=90 was=150 causes=\"interface eth1 -20, quorum tcp://192.0.2.80:80 -40\"",
    );
}

#[test]
fn a_role_is_told_with_its_reason() {
    let reason = Reason::PeerSilent;
    let notice = Notice::Role { router: "web".into(), role: Role::Active, reason };
    check(&notice, "INFO router=web role=Active reason=peer-silent");
}

#[test]
fn a_server_is_told_with_the_outcome_that_decided() {
    let why = Outcome::Fail(Failure::Status(503));
    let notice =
        Notice::Server { service: "http".into(), server: server(), verdict: Verdict::Down, why };
    check(
        &notice,
        "INFO service=http server=10.0.1.11:80 verdict=down why=\"status-mismatch 503\"",
    );
}

#[test]
fn a_refusal_says_the_way_out() {
    let refusal = Refusal { service: http(), server: None, errno: 2 };
    let line = line(&Notice::Refused(refusal), true);
    assert!(line.starts_with("WARN service=tcp://192.0.2.80:80 refused=\""), "{line}");
    assert!(line.contains("modprobe"), "{line}");
}

fn check(notice: &Notice, expected: &str) {
    assert_eq!(line(notice, true), expected);
}

fn http() -> ServiceKey {
    let address = "192.0.2.80".parse().unwrap();
    ServiceKey::Listen { protocol: Protocol::Tcp, address, port: 80 }
}

fn server() -> ServerKey {
    ServerKey { address: "10.0.1.11".parse().unwrap(), port: 80 }
}
