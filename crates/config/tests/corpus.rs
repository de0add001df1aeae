//! The reader of the configuration over the corpus that the fuzz targets keep.

#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/config.rs"]
mod text;

#[test]
fn files() {
    corpus::each("config", text::run);
}
