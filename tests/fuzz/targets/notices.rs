//! What the kernel says of links, addresses, routes and rules.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::notices(bytes));
