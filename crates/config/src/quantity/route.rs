//! Routes and policy rules that follow the role, in the words of iproute2:
//! `"default via 192.0.2.1 dev eth0 table 100"`, `"from 192.0.2.80 table 100 priority 1000"`.

use std::net::IpAddr;

use vrrp_proto::Family;
use vrrp_proto::held::{VirtualRoute, VirtualRule};

use super::address::{any_address, host_bits, longest_prefix};
use super::{Wrong, host, interface};
use crate::finding::quote;
use crate::suggest::did_you_mean;

/// Where to, then `via`, `dev`, `src`, `table` and `metric` in any order.
pub(crate) fn route(text: &str) -> Result<VirtualRoute, Wrong> {
    let mut words = Words::of(text);
    let Some(to) = words.next() else {
        return Err(Wrong::new("is empty").hint(ROUTE));
    };
    let [via, dev, src, table, metric] =
        words.values([&["via"], &["dev"], &["src"], &["table"], &["metric"]])?;
    let via = via.map(|word| word.read(host)).transpose()?;
    let source = src.map(|word| word.read(host)).transpose()?;
    let to = match (to, via.or(source)) {
        ("default", Some(address)) if address.is_ipv4() => (IpAddr::from([0; 4]), 0),
        ("default", Some(_)) => (IpAddr::from([0; 16]), 0),
        ("default", None) => {
            return Err(Wrong::new("names no family").hint("write 0.0.0.0/0 or ::/0"));
        }
        (value, _) => Word { key: "a destination", value }.read(network)?,
    };
    let route = VirtualRoute {
        to,
        via,
        interface: dev.map(|word| word.read(interface)).transpose()?,
        source,
        table: table.map(|word| word.read(self::table)).transpose()?.flatten(),
        metric: metric.map(|word| word.read(number)).transpose()?,
    };
    let others = [("via", route.via), ("src", route.source)];
    same_family(Family::of(route.to.0), others)?;
    if route.via.is_none() && route.interface.is_none() {
        return Err(Wrong::new("leads nowhere").hint("add `via` or `dev`"));
    }
    if route.interface.is_none()
        && matches!(route.via, Some(IpAddr::V6(via)) if via.is_unicast_link_local())
    {
        return Err(Wrong::new("has a link-local next hop on no link").hint("add `dev`"));
    }
    Ok(route)
}

/// `from`, `to`, `fwmark`, `table` and `priority` in any order.
pub(crate) fn rule(text: &str) -> Result<VirtualRule, Wrong> {
    let mut words = Words::of(text);
    let [from, to, mark, table, priority] = words.values([
        &["from"],
        &["to"],
        &["fwmark"],
        &["table", "lookup"],
        &["priority", "pref", "order"],
    ])?;
    let selector = |word: Word<'_>| match word.value {
        "all" => Ok(None),
        _ => word.read(network).map(Some),
    };
    let from = from.map(selector).transpose()?.flatten();
    let to = to.map(selector).transpose()?.flatten();
    let Some((first, _)) = from.or(to) else {
        let hint = "say packets of which: `from 0.0.0.0/0` or `from ::/0` if of all";
        return Err(Wrong::new("names no family").hint(hint));
    };
    let Some(table) = table else {
        return Err(Wrong::new("names no table").hint("add `table 100`"));
    };
    same_family(Family::of(first), [("to", to.map(|(address, _)| address))])?;
    Ok(VirtualRule {
        from,
        to,
        mark: mark.map(|word| word.read(number)).transpose()?,
        table: table.read(self::table)?.unwrap_or(MAIN),
        priority: priority.map(|word| word.read(number)).transpose()?,
    })
}

/// A text in words.
struct Words<'a>(std::str::SplitWhitespace<'a>);

/// A word with the one before it, which says what it is.
#[derive(Clone, Copy)]
struct Word<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.split_whitespace())
    }

    fn next(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    /// The rest as pairs: for each list of words that mean the same, what stands behind one of them.
    fn values<const N: usize>(
        &mut self,
        keys: [&[&'static str]; N],
    ) -> Result<[Option<Word<'a>>; N], Wrong> {
        let mut values = [None; N];
        while let Some(key) = self.next() {
            let place = keys.iter().zip(&mut values).find(|(names, _)| names.contains(&key));
            let Some((_, place)) = place else {
                let message = format!("has the unknown word {}", quote(key));
                return Err(Wrong::new(message).hint(did_you_mean(key, &keys.concat())));
            };
            let Some(value) = self.next() else {
                return Err(Wrong::new(format!("ends behind {}", quote(key))));
            };
            if place.replace(Word { key, value }).is_some() {
                return Err(Wrong::new(format!("says {} twice", quote(key))));
            }
        }
        Ok(values)
    }
}

impl Word<'_> {
    fn read<T>(self, parser: impl FnOnce(&str) -> Result<T, Wrong>) -> Result<T, Wrong> {
        parser(self.value).map_err(|wrong| Wrong {
            message: format!("has {} {}, which {}", self.key, quote(self.value), wrong.message),
            hint: wrong.hint,
        })
    }
}

/// An address or a network with its prefix length; without one, of one host.
fn network(text: &str) -> Result<(IpAddr, u8), Wrong> {
    let Some((address, prefix)) = text.split_once('/') else {
        let address = any_address(text)?;
        return Ok((address, longest_prefix(address)));
    };
    let address: IpAddr =
        address.parse().map_err(|_| Wrong::new("is not a network").hint(NETWORK))?;
    let longest = longest_prefix(address);
    let Some(prefix) = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= longest) else {
        return Err(Wrong::new(format!("has a prefix length that is not 0 to {longest}")));
    };
    if host_bits(address, prefix) != 0 {
        let hint = "behind its prefix length all bits are zero: 192.0.2.0/24, or 192.0.2.80/32";
        return Err(Wrong::new("is a host in a network").hint(hint));
    }
    Ok((address, prefix))
}

fn same_family<const N: usize>(
    family: Family,
    others: [(&str, Option<IpAddr>); N],
) -> Result<(), Wrong> {
    for (key, address) in others {
        if address.is_some_and(|address| Family::of(address) != family) {
            return Err(Wrong::new(format!("is {family}, and has {key} of the other family")));
        }
    }
    Ok(())
}

/// A routing table; `None` is main.
fn table(text: &str) -> Result<Option<u32>, Wrong> {
    match text {
        "main" => Ok(None),
        _ => match text.parse::<u32>() {
            Ok(table) if table != 0 => Ok(Some(table).filter(|table| *table != MAIN)),
            Ok(_) | Err(_) => Err(Wrong::new("is not a table").hint("by number, or `main`")),
        },
    }
}

/// A tracked route: its destination.
pub(crate) fn destination(text: &str) -> Result<(IpAddr, u8), Wrong> {
    match text {
        "default" => Err(Wrong::new("names no family").hint("write 0.0.0.0/0 or ::/0")),
        _ => network(text),
    }
}

fn number(text: &str) -> Result<u32, Wrong> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| Wrong::new("is not a number of 32 bits"))
}

/// RT_TABLE_MAIN (<linux/rtnetlink.h>).
const MAIN: u32 = 254;
const ROUTE: &str = "such as \"default via 192.0.2.1 dev eth0 table 100\"";
const NETWORK: &str = "such as \"192.0.2.0/24\" or \"2001:db8::/32\"";
