//! gemel
fn main() {}
