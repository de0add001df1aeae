//! Random tables that the kernel takes.

use std::net::Ipv6Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use ipvs_table::{
    Family, Forward, Protocol, Server, ServerKey, Service, ServiceKey, Table, Weight,
};

use crate::{listen, server_key, service};

/// splitmix64
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From the environment's SEED, or from the clock; printed.
    pub(crate) fn seeded() -> Self {
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
        let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let random = Self(seed.unwrap_or_else(clock));
        println!("SEED={}", random.0);
        random
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub(crate) fn table(&mut self) -> Table {
        let service = |_| {
            let key = self.service_key();
            (key, self.service(key.family()))
        };
        (0..12).map(service).collect()
    }

    fn service_key(&mut self) -> ServiceKey {
        let last = self.below(4) as u8;
        let protocol = self.pick(&[Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
        let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last));
        match self.below(4) {
            0 => ServiceKey::Mark { family: Family::V4, mark: u32::from(last) + 1 },
            1 => listen(protocol, v6.into(), 443),
            _ => listen(protocol, [192, 0, 2, last].into(), self.pick(&[53, 80])),
        }
    }

    fn service(&mut self, family: Family) -> Service {
        let persistent = self.below(2) as u32;
        let servers = (0..self.below(30)).map(|_| (self.server_key(family), self.server()));
        Service {
            servers: servers.collect(),
            flags: persistent,
            timeout_s: persistent * 360,
            prefix: match persistent {
                0 => family.bits(),
                _ => self.pick(&[8, 24, family.bits()]),
            },
            ..service(self.pick(&["rr", "wrr", "lc", "wlc", "sh", "sed"]))
        }
    }

    fn server_key(&mut self, family: Family) -> ServerKey {
        let last = self.below(40) as u8 + 1;
        match family {
            Family::V4 => server_key([198, 51, 100, last], 80),
            Family::V6 => {
                let segments = [0x2001, 0xdb8, 1, 0, 0, 0, 0, u16::from(last)];
                ServerKey { address: Ipv6Addr::from(segments).into(), port: 80 }
            }
        }
    }

    fn server(&mut self) -> Server {
        let upper = self.pick(&[0, 0, 100]);
        let forward = self.pick(&[Forward::Direct, Forward::Nat, Forward::Tunnel]);
        let lower = upper / 2;
        Server { forward, weight: Weight(self.below(4) as u16), upper, lower }
    }
}
