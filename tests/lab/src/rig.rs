//! Two directors of any two products with one virtual router in any of VRRP's forms: the bench on
//! which the interop matrix stands.
//!
//! The network is that of [`crate::pair`], with both families: lb1 is .11 and ::11, lb2 .12 and
//! ::12, their link-local addresses are fe80::11 and fe80::12. What the virtual router is like
//! says a [`Plan`]; `files` words it for each product. Judged is what the witness heard.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::client::Client;
use crate::daemon::Daemon;
use crate::net::{Host, Lab};
use crate::pair::{START, STOP};
use crate::peers::Side;
use crate::prober::Prober;
use crate::witness::decode::Mac;
use crate::witness::{Kind, Witness, now_ns};

mod files;
mod plan;

pub use plan::{Device, Family, Plan, Product, VIP4, VIP6};

/// The bench. Daemons first: what is dropped first is at the top.
pub struct Rig {
    /// lb1 and lb2.
    pub nodes: [Node; 2],
    /// Hears both.
    pub witness: Witness,
    /// Asks for echoes.
    pub client: Host,
    /// Asks for the virtual addresses.
    pub prober: Host,
    /// The network.
    pub lab: Lab,
    /// What both are to do.
    pub plan: Plan,
    folder: TempDir,
}

/// One director: a host, and the daemons on it while there are any.
pub struct Node {
    /// Which half.
    pub side: Side,
    /// The host.
    pub host: Host,
    /// Its files.
    pub folder: PathBuf,
    daemons: Vec<Daemon>,
}

impl Rig {
    /// The network and the folders; no daemon runs yet.
    pub fn new(plan: Plan) -> Result<Self> {
        let mut lab = Lab::new()?;
        let folder = tempfile::Builder::new().prefix("gemel-lab-").tempdir()?;
        // FRR's daemons give up root, and must still reach their sockets.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let mut node = |side: Side| -> Result<Node> {
            let host = two_families(&mut lab, side.name(), own_number(side))?;
            let folder = folder.path().join(side.name());
            fs::create_dir(&folder)?;
            Ok(Node { side, host, folder, daemons: Vec::new() })
        };
        let nodes = [node(Side::Lb1)?, node(Side::Lb2)?];
        let client = two_families(&mut lab, "client", 100)?;
        let prober = two_families(&mut lab, "prober", 101)?;
        let witness = Witness::watch(&lab, "front")?;
        Ok(Self { nodes, witness, client, prober, lab, plan, folder })
    }

    /// Starts both, lb2 first; returns when lb2 has been Active, so it lives and hears, and lb1
    /// alone is.
    pub fn start(&mut self) -> Result<()> {
        self.start_side(Side::Lb2)?;
        self.await_sole(Side::Lb2)?;
        self.start_side(Side::Lb1)?;
        self.await_sole(Side::Lb1)
    }

    /// Starts the daemons of this side; returns at once.
    pub fn start_side(&mut self, side: Side) -> Result<()> {
        let product = self.plan.product(side);
        let Self { plan, nodes, .. } = self;
        let node = &mut nodes[side as usize];
        node.daemons = files::start(product, plan, side, &node.host, &node.folder)?;
        Ok(())
    }

    /// This side.
    pub fn node(&mut self, side: Side) -> &mut Node {
        &mut self.nodes[side as usize]
    }

    /// Returns when this side has advertised every family twice in a row and the other none of it
    /// in between. The error says how it stood.
    pub fn await_sole(&mut self, side: Side) -> Result<()> {
        let began = now_ns();
        let patience = self.plan.patience();
        loop {
            let from = now_ns();
            for family in self.plan.families() {
                self.adverts(side, family, 2, from)?;
            }
            let loser = side.other().name();
            let heard = self.witness.since(from);
            if !heard.iter().any(|event| event.claims_by(loser)) {
                return Ok(());
            }
            let waited = Duration::from_nanos(now_ns() - began);
            ensure!(waited < patience, "two Actives for {waited:?}: {}", self.witness.tale(began));
        }
    }

    /// Waits until this side has advertised this family so often since then.
    pub fn adverts(
        &mut self,
        side: Side,
        family: Family,
        count: usize,
        since_ns: u64,
    ) -> Result<()> {
        let mut from = since_ns;
        for _ in 0..count {
            from = self.advert(side, family, from)?.0 + 1;
        }
        Ok(())
    }

    /// The first advert, no release, of this side for this family since then, and its time.
    pub fn advert(
        &mut self,
        side: Side,
        family: Family,
        since_ns: u64,
    ) -> Result<(u64, Mac, crate::witness::Advert)> {
        let what = format!("an advert of {} for {family:?}", side.name());
        let patience = self.plan.patience();
        let event = self.witness.wait_for(since_ns, patience, &what, |event| {
            event.claims_by(side.name())
                && matches!(&event.kind, Kind::Advert(said) if family.has(said.source))
        })?;
        let Kind::Advert(said) = event.kind else { anyhow::bail!("{event} is no advert") };
        Ok((event.at_ns, event.mac, said))
    }

    /// When this side last claimed this family before then.
    pub fn last_claim(&mut self, side: Side, family: Family, before_ns: u64) -> Result<u64> {
        let heard = self.witness.since(0);
        let claim = heard.iter().rfind(|event| {
            event.at_ns < before_ns
                && event.claims_by(side.name())
                && matches!(&event.kind, Kind::Advert(said) if family.has(said.source))
        });
        claim.map(|event| event.at_ns).with_context(|| format!("{} never claimed", side.name()))
    }

    /// Kills all processes of this side and pulls its cable at the same moment.
    pub fn crash_and_cut(&mut self, side: Side) -> Result<()> {
        for daemon in &self.node(side).daemons {
            daemon.signal_all(Signal::SIGKILL)?;
        }
        self.lab.cut(side.name(), "eth0")?;
        for mut daemon in self.node(side).daemons.drain(..) {
            daemon.wait(STOP)?;
        }
        Ok(())
    }

    /// A crashed and cut off side comes back into the network as after a reboot: without what its
    /// dead daemon left on it, and without a daemon.
    pub fn mend_clean(&mut self, side: Side) -> Result<()> {
        let vips = self.plan.held(side);
        self.node(side).wipe(&vips)?;
        self.lab.mend(side.name(), "eth0")
    }

    /// Begins to ask for this address.
    pub fn probe(&self, vip: IpAddr) -> Result<Prober> {
        Prober::start(&self.prober, "eth0", vip, PROBE_PERIOD)
    }

    /// An echo client on a virtual address that is being answered.
    pub fn client(&self, vip: IpAddr) -> Result<Client> {
        let client = Client::start(&self.client, vip)?;
        client.wait_for_answer(self.plan.patience())?;
        Ok(client)
    }

    /// Asks for each virtual address for some time: this side, and it alone, must answer, with the
    /// MAC that it is to have.
    pub fn expect_sole_answer(&mut self, side: Side) -> Result<()> {
        for vip in self.plan.vips() {
            let _prober = self.probe(vip)?;
            // A device of its own comes up only after the first advert.
            let patience = self.plan.patience();
            let first = self.witness.wait_for(now_ns(), patience, "an answer", |event| {
                let ours = event.host == side.name();
                ours && matches!(event.kind, Kind::Answer { sender, .. } if sender == vip)
            })?;
            let from = first.at_ns;
            let mut next = from;
            for _ in 0..=QUESTIONS {
                let asked = self.witness.wait_for(next, START, "a question", |event| {
                    event.host == "prober" && matches!(event.kind, Kind::Question { .. })
                })?;
                next = asked.at_ns + 1;
            }
            let mut answers = self.witness.answers("prober", vip, from);
            // The last question's answer may still be on its way.
            answers.pop();
            let sole = BTreeSet::from([side.name().to_owned()]);
            let other = answers.iter().find(|(_, hosts)| !hosts.is_subset(&sole));
            ensure!(other.is_none(), "{other:?} answered for {vip}, not {sole:?} alone");
            self.expect_mac(side, vip, from)?;
        }
        Ok(())
    }

    /// What was answered for this address since then, was answered with the right MAC.
    fn expect_mac(&mut self, side: Side, vip: IpAddr, since_ns: u64) -> Result<()> {
        let virtual_mac = Family::of(vip).virtual_mac();
        let wanted = self.plan.device(side);
        for event in self.witness.since(since_ns) {
            if let Kind::Answer { sender, mac, .. } = event.kind
                && sender == vip
            {
                let by_virtual = (mac == virtual_mac) == (wanted == Device::Virtual);
                ensure!(by_virtual && mac == event.mac, "{event}, from {}: {wanted:?}", event.mac);
            }
        }
        Ok(())
    }

    /// The questions of the prober since then that more than one host answered.
    pub fn double_answers(&mut self, vip: IpAddr, since_ns: u64) -> usize {
        let answers = self.witness.answers("prober", vip, since_ns);
        answers.iter().filter(|(_, hosts)| hosts.len() > 1).count()
    }

    /// The questions of the prober since then that nobody answered; the last is not counted.
    pub fn unanswered(&mut self, vip: IpAddr, since_ns: u64) -> usize {
        let mut answers = self.witness.answers("prober", vip, since_ns);
        answers.pop();
        answers.iter().filter(|(_, hosts)| hosts.is_empty()).count()
    }

    /// Where the files of the lab are.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Node {
    /// The daemon that speaks VRRP.
    pub fn daemon(&mut self) -> Result<&mut Daemon> {
        let name = self.side.name();
        self.daemons.last_mut().with_context(|| format!("no daemon runs on {name}"))
    }

    /// Signals the daemon that speaks VRRP and waits until it has ended; then ends the others.
    pub fn stop(&mut self, signal: Signal) -> Result<ExitStatus> {
        let status = self.daemon()?.stop(signal, STOP)?;
        self.daemons.pop();
        for mut other in self.daemons.drain(..).rev() {
            other.stop(Signal::SIGTERM, STOP)?;
        }
        Ok(status)
    }

    /// Takes from it what a dead daemon leaves: these addresses, and all macvlan devices.
    pub fn wipe(&self, vips: &[IpAddr]) -> Result<()> {
        let links = self.host.output("ip", &["-o", "link", "show", "type", "macvlan"])?;
        let names = links.lines().filter_map(|line| line.split([':', '@']).nth(1));
        let mut lines: Vec<String> =
            names.map(|name| format!("link del {}", name.trim())).collect();
        for (interface, address) in self.host.all_addresses()? {
            if interface == "eth0" && vips.contains(&address) {
                let length = if address.is_ipv4() { 32 } else { 128 };
                lines.push(format!("addr del {address}/{length} dev eth0"));
            }
        }
        if lines.is_empty() { Ok(()) } else { self.host.ip(&lines) }
    }
}

/// The last number of a director's addresses.
fn own_number(side: Side) -> u8 {
    match side {
        Side::Lb1 => 11,
        Side::Lb2 => 12,
    }
}

/// A host on the bridge `front` with `eth0`, and `eth1` on `back`, with addresses of both families
/// that can be used at once.
fn two_families(lab: &mut Lab, name: &str, number: u8) -> Result<Host> {
    let four = format!("192.0.2.{number}/24");
    let host = lab.host(name, &[("eth0", "front", &four), ("eth1", "back", "")])?;
    host.sysctl(&[("net.ipv6.conf.default.accept_dad", "0")])?;
    host.ip(&[
        "addr flush dev eth0 scope link".to_owned(),
        format!("addr add fe80::{number}/64 dev eth0 nodad"),
        format!("addr add 2001:db8::{number}/64 dev eth0 nodad"),
    ])?;
    Ok(host)
}

/// How often somebody must have been the only one that answers.
const QUESTIONS: usize = 30;

/// How often the prober asks.
const PROBE_PERIOD: Duration = Duration::from_millis(5);
