//! The thread on this machine's kernel: namespaces of its own, real files, processes and scripts.
//! Needs root. Everything is awaited; nothing is named outside this process but temporary folders.

mod kernel {
    mod gateways;
    mod lab;
    mod local;
    mod network;
    mod processes;
}
