//! CONTRACT (bodies to be written): what the machines of one director need.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use health::{Check, CheckId};
use vrrp_proto::RouterId;

use crate::Settings;

/// The file as one director's machines take it. Ids count up in the order of the file.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// Every router.
    pub routers: Vec<RouterPlan>,
    /// Every check; servers with the same question share none yet.
    pub checks: BTreeMap<CheckId, Check>,
    /// What the coordinator cares about.
    pub coordinator: coordinator::Settings,
}

/// One virtual router of this director.
#[derive(Clone, Debug)]
pub struct RouterPlan {
    /// Its identity.
    pub id: RouterId,
    /// Its name in the file.
    pub name: String,
    /// Its parent interface.
    pub interface: String,
    /// Protocol settings; `link` is 0 until the wire thread numbers the links.
    pub settings: vrrp_proto::router::Settings,
    /// Addresses with prefix lengths.
    pub addresses: Vec<(Ipv4Addr, u8)>,
}

impl Settings {
    /// What the machines of director `name` need; `None` if the file names no such director.
    pub fn for_director(&self, _name: &str) -> Option<Assembly> {
        None
    }
}
