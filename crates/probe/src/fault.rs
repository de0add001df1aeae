//! Whose fault a socket error is, and which: an errno as an [`Outcome`].
//!
//! The same errno can be ours or the server's: `ENETUNREACH` from `connect` itself means that we
//! have no route; later it is what a router told us about the server's network. Sources: connect(2),
//! tcp(7), and the kernel's tables of ICMP errors, `icmp_err_convert` (net/ipv4/icmp.c) and
//! `tab_unreach` (net/ipv6/icmp.c).

use std::io;

use health::{Failure, Internal, Outcome};

/// When the error came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// A call that asks nobody but our kernel.
    Local,
    /// The connection is under way: the error came from outside.
    Connecting,
    /// The connection stands.
    Talking,
}

/// What this error says about the server, or about us.
pub(crate) fn outcome(stage: Stage, error: &io::Error) -> Outcome {
    // Errors without an errno are the runtime's own, at its end.
    let errno = error.raw_os_error().unwrap_or(0);
    match servers_fault(stage, errno) {
        Some(failure) => Outcome::Fail(failure),
        None => Outcome::Internal(our_fault(errno)),
    }
}

/// Some of these can come from the call itself: on loopback the answer is there before it returns,
/// and a neighbour that did not answer is remembered.
fn servers_fault(stage: Stage, errno: i32) -> Option<Failure> {
    match (errno, stage) {
        (libc::ECONNREFUSED, _) => Some(Failure::Refused),
        (libc::ECONNRESET | libc::EPIPE, _) => Some(Failure::Reset),
        (libc::EHOSTUNREACH, _) => Some(Failure::Unreachable),
        (libc::ETIMEDOUT, Stage::Talking) => Some(Failure::TimeoutRead),
        (libc::ETIMEDOUT, Stage::Local | Stage::Connecting) => Some(Failure::TimeoutConnect),
        (
            libc::ENETUNREACH
            | libc::EHOSTDOWN
            | libc::ENONET
            | libc::ENOPROTOOPT
            | libc::EPROTO
            | libc::EACCES,
            Stage::Connecting | Stage::Talking,
        ) => Some(Failure::Unreachable),
        _ => None,
    }
}

fn our_fault(errno: i32) -> Internal {
    match errno {
        libc::EMFILE | libc::ENFILE => Internal::Descriptors,
        libc::ENOBUFS | libc::ENOMEM => Internal::Memory,
        libc::EADDRNOTAVAIL | libc::ENETUNREACH | libc::ENETDOWN => Internal::Address,
        libc::EACCES | libc::EPERM => Internal::Permission,
        _ => Internal::Other(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_errno_has_one_meaning_at_each_stage() {
        use Failure::{Refused, Reset, TimeoutConnect, TimeoutRead, Unreachable};
        use Internal::{Address, Descriptors, Memory, Other, Permission};
        check(libc::ECONNREFUSED, [fail(Refused), fail(Refused), fail(Refused)]);
        check(libc::ECONNRESET, [fail(Reset), fail(Reset), fail(Reset)]);
        check(libc::EPIPE, [fail(Reset), fail(Reset), fail(Reset)]);
        check(libc::EHOSTUNREACH, [fail(Unreachable), fail(Unreachable), fail(Unreachable)]);
        check(libc::ENETUNREACH, [ours(Address), fail(Unreachable), fail(Unreachable)]);
        check(libc::EACCES, [ours(Permission), fail(Unreachable), fail(Unreachable)]);
        check(libc::ETIMEDOUT, [fail(TimeoutConnect), fail(TimeoutConnect), fail(TimeoutRead)]);
        check(libc::EADDRNOTAVAIL, [ours(Address); 3]);
        check(libc::EMFILE, [ours(Descriptors); 3]);
        check(libc::ENFILE, [ours(Descriptors); 3]);
        check(libc::ENOBUFS, [ours(Memory); 3]);
        check(libc::ENOMEM, [ours(Memory); 3]);
        check(libc::EPERM, [ours(Permission); 3]);
        check(libc::EINVAL, [ours(Other(libc::EINVAL)); 3]);
    }

    fn check(errno: i32, expected: [Outcome; 3]) {
        let error = io::Error::from_raw_os_error(errno);
        let stages = [Stage::Local, Stage::Connecting, Stage::Talking];
        assert_eq!(stages.map(|stage| outcome(stage, &error)), expected, "{error}");
    }

    fn fail(failure: Failure) -> Outcome {
        Outcome::Fail(failure)
    }

    fn ours(internal: Internal) -> Outcome {
        Outcome::Internal(internal)
    }
}
