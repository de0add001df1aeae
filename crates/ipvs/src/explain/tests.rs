use ipvs_table::{Protocol, ServiceKey};

use super::*;

#[test]
fn a_real_server_refused_while_lo_is_down_says_so() {
    check(Some(V4), libc::EINVAL, false, "lo is down in this network namespace");
    check(Some(V4), libc::EINVAL, false, "`ip link set lo up`");
    check(Some(V4), libc::EINVAL, true, "must be unicast");
    // IPv6 has its local routes elsewhere.
    check(Some(V6), libc::EINVAL, false, "must be unicast");
}

#[test]
fn each_refusal_names_its_object_and_the_way_out() {
    check(None, libc::ENOENT, true, "service tcp://192.0.2.1:80: ");
    check(None, libc::ENOENT, true, "modprobe ip_vs_");
    check(
        Some(V4),
        libc::EPERM,
        true,
        "real server 198.51.100.1:8080 of service tcp://192.0.2.1:80: ",
    );
    check(Some(V4), libc::EPERM, true, "CAP_NET_ADMIN in the initial user namespace");
    check(Some(V6), libc::EAFNOSUPPORT, true, "IPv6");
    check(Some(V4), libc::ERANGE, true, "threshold");
    check(None, libc::EBUSY, true, "the kernel says: ");
}

const V4: ServerKey = ServerKey {
    address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1)),
    port: 8080,
};
const V6: ServerKey =
    ServerKey { address: std::net::IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), port: 8080 };

fn check(server: Option<ServerKey>, errno: i32, lo_up: bool, part: &str) {
    let address = [192, 0, 2, 1].into();
    let service = ServiceKey::Listen { protocol: Protocol::Tcp, address, port: 80 };
    let text = explain(&Refusal { service, server, errno }, lo_up);
    assert!(text.contains(part), "{text:?} lacks {part:?}");
}
