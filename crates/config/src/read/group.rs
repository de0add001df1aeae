//! `[[group]]`, `[[script]]` and `[announce]`.

use clock::Duration;
use vrrp_proto::held::AnnouncePolicy;

use super::Reader;
use super::check::within;
use crate::fields::{Field, Fields, maybe, or};
use crate::finding::{At, Findings};
use crate::{quantity, raw};

impl Reader<'_> {
    pub(super) fn group(&mut self, mut fields: Fields<'_>) -> raw::Group {
        let what = fields.what().to_string();
        let header = fields.span().clone();
        let name = fields.required("name", "name = \"edge\"");
        let routers = fields.required("routers", "routers = [\"outside\", \"inside\"]");
        let leader = fields.optional("leader");
        self.close(fields);

        let found = &mut *self.found;
        raw::Group {
            name: name.and_then(|field| field.parse("\"edge\"", quantity::name, found)),
            routers: routers.and_then(|field| names(&field, found)),
            leader: maybe(leader, |field| field.parse("\"outside\"", quantity::name, found)),
            what,
            header,
        }
    }

    pub(super) fn script(&mut self, mut fields: Fields<'_>) -> raw::Script {
        let name = fields.required("name", "name = \"database\"");
        let command = fields.required("command", "command = [\"/usr/local/bin/check\", \"-q\"]");
        self.close(fields);
        let found = &mut *self.found;
        raw::Script {
            name: name.and_then(|field| field.parse("\"database\"", quantity::name, found)),
            command: command.and_then(|field| command_of(&field, found)),
        }
    }

    pub(super) fn announce(&mut self, mut fields: Fields<'_>) -> Option<AnnouncePolicy> {
        let header = fields.span().clone();
        let [burst, refresh, rate] = ["burst", "refresh", "rate"].map(|key| fields.optional(key));
        self.close(fields);

        let found = &mut *self.found;
        let default = AnnouncePolicy::default();
        let burst = or(burst, default.burst, &header, |field| {
            let copies = field.integer(1..=10, found)?;
            Some(At::new(u8::try_from(copies.value).ok()?, copies.span))
        });
        let refresh = or(refresh, default.refresh, &header, |field| {
            let parse = |field: &Field<'_>, found: &mut Findings| {
                field.parse("\"60s\", or false", within(SHORTEST_REFRESH, LONGEST_REFRESH), found)
            };
            or_false(field, found, parse)
        });
        let rate = or(rate, default.rate, &header, |field| {
            or_false(field, found, |field, found| {
                let rate = field.integer(1..=MOST_A_SECOND, found)?;
                Some(At::new(rate.value.unsigned_abs(), rate.span))
            })
        });
        Some(AnnouncePolicy { burst: burst?.value, refresh: refresh?.value, rate: rate?.value })
    }
}

/// A value, or `false` for none.
fn or_false<T>(
    field: &Field<'_>,
    found: &mut Findings,
    read: impl FnOnce(&Field<'_>, &mut Findings) -> Option<At<T>>,
) -> Option<At<Option<T>>> {
    if !field.is_boolean() {
        return read(field, found).map(|at| At::new(Some(at.value), at.span));
    }
    let value = field.boolean(found)?;
    if value.value {
        let hint = "say how much, leave the key out for the default, or write false for none";
        return field.refuse("is true", Some(hint), found);
    }
    Some(At::new(None, value.span))
}

fn names(field: &Field<'_>, found: &mut Findings) -> Option<Vec<Option<At<String>>>> {
    let items = field.list("[\"outside\", \"inside\"]", found)?;
    if items.is_empty() {
        return field.refuse("must name the routers that move together", None, found);
    }
    let one = |item: &Field<'_>| item.parse("\"outside\"", quantity::name, found);
    Some(items.iter().map(one).collect())
}

/// A path, or a list of a path and arguments.
fn command_of(field: &Field<'_>, found: &mut Findings) -> Option<At<track::Command>> {
    let example = "\"/usr/local/bin/check\"";
    if !field.is_list() {
        let program = field.parse(example, quantity::path, found)?;
        let command = track::Command { program: program.value, arguments: Vec::new() };
        return Some(At::new(command, program.span));
    }
    let items = field.list("[\"/usr/local/bin/check\", \"-q\"]", found)?;
    let Some((program, arguments)) = items.split_first() else {
        return field.refuse("must name a program", None, found);
    };
    let program = program.parse(example, quantity::path, found);
    let argument =
        |field: &Field<'_>| Some(field.parse("\"-q\"", quantity::argument, found)?.value);
    let arguments: Vec<_> = arguments.iter().map(argument).collect();
    let arguments = arguments.into_iter().collect::<Option<_>>();
    Some(At::new(track::Command { program: program?.value, arguments: arguments? }, field.span()))
}

const SHORTEST_REFRESH: Duration = Duration::from_secs(1);
const LONGEST_REFRESH: Duration = Duration::from_secs(24 * 3600);
/// More than a kernel sends.
const MOST_A_SECOND: i32 = 1_000_000;
