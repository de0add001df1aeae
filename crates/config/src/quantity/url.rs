//! What a check asks: `"http://{server}/healthz"`, `"{server}:8080"`; statuses that pass.

use std::ops::RangeInclusive;

use super::Wrong;
use crate::suggest::nearest;

/// An HTTP check's target.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct HttpUrl {
    /// The server's own port if `None`.
    pub(crate) port: Option<u16>,
    /// Path and query, beginning with `/`.
    pub(crate) path: String,
}

/// `http://{server}`, perhaps a port, perhaps a path and query.
pub(crate) fn http_url(text: &str) -> Result<HttpUrl, Wrong> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(Wrong::new("is not a URL").hint(EXAMPLE));
    };
    match scheme {
        "http" => {}
        "https" => {
            return Err(Wrong::new("asks for https: not yet: TLS checks")
                .hint("check with `tcp = true`, or http:// on another port, until they come"));
        }
        _ => {
            let hint = match nearest(scheme, ["http"]) {
                Some(_) => "did you mean `http://`?",
                None => EXAMPLE,
            };
            return Err(Wrong::new("has an unknown scheme").hint(hint));
        }
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (target, path) = rest.split_at(end);
    let port = tcp_target(target)?;
    if !path.chars().all(|c| c.is_ascii_graphic() && c != '#') {
        return Err(Wrong::new("has a path with a space, a fragment, or a character beyond ASCII")
            .hint("write them as %20 and the like"));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(HttpUrl { port, path: format!("{slash}{path}") })
}

/// `{server}`, perhaps with a port.
pub(crate) fn tcp_target(text: &str) -> Result<Option<u16>, Wrong> {
    let Some(rest) = text.strip_prefix("{server}") else {
        return Err(Wrong::new("does not ask `{server}`")
            .hint("each server is asked at its own address: write `{server}` for it"));
    };
    match rest.strip_prefix(':') {
        Some(digits) => port(digits).map(Some),
        None if rest.is_empty() => Ok(None),
        None => Err(Wrong::new("has something between `{server}` and the port or path")),
    }
}

/// 1 to 65535.
pub(super) fn port(text: &str) -> Result<u16, Wrong> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port @ 1..) if digits => Ok(port),
        Ok(_) | Err(_) => Err(Wrong::new("has a port that is not 1 to 65535")),
    }
}

/// One status, or the first and last of a range: `"200"`, `"200-299"`.
pub(crate) fn statuses(text: &str) -> Result<RangeInclusive<u16>, Wrong> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first @ 100..=599), Ok(last @ 100..=599)) if first <= last => Ok(first..=last),
        _ => Err(Wrong::new("is not a range of statuses").hint("such as \"200-299\"")),
    }
}

const EXAMPLE: &str = "such as \"http://{server}/healthz\"";
