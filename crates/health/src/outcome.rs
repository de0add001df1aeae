//! What one exchange showed, and what we conclude.

use std::fmt;

/// One answer of one check.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// The server's fault, as far as we can see.
    Fail(Failure),
    /// Our own fault: never counts against the server.
    Internal(Internal),
}

/// What was wrong with the server's answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Failure {
    /// No connection within the timeout.
    TimeoutConnect,
    /// Connected, but no whole answer within the timeout.
    TimeoutRead,
    /// Connection refused.
    Refused,
    /// Connection reset, or closed before the answer was whole.
    Reset,
    /// Host, network or port unreachable.
    Unreachable,
    /// The answer breaks the protocol.
    Protocol,
    /// An HTTP status that is not among those wanted.
    Status(u16),
}

/// What was wrong with us.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Internal {
    /// No file descriptors left.
    Descriptors,
    /// No memory or buffers left.
    Memory,
    /// No local address or port left, or none that reaches the server's network.
    Address,
    /// The kernel forbids the connection.
    Permission,
    /// The question was put, but no answer came back from our own executor in time.
    Lost,
    /// Anything else that is ours; the errno.
    Other(i32),
}

/// What we conclude about a server.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// It takes no traffic.
    Down,
    /// It takes traffic.
    Up,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("ok"),
            Self::Fail(failure) => failure.fmt(f),
            Self::Internal(internal) => internal.fmt(f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeoutConnect => f.write_str("timeout-connect"),
            Self::TimeoutRead => f.write_str("timeout-read"),
            Self::Refused => f.write_str("refused"),
            Self::Reset => f.write_str("reset"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::Protocol => f.write_str("protocol-error"),
            Self::Status(status) => write!(f, "status-mismatch {status}"),
        }
    }
}

impl fmt::Display for Internal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptors => f.write_str("internal-error: out of descriptors"),
            Self::Memory => f.write_str("internal-error: out of memory"),
            Self::Address => f.write_str("internal-error: no local address or route"),
            Self::Permission => f.write_str("internal-error: not permitted"),
            Self::Lost => f.write_str("internal-error: no answer from our own prober"),
            Self::Other(errno) => write!(f, "internal-error: errno {errno}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::Up => "up",
        })
    }
}
