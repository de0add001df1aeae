//! From a TOML document to the raw shapes: types, ranges, missing and unknown keys.
//!
//! Each function reads one table, top-down as it is documented. What concerns two tables at once is
//! the business of `cross`.

use toml::de::DeTable;
use vrrp_proto::Priority;
use vrrp_proto::held::AnnouncePolicy;

use crate::fields::{Field, Fields, maybe, or};
use crate::finding::{At, Finding, Findings, quote};
use crate::{quantity, raw};

mod check;
mod group;
mod router;
mod service;

/// Whether the text is sound TOML. In what was salvaged from broken text, absences mean nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Syntax {
    Sound,
    Broken,
}

/// The tables are closed through this: missing keys of salvaged text are not told.
pub(crate) struct Reader<'f> {
    pub(crate) found: &'f mut Findings,
    pub(crate) syntax: Syntax,
}

impl Reader<'_> {
    fn close(&mut self, fields: Fields<'_>) {
        match self.syntax {
            Syntax::Sound => fields.close(self.found),
            Syntax::Broken => fields.close_broken(self.found),
        }
    }

    /// The whole file.
    pub(crate) fn file(&mut self, root: &DeTable<'_>) -> raw::File {
        let mut fields = Fields::root(root);
        let mut file = raw::File::default();
        if let Some(field) = fields.optional("pair") {
            file.pair =
                field.table(self.found).map(|fields| self.pair(fields.called("pair".into())));
        } else if self.syntax == Syntax::Sound {
            let hint = "write `[pair]` and below it `name = \"edge\"`: the same file is for both directors";
            self.found.add(Finding::error(&(0..0), "[pair] is missing").hint(hint));
        }
        let directors =
            self.sections(fields.optional("director"), "director", &mut file.incomplete);
        let routers = self.sections(fields.optional("router"), "router", &mut file.incomplete);
        let groups = self.sections(fields.optional("group"), "group", &mut file.incomplete);
        let scripts = self.sections(fields.optional("script"), "script", &mut file.incomplete);
        let services = self.sections(fields.optional("service"), "service", &mut file.incomplete);
        let announce = fields.table("announce", self.found);
        self.close(fields);
        file.directors = directors.into_iter().map(|fields| self.director(fields)).collect();
        file.routers = routers.into_iter().map(|fields| self.router(fields)).collect();
        file.groups = groups.into_iter().map(|fields| self.group(fields)).collect();
        file.scripts = scripts.into_iter().map(|fields| self.script(fields)).collect();
        file.announce = match announce {
            Some(Some(fields)) => self.announce(fields.called("announce".into())),
            Some(None) => Some(AnnouncePolicy::default()),
            None => None,
        };
        file.services = services.into_iter().map(|fields| self.service(fields)).collect();
        file
    }

    /// The tables of `[[director]]` and the like, each called by its name.
    fn sections<'a>(
        &mut self,
        field: Option<Field<'a>>,
        kind: &str,
        incomplete: &mut bool,
    ) -> Vec<Fields<'a>> {
        let Some(field) = field else {
            return Vec::new();
        };
        if !field.is_list() {
            let hint = format!("write `[[{kind}]]`, once for each");
            *incomplete = true;
            field.complain("must be a list of tables", Some(&hint), self.found);
            return Vec::new();
        }
        let items = field.tables("", self.found).unwrap_or_default();
        *incomplete |= items.iter().any(Option::is_none);
        let named = |fields: Fields<'a>| {
            let what = match fields.peek("name") {
                Some(name) => format!("{kind} {}", quote(name)),
                None => format!("[[{kind}]]"),
            };
            fields.called(what)
        };
        items.into_iter().flatten().map(named).collect()
    }

    fn pair(&mut self, mut fields: Fields<'_>) -> raw::Pair {
        let name = fields.required("name", "name = \"edge\"");
        let secret_file = fields.optional("secret_file");
        let pair = raw::Pair {
            header: fields.span().clone(),
            name: name.and_then(|field| field.parse("\"edge\"", quantity::name, self.found)),
            secret_file: maybe(secret_file, |field| {
                field.parse("\"/etc/gemel/pair.key\"", quantity::path, self.found)
            }),
        };
        self.close(fields);
        pair
    }

    fn director(&mut self, mut fields: Fields<'_>) -> raw::Director {
        let name = fields.required("name", "name = \"lb1\"");
        let address = fields.optional("address");
        let priority = fields.optional("priority");
        let director = raw::Director {
            header: fields.span().clone(),
            name: name.and_then(|field| field.parse("\"lb1\"", quantity::name, self.found)),
            address: maybe(address, |field| {
                field.parse("\"10.0.0.1\"", quantity::any_address, self.found)
            }),
            priority: or(priority, DEFAULT_PRIORITY, fields.span(), |field| {
                base_priority(field, self.found)
            }),
        };
        self.close(fields);
        director
    }
}

/// 1 to 255: 0 says "I leave", 255 is for a router whose own address it is.
fn base_priority(field: &Field<'_>, found: &mut Findings) -> Option<At<Priority>> {
    let number = field.integer(1..=255, found)?;
    let priority = u8::try_from(number.value).ok().map(Priority::from_wire)?;
    Some(At::new(priority, number.span))
}

/// RFC 9568 6.1
const DEFAULT_PRIORITY: Priority = Priority::clamped(100);
