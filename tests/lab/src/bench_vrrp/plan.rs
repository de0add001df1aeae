//! What a pair shall do in one measurement: virtual routers with their addresses, and the file that
//! says so to gemel and to keepalived.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::peers::{Product, Side};

/// A set of virtual routers.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) routers: Vec<Router>,
    pub(crate) preempt: Preempt,
    pub(crate) cap: Cap,
}

/// Whether a director's announcements are held to a number a second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cap {
    /// As the product has it.
    Default,
    Off,
}

/// Whether a returning higher priority takes its role back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Preempt {
    Yes,
    No,
}

/// One virtual router.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    /// It lives on `ethN`.
    pub(crate) link: usize,
    pub(crate) vrid: u8,
    pub(crate) interval: Duration,
    /// In its adverts.
    pub(crate) addresses: Vec<Ipv4Addr>,
    /// Held too, but not in its adverts.
    pub(crate) unadvertised: Vec<Ipv4Addr>,
}

impl Router {
    /// VRID 1 on `eth0` with the first address.
    pub(crate) fn first(interval: Duration) -> Self {
        Self::numbered(0, interval)
    }

    /// The `number`th of many: 250 share an interface, each has an address of its own.
    pub(crate) fn numbered(number: usize, interval: Duration) -> Self {
        let link = number / PER_LINK;
        Self {
            link,
            vrid: (number % PER_LINK) as u8 + 1,
            interval,
            addresses: vec![address(link, number % PER_LINK)],
            unadvertised: Vec::new(),
        }
    }

    /// VRID 1 on `eth0` with so many addresses, 250 of them in its adverts.
    pub(crate) fn with_addresses(count: usize, interval: Duration) -> Self {
        let mut all = (0..count).map(|number| address(0, number));
        let addresses = all.by_ref().take(PER_LINK).collect();
        Self { addresses, unadvertised: all.collect(), ..Self::first(interval) }
    }

    /// How long the Backup, lb2, waits for a silent Active: RFC 9568 6.1.
    pub(crate) fn active_down_interval(&self) -> Duration {
        3 * self.interval + self.interval * (256 - u32::from(Side::Lb2.priority())) / 256
    }
}

impl Plan {
    pub(crate) fn of(routers: Vec<Router>) -> Self {
        Self { routers, preempt: Preempt::Yes, cap: Cap::Default }
    }

    /// So many virtual routers.
    pub(crate) fn many(count: usize, interval: Duration) -> Self {
        Self::of((0..count).map(|number| Router::numbered(number, interval)).collect())
    }

    /// How many interfaces it needs.
    pub(crate) fn links(&self) -> usize {
        self.routers.iter().map(|router| router.link + 1).max().unwrap_or(1)
    }

    /// The longest that anything of it takes to be noticed.
    pub(crate) fn active_down_interval(&self) -> Duration {
        self.routers.iter().map(Router::active_down_interval).max().unwrap_or_default()
    }

    /// The text of the file for this product on this side.
    pub(crate) fn file(&self, product: Product, side: Side) -> String {
        match product {
            Product::Gemel => self.gemel_file(),
            Product::Keepalived => self.keepalived_file(side),
        }
    }

    fn gemel_file(&self) -> String {
        let mut file = String::from("[pair]\nname = \"bench\"\n");
        if self.cap == Cap::Off {
            add(&mut file, "[announce]\nrate = false\n");
        }
        for side in [Side::Lb1, Side::Lb2] {
            let (name, priority) = (side.name(), side.priority());
            add(&mut file, &format!("[[director]]\nname = \"{name}\"\npriority = {priority}\n"));
        }
        for router in &self.routers {
            let Router { link, vrid, interval, .. } = router;
            add(
                &mut file,
                &format!(
                    "[[router]]\nname = \"r{link}-{vrid}\"\ninterface = \"eth{link}\"\n\
                     vrid = {vrid}\ninterval = \"{}ms\"\naddresses = [{}]\n",
                    interval.as_millis(),
                    quoted(&router.addresses)
                ),
            );
            if !router.unadvertised.is_empty() {
                add(&mut file, &format!("unadvertised = [{}]\n", quoted(&router.unadvertised)));
            }
            if self.preempt == Preempt::No {
                add(&mut file, "preempt = false\n");
            }
        }
        file
    }

    /// Real-time priority as gemel has it, so that the two are measured alike; and a second of it
    /// before the kernel kills it, since its default of 10 ms is not enough on a busy machine.
    fn keepalived_file(&self, side: Side) -> String {
        let mut file = format!(
            "global_defs {{\n  router_id {}\n  vrrp_version 3\n  vrrp_rt_priority 50\n  \
             vrrp_rlimit_rttime 1000000\n}}\n",
            side.name()
        );
        for router in &self.routers {
            let Router { link, vrid, interval, .. } = router;
            add(
                &mut file,
                &format!(
                    "vrrp_instance r{link}-{vrid} {{\n  state BACKUP\n  interface eth{link}\n  \
                     virtual_router_id {vrid}\n  priority {}\n  advert_int {}\n",
                    side.priority(),
                    interval.as_secs_f64()
                ),
            );
            if self.preempt == Preempt::No {
                add(&mut file, "  nopreempt\n");
            }
            for (block, addresses) in [
                ("virtual_ipaddress", &router.addresses),
                ("virtual_ipaddress_excluded", &router.unadvertised),
            ] {
                if !addresses.is_empty() {
                    let lines: String =
                        addresses.iter().map(|address| format!("    {address}/32\n")).collect();
                    add(&mut file, &format!("  {block} {{\n{lines}  }}\n"));
                }
            }
            add(&mut file, "}\n");
        }
        file
    }
}

/// This side's own address on `ethN`.
pub(crate) fn own_address(side: Side, link: usize) -> Ipv4Addr {
    match side {
        Side::Lb1 => Ipv4Addr::new(10, link as u8, 0, 11),
        Side::Lb2 => Ipv4Addr::new(10, link as u8, 0, 12),
    }
}

/// The `number`th virtual address on `ethN`.
pub(crate) fn address(link: usize, number: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, link as u8, (number / PER_LINK) as u8 + 1, (number % PER_LINK) as u8 + 1)
}

fn quoted(addresses: &[Ipv4Addr]) -> String {
    addresses.iter().map(|address| format!("\"{address}\"")).collect::<Vec<_>>().join(", ")
}

fn add(file: &mut String, text: &str) {
    if let Err(error) = file.write_str(text) {
        panic!("a string takes any text: {error}");
    }
}

/// Virtual routers of one interface, and addresses of one advert: below 255 of either.
pub(crate) const PER_LINK: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_routers_share_four_interfaces_and_no_address() {
        let plan = Plan::many(1000, Duration::from_secs(1));
        assert_eq!(plan.links(), 4);
        let mut seen: Vec<_> = plan.routers.iter().map(|one| (one.link, one.vrid)).collect();
        let mut addresses: Vec<_> = plan.routers.iter().flat_map(|one| &one.addresses).collect();
        seen.dedup();
        addresses.sort();
        addresses.dedup();
        assert_eq!((seen.len(), addresses.len()), (1000, 1000));
    }

    #[test]
    fn addresses_beyond_an_advert_are_held_without_being_in_it() {
        let router = Router::with_addresses(1000, Duration::from_secs(1));
        assert_eq!((router.addresses.len(), router.unadvertised.len()), (250, 750));
        let plan = Plan::of(vec![router]);
        assert!(plan.file(Product::Gemel, Side::Lb1).contains("unadvertised = [\"10.0.2.1\""));
        let file = plan.file(Product::Keepalived, Side::Lb2);
        assert!(file.contains("virtual_ipaddress_excluded {\n    10.0.2.1/32\n"), "{file}");
    }

    #[test]
    fn a_backup_of_priority_100_waits_three_intervals_and_its_skew_time() {
        let wait = Router::first(Duration::from_millis(100)).active_down_interval();
        assert_eq!(wait, Duration::from_nanos(360_937_500));
    }
}
