//! What the kernel says of the IPVS table.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::ipvs(bytes));
