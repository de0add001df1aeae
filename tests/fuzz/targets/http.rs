//! The answer of an HTTP server.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::http(bytes));
