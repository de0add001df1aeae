//! CONTRACT (body to be written): from one table to another.

use alloc::vec::Vec;

use crate::{Server, ServerKey, Service, ServiceKey, Table};

/// One request to the kernel. A [`Service`] here is sent without its servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// NEW_SERVICE
    AddService(ServiceKey, Service),
    /// SET_SERVICE
    SetService(ServiceKey, Service),
    /// DEL_SERVICE, which removes its servers too
    DeleteService(ServiceKey),
    /// NEW_DEST
    AddServer(ServiceKey, ServerKey, Server),
    /// SET_DEST
    SetServer(ServiceKey, ServerKey, Server),
    /// DEL_DEST
    DeleteServer(ServiceKey, ServerKey),
}

/// The requests that turn `have` into `want`, in an order with never fewer live servers than before
/// or after.
pub fn plan(_have: &Table, _want: &Table) -> Vec<Request> {
    Vec::new()
}
