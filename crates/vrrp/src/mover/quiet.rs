//! `arp_ignore` of interfaces: raised to 1 while an interface must not answer for addresses that are
//! not its own, and put back after. Two uses: an address that went but whose packets are still taken
//! (`plan.rs`), and a virtual MAC above the interface, which would answer with its own MAC address
//! otherwise.
//!
//! The setting is the whole interface's: until it is put back, others' addresses on other interfaces
//! are not answered for on this one either. So it is raised only while needed. An operator's own
//! value other than 0 is left alone, since each of them has this effect.

use std::collections::BTreeMap;

use nix::errno::Errno;
use vrrp_proto::Family;

use super::devices::DeviceId;
use super::kernel::{Kernel, Setting};
use crate::Fact;

/// The interfaces that are kept quiet.
#[derive(Debug, Default)]
pub(super) struct Quiet(BTreeMap<DeviceId, Row>);

#[derive(Debug)]
struct Row {
    name: String,
    raised: Raised,
    users: usize,
}

/// What became of the setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Raised {
    /// It was 0 and is 1 by our hand.
    Ours,
    /// It was not 0.
    Theirs,
    /// It cannot be changed.
    Refused,
}

impl Quiet {
    /// Keeps an interface quiet from now on; the next [`Self::sweep`] ends that unless somebody
    /// enters. False if it cannot be done.
    pub(super) fn hush(&mut self, kernel: &mut impl Kernel, id: DeviceId, name: &str) -> bool {
        let row = self.0.entry(id).or_insert_with(|| {
            let name = name.to_owned();
            let raised = raise(kernel, &name).unwrap_or(Raised::Refused);
            Row { name, raised, users: 0 }
        });
        row.raised != Raised::Refused
    }

    /// One more reason to keep it quiet.
    pub(super) fn enter(&mut self, id: DeviceId) {
        if let Some(row) = self.0.get_mut(&id) {
            row.users += 1;
        }
    }

    /// One reason less.
    pub(super) fn leave(&mut self, id: DeviceId) {
        if let Some(row) = self.0.get_mut(&id) {
            row.users = row.users.saturating_sub(1);
        }
    }

    /// Puts the setting back where there is no reason any more.
    pub(super) fn sweep(&mut self, kernel: &mut impl Kernel, facts: &mut Vec<Fact>) {
        self.0.retain(|_, row| {
            if row.users > 0 {
                return true;
            }
            let setting = arp_ignore(&row.name);
            if row.raised == Raised::Ours
                && kernel.setting(&setting) == Ok(1)
                && let Err(errno) = kernel.set(&setting, 0)
            {
                facts.push(Fact::Warning(format!(
                    "net.ipv4.conf.{}.arp_ignore stays 1: {}",
                    row.name,
                    errno.desc()
                )));
            }
            false
        });
    }
}

fn raise(kernel: &mut impl Kernel, name: &str) -> Result<Raised, Errno> {
    let setting = arp_ignore(name);
    if kernel.setting(&setting)? != 0 {
        return Ok(Raised::Theirs);
    }
    kernel.set(&setting, 1)?;
    Ok(Raised::Ours)
}

fn arp_ignore(interface: &str) -> Setting<'_> {
    Setting { family: Family::V4, interface, name: "arp_ignore" }
}
