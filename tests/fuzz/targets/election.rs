//! The election under any order of events.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::election(bytes));
