//! `router.addresses` and `router.unadvertised`: strings, or tables with where and how.

use vrrp_proto::held::Scope;

use super::interface_name;
use crate::fields::{Field, Fields, maybe};
use crate::finding::At;
use crate::read::Reader;
use crate::{quantity, raw};

impl Reader<'_> {
    pub(super) fn addresses(&mut self, field: &Field<'_>) -> Option<raw::Addresses> {
        let items = field.list(EXAMPLE, self.found)?;
        if items.is_empty() {
            return field.refuse("must name at least one address", None, self.found);
        }
        Some(items.iter().map(|item| self.address(item)).collect())
    }

    pub(super) fn unadvertised(&mut self, field: &Field<'_>) -> Option<raw::Addresses> {
        let items = field.list(EXAMPLE, self.found)?;
        Some(items.iter().map(|item| self.address(item)).collect())
    }

    fn address(&mut self, field: &Field<'_>) -> Option<raw::Address> {
        if field.is_table() {
            let fields = field.table(self.found)?;
            return self.address_table(fields);
        }
        let address = field.parse(EXAMPLE_ONE, quantity::virtual_address, self.found)?;
        let (value, prefix) = address.value;
        let address = At::new(value, address.span);
        Some(raw::Address { address, prefix, interface: None, label: None, scope: None })
    }

    fn address_table(&mut self, mut fields: Fields<'_>) -> Option<raw::Address> {
        let address = fields.required("address", "address = \"192.0.2.80\"");
        let [interface, label, scope] =
            ["interface", "label", "scope"].map(|key| fields.optional(key));
        self.close(fields);

        let found = &mut *self.found;
        let address =
            address.and_then(|field| field.parse(EXAMPLE_ONE, quantity::virtual_address, found));
        let interface = maybe(interface, |field| interface_name(field, found));
        let label = maybe(label, |field| field.parse("\"eth0:web\"", quantity::label, found));
        let scope = maybe(scope, |field| field.one_of(&SCOPES, found));
        let (address, interface, label, scope) = (address?, interface?, label?, scope?);
        let (value, prefix) = address.value;
        let address = At::new(value, address.span);
        Some(raw::Address { address, prefix, interface, label, scope })
    }
}

const EXAMPLE: &str = "[\"192.0.2.80\"]";
const EXAMPLE_ONE: &str = "\"192.0.2.80\"";
const SCOPES: [(&str, Scope); 3] =
    [("global", Scope::Global), ("link", Scope::Link), ("host", Scope::Host)];
