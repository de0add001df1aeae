//! VRRP over IPv4, from the IP header on.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::vrrp_ipv4(bytes));
