//! The wire format and the election over the corpus that the fuzz targets keep.

#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/election.rs"]
mod election;
#[path = "../../../tests/fuzz/src/vrrp.rs"]
mod vrrp;

#[test]
fn datagrams_of_ipv4() {
    corpus::each("vrrp_ipv4", vrrp::ipv4);
}

#[test]
fn datagrams_of_ipv6() {
    corpus::each("vrrp_ipv6", vrrp::ipv6);
}

#[test]
fn events() {
    corpus::each("election", election::run);
}
