//! Quantities as people write them: `"100ms"`, `"192.0.2.80/24"`, `"tcp://192.0.2.80:443"`.
//!
//! Each parser takes the text of one string and gives the value, or what is wrong with it in words
//! that follow the quoted text. None knows where in the file it stands.

mod address;
mod listen;
mod name;
mod route;
mod time;
mod url;

pub(crate) use address::{any_address, host, ipv4, longest_prefix, real_server, virtual_address};
pub(crate) use listen::listen;
pub(crate) use name::{argument, host_header, interface, label, name, password, path, process};
pub(crate) use route::{destination, route, rule};
pub(crate) use time::{duration, interval, write};
pub(crate) use url::{http_url, statuses, tcp_target};

/// What is wrong with a text.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Wrong {
    /// Follows the quoted text: "has no unit".
    pub(crate) message: String,
    /// The way out.
    pub(crate) hint: Option<String>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests;
