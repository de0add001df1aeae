//! The files of the state folder: what can be read of them is written and read the same.

/// The text of either file.
pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let services = ours::parse(&text);
    assert_eq!(ours::parse(&ours::emit(&services)), services);
    let addresses = ours::parse_addresses(&text);
    assert_eq!(ours::parse_addresses(&ours::emit_addresses(&addresses)), addresses);
}

/// A part of the program, which is no library.
#[path = "../../../crates/gemel/src/ours.rs"]
mod ours;
