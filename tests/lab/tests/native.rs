//! The native lab: real daemons in namespaces on this machine's kernel, which needs no `ip_vs`.
//!
//! Root and iproute2 are needed; keepalived for the tests beside it. Every wait is for an event,
//! and bounded; nothing sleeps for a guess.

#[cfg(test)]
mod native {
    mod harness;
    mod interop;
    mod matrix;
    mod pair;
    mod restart;
    mod start;
    mod stories;
}
