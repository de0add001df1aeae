//! `router.track`: facts about this machine that move a priority.

use super::interface_name;
use crate::fields::{Field, Fields};
use crate::finding::{At, Findings};
use crate::raw;
use crate::read::Reader;

impl Reader<'_> {
    pub(super) fn track(&mut self, field: Option<Field<'_>>) -> Option<Vec<Option<raw::Track>>> {
        let Some(field) = field else {
            return Some(Vec::new());
        };
        let example = "[{ interface = \"eth1\", weight = -60 }]";
        let items = field.tables(example, self.found)?;
        Some(items.into_iter().map(|item| item.map(|fields| self.track_item(fields))).collect())
    }

    fn track_item(&mut self, mut fields: Fields<'_>) -> raw::Track {
        let interface = fields.required("interface", "interface = \"eth1\"");
        let weight = fields.required("weight", "weight = -60");
        self.close(fields);
        raw::Track {
            interface: interface.and_then(|field| interface_name(&field, self.found)),
            weight: weight.and_then(|field| cause(&field, self.found)),
        }
    }
}

/// What a named reason adds to a priority.
pub(in crate::read) fn cause(field: &Field<'_>, found: &mut Findings) -> Option<At<i32>> {
    let value = field.integer(-253..=253, found)?;
    if value.value == 0 {
        let hint = "a negative value makes the other director win, such as -60";
        return field.refuse("must not be 0: it would change nothing", Some(hint), found);
    }
    Some(value)
}
