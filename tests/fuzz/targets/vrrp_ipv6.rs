//! VRRP over IPv6, from the message on.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::vrrp_ipv6(bytes));
