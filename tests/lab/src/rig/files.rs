//! The plan of a rig in the words of each product, and how each is started.

use std::fmt::Write;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::plan::{Device, Family, Plan, Product};
use crate::client::Ticks;
use crate::daemon::Daemon;
use crate::net::Host;
use crate::pair::START;
use crate::peers::{Adverts, Side, VRID, gemel_run};

/// Starts this product; the daemon that speaks VRRP is the last.
pub(super) fn start(
    product: Product,
    plan: &Plan,
    side: Side,
    host: &Host,
    folder: &Path,
) -> Result<Vec<Daemon>> {
    match product {
        Product::Gemel => {
            let file = plan.file.clone().unwrap_or_else(|| gemel(plan, side));
            let mut command = gemel_run(host, side, &file, folder)?;
            command.current_dir(folder);
            Ok(vec![Daemon::start("gemel", command, folder)?])
        }
        Product::Keepalived => {
            fs::write(folder.join("keepalived.conf"), keepalived(plan, side))?;
            let mut command = host.command("keepalived");
            command.args(["--dont-fork", "--no-syslog", "--log-console", "--log-detail", "--vrrp"]);
            command.arg("--use-file").arg(folder.join("keepalived.conf"));
            for (option, file) in [("--pid", "keepalived.pid"), ("--vrrp_pid", "vrrp.pid")] {
                let file = folder.join(file);
                // Left by a killed one; it would refuse to start while that is not reaped.
                if file.exists() {
                    fs::remove_file(&file)?;
                }
                command.arg(option).arg(file);
            }
            Ok(vec![Daemon::start("keepalived", command, folder)?])
        }
        Product::Frr => frr(plan, side, host, folder),
    }
}

/// The file for both; only the addresses may be this side's own.
fn gemel(plan: &Plan, side: Side) -> String {
    let mut file = String::from("[pair]\nname = \"lab\"\n");
    for one in [Side::Lb1, Side::Lb2] {
        let (name, priority) = (one.name(), plan.priority(one));
        file += &format!("\n[[director]]\nname = \"{name}\"\npriority = {priority}\n");
    }
    file += &format!(
        "\n[[router]]\nname = \"web\"\ninterface = {:?}\nvrid = {VRID}\nversion = {}\n\
         interval = \"{}ms\"\naddresses = {:?}\npreempt = {}\nvirtual_mac = {}\n",
        plan.interface,
        plan.version,
        plan.interval.as_millis(),
        texts(&plan.addresses[side as usize]),
        plan.preempt,
        plan.device == Device::Virtual,
    );
    if plan.adverts == Adverts::Unicast {
        let own = |side| {
            texts(&plan.families().iter().map(|family| family.own(side)).collect::<Vec<_>>())
        };
        file += &format!(
            "adverts = \"unicast\"\npeers = {{ lb1 = {:?}, lb2 = {:?} }}\n",
            own(Side::Lb1),
            own(Side::Lb2)
        );
    }
    if let Some(password) = plan.password {
        file += &format!("password = {password:?}\n");
    }
    file + &plan.more
}

fn keepalived(plan: &Plan, side: Side) -> String {
    let mut file = format!(
        "global_defs {{\n  router_id {}\n  vrrp_version {}\n  vrrp_rt_priority 50\n  \
         vrrp_rlimit_rttime 1000000\n}}\n",
        side.name(),
        plan.version
    );
    for family in plan.families() {
        let mut lines = vec![
            "state BACKUP".to_owned(),
            "interface eth0".to_owned(),
            format!("virtual_router_id {VRID}"),
            format!("priority {}", plan.priority(side)),
            format!("advert_int {}", plan.interval.as_secs_f64()),
        ];
        if plan.device == Device::Virtual {
            lines.push("use_vmac".to_owned());
            if plan.adverts == Adverts::Unicast {
                lines.push("vmac_xmit_base".to_owned());
            }
        }
        if !plan.preempt {
            lines.push("nopreempt".to_owned());
        }
        if let Some(password) = plan.password {
            lines.push(format!("authentication {{\n auth_type PASS\n auth_pass {password}\n}}"));
        }
        if plan.adverts == Adverts::Unicast {
            let (own, peer) = (family.own(side), family.own(side.other()));
            lines.push(format!("unicast_src_ip {own}\nunicast_peer {{\n {peer}\n}}"));
        }
        let length = if family == Family::Four { 32 } else { 128 };
        let list = plan.list(side, family);
        let list: String = list.iter().map(|vip| format!(" {vip}/{length}\n")).collect();
        lines.push(format!("virtual_ipaddress {{\n{list}}}"));
        let lines = lines.join("\n");
        file += &format!("vrrp_instance {family:?} {{\n{lines}\n}}\n");
    }
    file
}

/// zebra, which vrrpd needs, and vrrpd. The macvlan devices are the operator's: bridge mode, the
/// exact virtual MAC, the virtual addresses on them.
fn frr(plan: &Plan, side: Side, host: &Host, folder: &Path) -> Result<Vec<Daemon>> {
    let mut file = format!("interface eth0\n vrrp {VRID} version {}\n", plan.version);
    writeln!(file, " vrrp {VRID} priority {}", plan.priority(side))?;
    writeln!(file, " vrrp {VRID} advertisement-interval {}", plan.interval.as_millis())?;
    if !plan.preempt {
        writeln!(file, " no vrrp {VRID} preempt")?;
    }
    let mut links = Vec::new();
    for family in plan.families() {
        let (name, word, length) = match family {
            Family::Four => ("vrrp4-51", "ip", 32),
            Family::Six => ("vrrp6-51", "ipv6", 64),
        };
        let mac = family.virtual_mac();
        links.push(format!("link add {name} link eth0 address {mac} type macvlan mode bridge"));
        if family == Family::Six {
            links.push(format!("link set {name} addrgenmode none"));
            // Adverts come from the macvlan's own link-local address.
            let own = side as usize + 0x21;
            links.push(format!("addr add fe80::{own:x}/64 dev {name} nodad"));
        }
        for vip in plan.addresses[side as usize].iter().filter(|vip| family.has(**vip)) {
            links.push(format!("addr add {vip}/{length} dev {name} nodad"));
            writeln!(file, " vrrp {VRID} {word} {vip}")?;
        }
        links.push(format!("link set {name} up"));
    }
    // Nor may the interface answer for what stands on them, nor the host for what is down.
    host.sysctl(&[("net.ipv4.conf.all.arp_ignore", "1")])?;
    if !host.output("ip", &["-o", "link"])?.contains("-51") {
        host.ip(&links)?;
    }
    fs::write(folder.join("zebra.conf"), "")?;
    fs::write(folder.join("vrrpd.conf"), file)?;
    let socket = folder.join("zserv.api");
    if socket.exists() {
        fs::remove_file(&socket)?;
    }
    let daemon = |name: &str| -> Result<Daemon> {
        let mut command = host.command(&format!("/usr/lib/frr/{name}"));
        command.args(["-u", "root", "-g", "frrvty", "-P", "0", "--log", "stdout", "-f"]);
        command.arg(folder.join(format!("{name}.conf")));
        command.arg("-i").arg(folder.join(format!("{name}.pid")));
        command.arg("-z").arg(&socket).arg("--vty_socket").arg(folder);
        Daemon::start(name, command, folder)
    };
    let zebra = daemon("zebra")?;
    // vrrpd that does not find it asks again only after ten seconds.
    let (ticks, deadline) =
        (Ticks::every(std::time::Duration::from_millis(5))?, Instant::now() + START);
    while !socket.exists() {
        ensure!(Instant::now() < deadline, "zebra does not listen: {}", zebra.tale());
        ticks.next()?;
    }
    Ok(vec![zebra, daemon("vrrpd")?])
}

fn texts(addresses: &[IpAddr]) -> Vec<String> {
    addresses.iter().map(IpAddr::to_string).collect()
}
