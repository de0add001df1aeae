//! The files of the state folder: what can be read of them is written and read the same.

/// The text of either file.
pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let services = folder::parse(&text);
    assert_eq!(folder::parse(&folder::emit(&services)), services);
    let addresses = folder::parse_addresses(&text);
    assert_eq!(folder::parse_addresses(&folder::emit_addresses(&addresses)), addresses);
}

/// A part of the program, which is no library.
#[path = "../../../crates/gemel/src/ours.rs"]
mod folder;
