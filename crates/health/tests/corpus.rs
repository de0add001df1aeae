//! The exchange with a real server over the corpus that the fuzz targets keep.

#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/http.rs"]
mod http;

#[test]
fn answers() {
    corpus::each("http", http::run);
}
