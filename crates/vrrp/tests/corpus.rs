//! What the mover and the state file parse, over the corpus that the fuzz targets keep.

#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/netlink.rs"]
mod netlink;
#[path = "../../../tests/fuzz/src/state.rs"]
mod state;

#[test]
fn notices() {
    corpus::each("notices", netlink::notices);
}

#[test]
fn frames() {
    corpus::each("claim", netlink::claim);
}

#[test]
fn state_files() {
    corpus::each("state", state::run);
}
