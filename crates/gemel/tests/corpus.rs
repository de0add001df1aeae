//! The files of the state folder over the corpus that the fuzz targets keep.

#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/ours.rs"]
mod ours;

#[test]
fn files() {
    corpus::each("ours", ours::run);
}
