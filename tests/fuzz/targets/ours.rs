//! The files of the state folder.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::ours(bytes));
