//! The thread on this machine's kernel: namespaces of its own, real files, processes and scripts.
//! Needs root. Everything is awaited; nothing is named outside this process but temporary folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod kernel {
    mod gateways;
    mod lab;
    mod local;
    mod network;
    mod processes;
}
