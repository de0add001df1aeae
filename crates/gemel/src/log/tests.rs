use coordinator::{CauseKey, Source};
use health::{Failure, Outcome, Verdict};
use ipvs_table::{Protocol, Refusal, ServerKey, ServiceKey};
use vrrp_proto::router::Reason;
use vrrp_proto::wire::Discard;
use vrrp_proto::{Priority, Role};

use super::*;

#[test]
fn a_priority_is_told_with_the_causes_that_make_it() {
    let notice = Notice::Priority {
        router: "web".into(),
        from: Priority::clamped(150),
        to: Priority::clamped(90),
        causes: vec![
            (CauseKey::Tracked(Source::Interface("eth1".into())), -20),
            (CauseKey::Quorum(http()), -40),
        ],
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

#[test]
fn a_conflict_names_router_address_and_mac() {
    let line = wire::conflict("web", "2001:db8::80".parse().unwrap(), [2, 0, 0, 0, 0, 0xb1]);
    let head = "WARN router=web address=2001:db8::80 conflict=02:00:00:00:00:b1 ";
    assert!(line.starts_with(head), "{line}");
}

#[test]
fn discards_name_the_virtual_router_the_sender_and_the_counter() {
    let text = "[pair]\nname = \"p\"\n[[director]]\nname = \"lb1\"\n[[router]]\nname = \"web\"\n\
                interface = \"eth0\"\nvrid = 51\naddresses = [\"192.0.2.80\", \"2001:db8::80\"]\n";
    let settings = config::check("f.toml", text).settings.unwrap();
    let plan = settings.for_director("lb1").unwrap().routers.remove(0);
    let from = Some("fe80::9".parse().unwrap());
    assert_eq!(
        wire::discards("web", (&plan, 1), (Discard::Checksum, from, 7)),
        format!(
            "WARN router=web family=IPv6 interface=eth0 vrid=51 discarded=7 from=fe80::9 counter=checksum-errors why=\"{}\"",
            Discard::Checksum
        )
    );
    let far = wire::discards("web", (&plan, 1), (Discard::Ttl, from, 1));
    assert!(far.contains("counter=ip-ttl-errors") && far.contains("min_ttl = 64"), "{far}");
    let differs = wire::differs("web", (&plan, 0), vrrp::Difference::Interval, None);
    let head = "WARN router=web family=IPv4 interface=eth0 vrid=51 from=unknown action=kept why=";
    assert!(differs.starts_with(head), "{differs}");
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
