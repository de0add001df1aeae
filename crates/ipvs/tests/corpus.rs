//! The codec over the corpus that the fuzz targets keep.

#[path = "../../../tests/fuzz/src/ipvs.rs"]
mod codec;
#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;

#[test]
fn messages() {
    corpus::each("ipvs", codec::run);
}
