//! Two directors, a client and a prober on one bridge, with a witness: the bench on which every
//! native test and the failover bench stand.
//!
//! ```text
//!  lb1 .11 ─┐        ┌─ client .100   asks for echoes
//!           ├ front ─┤
//!  lb2 .12 ─┘   │    └─ prober .101   asks by ARP who has .80
//!            witness
//! ```
//!
//! Each director has a second interface, `eth1` on the bridge `back`, which gemel tracks.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::client::Client;
use crate::daemon::Daemon;
use crate::net::addresses::Presence;
use crate::net::{Host, Lab};
use crate::peers::{Adverts, Logging, Product, Side, VIP};
use crate::prober::Prober;
use crate::witness::{Kind, Witness, now_ns};

/// The bench. Daemons first: what is dropped first is at the top.
pub struct Pair {
    /// Priority 150.
    pub lb1: Director,
    /// Priority 100.
    pub lb2: Director,
    /// Hears both.
    pub witness: Witness,
    /// Asks for echoes.
    pub client: Host,
    /// Asks by ARP.
    pub prober: Host,
    /// The network.
    pub lab: Lab,
    folder: TempDir,
}

/// One half of the pair: a host, and the daemon on it while there is one.
pub struct Director {
    /// Which half.
    pub side: Side,
    /// Who runs on it.
    pub product: Product,
    /// The host.
    pub host: Host,
    /// Its files.
    pub folder: PathBuf,
    adverts: Adverts,
    logging: Logging,
    daemon: Option<Daemon>,
}

impl Pair {
    /// The network and the files; no daemon runs yet. They will log all they can.
    pub fn new(lb1: Product, lb2: Product, adverts: Adverts) -> Result<Self> {
        Self::logging([lb1, lb2], adverts, Logging::Full)
    }

    /// The same, with the daemons quiet or not.
    pub fn logging(products: [Product; 2], adverts: Adverts, logging: Logging) -> Result<Self> {
        let mut lab = Lab::new()?;
        let folder = tempfile::Builder::new().prefix("gemel-lab-").tempdir()?;
        let mut director = |side: Side, product| -> Result<Director> {
            let address = format!("{}/24", side.address());
            let ports = [("eth0", "front", address.as_str()), ("eth1", "back", "")];
            let host = lab.host(side.name(), &ports)?;
            let folder = folder.path().join(side.name());
            fs::create_dir(&folder)?;
            Ok(Director { side, product, host, folder, adverts, logging, daemon: None })
        };
        let [first, second] = products;
        let (lb1, lb2) = (director(Side::Lb1, first)?, director(Side::Lb2, second)?);
        let client = lab.host("client", &[("eth0", "front", "192.0.2.100/24")])?;
        let prober = lab.host("prober", &[("eth0", "front", "192.0.2.101/24")])?;
        let witness = Witness::watch(&lab, "front")?;
        Ok(Self { lb1, lb2, witness, client, prober, lab, folder })
    }

    /// Starts both, lb2 first; returns when lb2 has been Active, so it lives and hears, and lb1
    /// has taken over from it.
    pub fn start(&mut self) -> Result<()> {
        let began = now_ns();
        self.lb2.start()?;
        self.witness.garp_of("lb2", began, START)?;
        self.start_lb1()
    }

    /// Starts lb1 and returns when it is Active and lb2 has heard so.
    pub fn start_lb1(&mut self) -> Result<()> {
        let began = now_ns();
        self.lb1.start()?;
        self.witness.garp_of("lb1", began, START)?;
        self.await_sole(Side::Lb1)
    }

    /// Returns when this side has advertised twice in a row and the other not in between, and the
    /// other has let go of the address.
    pub fn await_sole(&mut self, side: Side) -> Result<()> {
        let watch = self.director(side.other()).host.watch_addresses()?;
        watch.wait_for("eth0", VIP, Presence::Gone, CONVERGENCE)?;
        for _ in 0..10 {
            let from = now_ns();
            self.witness.adverts_of(side.name(), 2, from, CONVERGENCE)?;
            let loser = side.other().name();
            if !self.witness.since(from).iter().any(|event| event.claims_by(loser)) {
                return Ok(());
            }
        }
        anyhow::bail!("two Actives: {}", self.witness.tale(0))
    }

    /// The half of this side.
    pub fn director(&mut self, side: Side) -> &mut Director {
        match side {
            Side::Lb1 => &mut self.lb1,
            Side::Lb2 => &mut self.lb2,
        }
    }

    /// Kills all processes of this side and pulls its cable at the same moment.
    pub fn crash_and_cut(&mut self, side: Side) -> Result<()> {
        self.director(side).daemon()?.signal_all(Signal::SIGKILL)?;
        self.lab.cut(side.name(), "eth0")?;
        self.director(side).reap()
    }

    /// A killed and cut off side comes back into the network, without the address that its dead
    /// daemon left on it (as after a reboot), and without a daemon.
    pub fn mend_clean(&mut self, side: Side) -> Result<()> {
        self.director(side).remove_address()?;
        self.lab.mend(side.name(), "eth0")
    }

    /// An echo client on the virtual address that is being answered.
    pub fn client(&self) -> Result<Client> {
        let client = Client::start(&self.client, VIP)?;
        client.wait_for_answer(CONVERGENCE)?;
        Ok(client)
    }

    /// Begins to ask by ARP for the virtual address.
    pub fn probe(&self) -> Result<Prober> {
        Prober::start(&self.prober, "eth0", VIP, PROBE_PERIOD)
    }

    /// The prober's questions since then that more than one host answered: when, by time since.
    pub fn double_answers(&mut self, since_ns: u64) -> Vec<Duration> {
        let answers = self.witness.answers("prober", VIP, since_ns);
        let doubles = answers.iter().filter(|(_, hosts)| hosts.len() > 1);
        doubles.map(|(at_ns, _)| Duration::from_nanos(at_ns - since_ns)).collect()
    }

    /// How many of the prober's questions since then nobody answered; the last is not counted.
    pub fn unanswered(&mut self, since_ns: u64) -> usize {
        let mut answers = self.witness.answers("prober", VIP, since_ns);
        answers.pop();
        answers.iter().filter(|(_, hosts)| hosts.is_empty()).count()
    }

    /// Asks by ARP for some time: this side, and it alone, must answer, every time.
    pub fn expect_sole_answer(&mut self, side: Side) -> Result<()> {
        let prober = self.probe()?;
        self.expect_sole_answer_to(&prober, side)
    }

    /// The same with a prober that is asking already; two at once would take each other's answers.
    pub fn expect_sole_answer_to(&mut self, _prober: &Prober, side: Side) -> Result<()> {
        let from = now_ns();
        let mut next = from;
        for _ in 0..=QUESTIONS {
            let asked = self.witness.wait_for(next, CONVERGENCE, "a question", |event| {
                event.host == "prober" && matches!(event.kind, Kind::Question { .. })
            })?;
            next = asked.at_ns + 1;
        }
        let mut answers = self.witness.answers("prober", VIP, from);
        // The last question's answer may still be on its way.
        answers.pop();
        let sole = BTreeSet::from([side.name().to_owned()]);
        let other = answers.iter().find(|(_, hosts)| *hosts != sole);
        ensure!(other.is_none(), "{other:?} answered, not {sole:?} alone");
        Ok(())
    }

    /// Where the files of the lab are.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Director {
    /// Starts its daemon; returns at once.
    pub fn start(&mut self) -> Result<()> {
        let Self { product, host, side, adverts, logging, folder, .. } = self;
        let command = product.command(host, *side, *adverts, *logging, folder)?;
        let name = format!("{}-{}", self.product.name(), self.side.name());
        self.daemon = Some(Daemon::start(&name, command, &self.folder)?);
        Ok(())
    }

    /// Its daemon.
    pub fn daemon(&mut self) -> Result<&mut Daemon> {
        let side = self.side;
        self.daemon.as_mut().with_context(|| format!("no daemon runs on {}", side.name()))
    }

    /// Signals its daemon and waits until it has ended.
    pub fn stop(&mut self, signal: Signal) -> Result<ExitStatus> {
        let status = self.daemon()?.stop(signal, STOP)?;
        self.daemon = None;
        Ok(status)
    }

    /// Kills every process of its daemon.
    pub fn crash(&mut self) -> Result<()> {
        self.daemon()?.signal_all(Signal::SIGKILL)?;
        self.reap()
    }

    /// Whether it has the virtual address.
    pub fn holds(&self) -> Result<bool> {
        self.host.has_address("eth0", VIP)
    }

    /// Takes the virtual address from it by hand, if it has it.
    pub fn remove_address(&self) -> Result<()> {
        if self.holds()? { self.host.ip(&[format!("addr del {VIP}/32 dev eth0")]) } else { Ok(()) }
    }

    fn reap(&mut self) -> Result<()> {
        self.daemon()?.wait(STOP)?;
        self.daemon = None;
        Ok(())
    }
}

/// How long a daemon may take from its start to its first claim.
pub const START: Duration = Duration::from_secs(10);

/// How long anything may take that takes some intervals.
pub const CONVERGENCE: Duration = Duration::from_secs(5);

/// How long a daemon may take to end.
pub const STOP: Duration = Duration::from_secs(10);

/// How often somebody must have been the only one that answers.
const QUESTIONS: usize = 50;

/// How often the prober asks.
const PROBE_PERIOD: Duration = Duration::from_millis(5);
