//! A frame of the LAN that claims an address.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::claim(bytes));
