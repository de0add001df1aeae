//! How interfaces speak ARP: while one must not say that addresses of this machine are its own that
//! are not, `arp_ignore` is raised to 1 (it does not answer for them) and `arp_announce` to 2 (it does
//! not ask in their name, which neighbours would learn from); both are put back after. Two uses: an
//! address that went but whose packets are still taken (`plan.rs`), and a virtual MAC above the
//! interface, beside which its own MAC address must not be seen. IPv6 does neither by itself.
//!
//! The settings are the whole interface's: until they are put back, others' addresses on other
//! interfaces are not answered for on this one either. So they are raised only while needed. An
//! operator's own value that is as strict is left alone.

use std::collections::BTreeMap;

use nix::errno::Errno;
use vrrp_proto::Family;

use super::devices::DeviceId;
use super::kernel::{Kernel, Setting};
use crate::Fact;

/// The interfaces that are kept quiet.
#[derive(Debug, Default)]
pub(super) struct Quiet(BTreeMap<DeviceId, Row>);

/// What is raised, and to what.
const STRICT: [(&str, u8); 2] = [("arp_announce", 2), ("arp_ignore", 1)];

#[derive(Debug, Default)]
struct Row {
    name: String,
    /// The settings that we raised, what to, and what they were.
    raised: Vec<(&'static str, u8, u8)>,
    /// Whether they could not be.
    refused: bool,
    users: usize,
}

impl Quiet {
    /// Keeps an interface quiet from now on; the next [`Self::sweep`] ends that unless somebody
    /// enters. False if it cannot be done.
    pub(super) fn hush(&mut self, kernel: &mut impl Kernel, id: DeviceId, name: &str) -> bool {
        let row = self.0.entry(id).or_insert_with(|| Row::raise(kernel, name));
        !row.refused
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
            for &(setting, raised, before) in &row.raised {
                let setting = named(&row.name, setting);
                if kernel.setting(&setting) == Ok(raised)
                    && let Err(errno) = kernel.set(&setting, before)
                {
                    facts.push(Fact::Warning(format!(
                        "net.ipv4.conf.{}.{} stays {raised}: {}",
                        row.name,
                        setting.name,
                        errno.desc()
                    )));
                }
            }
            false
        });
    }
}

impl Row {
    fn raise(kernel: &mut impl Kernel, name: &str) -> Self {
        let mut row = Self { name: name.to_owned(), ..Self::default() };
        for (setting, strict) in STRICT {
            match raise(kernel, &named(name, setting), strict) {
                Ok(Some(before)) => row.raised.push((setting, strict, before)),
                Ok(None) => {}
                Err(_) => row.refused = true,
            }
        }
        row
    }
}

/// What it was, if it was not as strict before.
fn raise(kernel: &mut impl Kernel, setting: &Setting<'_>, strict: u8) -> Result<Option<u8>, Errno> {
    let before = kernel.setting(setting)?;
    if before >= strict {
        return Ok(None);
    }
    kernel.set(setting, strict)?;
    Ok(Some(before))
}

fn named<'a>(interface: &'a str, name: &'a str) -> Setting<'a> {
    Setting { family: Family::V4, interface, name }
}
