//! `service.check`

use std::ops::RangeInclusive;

use clock::Duration;
use health::{HttpGet, Question};

use super::Reader;
use super::service::count;
use crate::fields::{Field, Fields, maybe, or};
use crate::finding::{At, Finding, Findings, Span};
use crate::quantity::{self, Wrong, write};
use crate::raw;

impl Reader<'_> {
    pub(super) fn check(&mut self, mut fields: Fields<'_>) -> raw::Check {
        let header = fields.span().clone();
        let what = fields.what().to_string();
        let http = fields.optional("http");
        let tcp = fields.optional("tcp");
        let host = fields.optional("host");
        let status = fields.optional("status");
        let interval = fields.optional("interval");
        let timeout = fields.optional("timeout");
        let fall = fields.optional("fall");
        let rise = fields.optional("rise");
        self.close(fields);

        let found = &mut *self.found;
        let ask = match (http, tcp) {
            (Some(http), None) => http_ask(&http, host, status, found),
            (None, Some(tcp)) => {
                for field in [host, status].into_iter().flatten() {
                    field.complain("goes with `http`, not with `tcp`", None, found);
                }
                tcp_ask(&tcp, found)
            }
            (Some(_), Some(tcp)) => {
                let hint = "keep one of `http` and `tcp`";
                tcp.refuse("cannot stand beside `http`", Some(hint), found)
            }
            (None, None) if self.syntax == super::Syntax::Sound => {
                let hint = "add `tcp = true` or `http = \"http://{server}/\"`";
                let message = format!("{what} asks nothing");
                found.add(Finding::error(&header, message).hint(hint));
                None
            }
            (None, None) => None,
        };
        let interval = or(interval, DEFAULT_INTERVAL, &header, |field| {
            field.parse("\"2s\"", within(SHORTEST, LONGEST), found)
        });
        raw::Check {
            ask,
            timeout: timeout_of(timeout, interval.as_ref(), &header, found),
            interval,
            fall: or(fall, 3, &header, |field| count(field, MOST_ROUNDS, found)),
            rise: or(rise, 2, &header, |field| count(field, MOST_ROUNDS, found)),
        }
    }
}

fn http_ask(
    http: &Field<'_>,
    host: Option<Field<'_>>,
    status: Option<Field<'_>>,
    found: &mut Findings,
) -> Option<At<raw::Ask>> {
    let url = http.parse("\"http://{server}/healthz\"", quantity::http_url, found);
    let host =
        maybe(host, |field| field.parse("\"www.example.org\"", quantity::host_header, found));
    let status = maybe(status, |field| statuses(field, found));
    let (url, host, status) = (url?, host?, status?);
    let get = HttpGet {
        path: url.value.path,
        host: host.map(|host| host.value),
        status: status.unwrap_or_else(|| vec![200..=299]),
    };
    Some(At::new(raw::Ask { question: Question::Http(get), port: url.value.port }, url.span))
}

fn tcp_ask(tcp: &Field<'_>, found: &mut Findings) -> Option<At<raw::Ask>> {
    let port = if tcp.is_boolean() {
        let yes = tcp.boolean(found)?;
        if !yes.value {
            let hint = "write `tcp = true`, or remove the check";
            return tcp.refuse("is false: nothing is asked", Some(hint), found);
        }
        At::new(None, yes.span)
    } else {
        tcp.parse("\"{server}:25\", or true", quantity::tcp_target, found)?
    };
    Some(At::new(raw::Ask { question: Question::Tcp, port: port.value }, port.span))
}

/// `200`, `"200-299"`, or a list of those.
fn statuses(field: &Field<'_>, found: &mut Findings) -> Option<Vec<RangeInclusive<u16>>> {
    let one = |field: &Field<'_>, found: &mut Findings| {
        if field.is_integer() {
            let status = field.integer(100..=599, found)?;
            let status = u16::try_from(status.value).ok()?;
            Some(status..=status)
        } else {
            Some(field.parse("\"200-299\"", quantity::statuses, found)?.value)
        }
    };
    if !field.is_list() {
        return one(field, found).map(|range| vec![range]);
    }
    let items = field.list("[200, \"301-302\"]", found)?;
    if items.is_empty() {
        return field.refuse("must name at least one status", None, found);
    }
    let read: Vec<_> = items.iter().map(|item| one(item, found)).collect();
    read.into_iter().collect()
}

/// At most the interval; by default 1 s, or the interval if that is shorter.
fn timeout_of(
    field: Option<Field<'_>>,
    interval: Option<&At<Duration>>,
    header: &Span,
    found: &mut Findings,
) -> Option<At<Duration>> {
    let Some(field) = field else {
        return Some(At::new(interval?.value.min(DEFAULT_TIMEOUT), header.clone()));
    };
    let timeout = field.parse("\"1s\"", within(SHORTEST, LONGEST), found)?;
    let Some(interval) = interval.filter(|interval| interval.value < timeout.value) else {
        return Some(timeout);
    };
    let hint = format!("one check ends before the next begins: at most {}", write(interval.value));
    field.refuse("is longer than the interval", Some(&hint), found)
}

pub(super) fn within(
    least: Duration,
    most: Duration,
) -> impl FnOnce(&str) -> Result<Duration, Wrong> {
    move |text| {
        let duration = quantity::duration(text)?;
        if (least..=most).contains(&duration) {
            Ok(duration)
        } else {
            Err(Wrong::new(format!("is not {} to {}", write(least), write(most))))
        }
    }
}

const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(3600);
/// More than anybody waits; keeps every bound computed from it far from overflow.
const MOST_ROUNDS: i32 = 1000;
