//! The one file for both directors: text to [`Settings`], or all its problems at once.
//!
//! [`check`] reads text and returns settings with warnings, or every problem with file, line,
//! column, caret and suggestion. Nothing here reads a file or knows which director we are;
//! [`Settings::for_director`] turns settings into what the machines of one director need.
//!
//! ```text
//! text ─parse─► TOML with places ─read─► raw shapes ─cross─► no errors? ─build─► Settings
//!                  │ broken syntax          │ types, ranges,    │ names, duplicates,
//!                  ▼                        ▼ unknown keys      ▼ what cannot work
//!               Findings ──────────────────render─────────────────────────► Problems
//! ```
//!
//! # The file
//!
//! Unknown keys are errors, addresses are numeric, quantities carry their unit (`ms`, `s`, `min`,
//! `h`). A key with a default may be left out.
//!
//! | key | value | default |
//! |---|---|---|
//! | `[pair]` | what both directors have in common | required |
//! | `name` | a name: letters, digits, `-`, `_`, `.` | required |
//! | `secret_file` | absolute path of the pair link's key; not read yet | none |
//! | `[[director]]` | one or two; none in a file with nothing to do | |
//! | `name` | which one: `--director`, or the host name | required |
//! | `address` | IPv4 or IPv6, for the pair link only | none |
//! | `priority` | base priority of its routers, 1 to 254, or 255 if it owns their addresses | 100 |
//! | `[[router]]` | a VRRP virtual router; with addresses of both families two, that move together | |
//! | `name` | a name | required |
//! | `interface` | where it advertises and holds its addresses | required |
//! | `vrid` | 1 to 255, used once on that interface in each family | required |
//! | `addresses` | at least one; 255 of IPv4 and 90 of IPv6 fit in adverts; the most important first | required |
//! | | `"192.0.2.80"`, `"192.0.2.80/24"`, `"2001:db8::80"`: /32 and /128 unless said | |
//! | | or `{ address = "192.0.2.80/24", interface = "eth1", label = "eth1:web", scope = "link" }` | |
//! | `unadvertised` | more addresses, held but not in adverts; up to 10,000 in all | none |
//! | `version` | 3, or 2: IPv4 and whole seconds only | 3 |
//! | `password` | up to 8 bytes, for version 2; anybody on the link can read it | none |
//! | `checksum` | of version 3 over IPv4: `"auto"`, `"rfc9568"` or `"pseudo-header"` | `"auto"` |
//! | `strict` | whether adverts that differ from ours in interval or addresses are discarded | `false` |
//! | `interval` | between adverts: 10ms to 40.95s in steps of 10ms; below 50ms needs real-time permission | `"1s"` |
//! | `down_factor` | how many intervals of silence end in a takeover, 1 to 100 | 3 |
//! | `priority` | `{ lb1 = 100, lb2 = 150 }`, over the directors' | the directors' |
//! | `preempt` | whether a higher base priority takes over from a live Active | `true` |
//! | `preempt_delay` | how long a live Active of lower priority is left alone, up to 1h | `"0s"` |
//! | `startup_delay` | how long it takes no part after the start, up to 1h | `"0s"` |
//! | `route` | list of routes that follow the role, as `ip route` has them: | none |
//! | | `"default via 192.0.2.1 dev eth0 table 100 src 192.0.2.80 metric 10"` | |
//! | `rule` | list of policy rules that follow the role, as `ip rule` has them: | none |
//! | | `"from 192.0.2.80 to 10.0.0.0/8 fwmark 7 table 100 priority 1000"` | |
//! | `track` | list of facts about this machine; of `interface` to `script` one each | none |
//! | `track.interface` | an interface that should be up and running | |
//! | `track.address` | an address that should be on some interface | |
//! | `track.route` | a route that should be in the main table: `"0.0.0.0/0"` | |
//! | `track.gateway` | a next hop that should answer on the router's interface, or on `interface` | |
//! | `track.file` | an absolute path; the number in the file is multiplied with `weight` | |
//! | `track.process` | a process of this name that should run | |
//! | `track.script` | the name of a `[[script]]` that should exit with 0 | |
//! | `track.weight` | what losing it adds to the priority, -253 to 253 | this or `fault` |
//! | `track.fault` | `true`: without it the router takes no part | this or `weight` |
//! | `track.interval` | from one look to the next, 10ms to 1h | 1s; 5s of files and scripts |
//! | `track.timeout` | how long a look may take, at most the interval | see `track::Timing` |
//! | `track.fall`, `track.rise` | looks in a row that are believed, 1 to 1000, or how long they last: `"2s"` | see there |
//! | `adverts` | `"multicast"` or `"unicast"` | `"multicast"` |
//! | `peers` | `{ lb1 = "192.0.2.11", lb2 = "192.0.2.12" }`: every director's own address there; | with unicast only |
//! | | with both families a list of one of each: `["192.0.2.11", "2001:db8::11"]` | |
//! | `min_ttl` | the lowest TTL or hop limit of a peer's adverts, 1 to 255 | 255 |
//! | `accept` | whether packets for the addresses are taken (RFC 9568, Accept_Mode); `false` not yet | `true` |
//! | `virtual_mac` | `true`, or a device's name: the addresses answer with the virtual MAC of RFC 9568 | `false` |
//! | | the device is called `gm4-VRID-INTERFACE`, `gm6-...` for IPv6, or NAME and NAME`-6` | |
//! | `[[group]]` | routers that are Active together: their causes add up in one priority | |
//! | `name` | a name that no router has | required |
//! | `routers` | their names; they agree in `interval`, `down_factor`, `preempt`, delays, `accept`, `priority` | required |
//! | `leader` | the one whose adverts and link decide for all, its IPv4 half if it has both | all decide |
//! | `[[script]]` | a program that is run for `track` | |
//! | `name` | a name | required |
//! | `command` | an absolute path, or a list of one and arguments | required |
//! | `[announce]` | how held addresses are announced (gratuitous ARP, neighbour advertisements) | |
//! | `burst` | copies at once, 1 to 10 | 1 |
//! | `refresh` | from one later copy to the next, 1s to 24h, or `false` | `"60s"` |
//! | `rate` | announcements in a second of the whole director, or `false` for no cap | 1000 |
//! | `[[service]]` | an IPVS virtual server | |
//! | `name` | a name | required |
//! | `listen` | `"tcp://ADDRESS:PORT"` or `"udp://ADDRESS:PORT"` | required |
//! | `router` | the router that holds its address | none |
//! | `scheduler` | a scheduler of IPVS | `"wlc"` |
//! | `forward` | `"direct"`, `"nat"` or `"tunnel"` | `"direct"` |
//! | `quorum` | when the service counts as lost, and what that is worth | never |
//! | `quorum.unit` | `"servers"` | `"servers"` |
//! | `quorum.down_below` | lost with fewer live servers | 1 |
//! | `quorum.up_at` | back with as many, at least `down_below` | `down_below` |
//! | `quorum.priority` | added to the router's priority while lost, -253 to 253 | required |
//! | `check` | how a server is judged | always up |
//! | `check.http` | `"http://{server}:PORT/PATH"`; port and path may be left out | this or `tcp` |
//! | `check.tcp` | `true` or `"{server}:PORT"` | this or `http` |
//! | `check.host` | the Host header of `http` | server and port |
//! | `check.status` | `200`, `"200-299"`, or a list of those, for `http` | `"200-299"` |
//! | `check.interval` | 10ms to 1h | `"2s"` |
//! | `check.timeout` | for the whole exchange, at most the interval | the interval, at most `"1s"` |
//! | `check.fall`, `check.rise` | answers in a row that are believed, 1 to 1000 | 3, 2 |
//! | `server` | list of `{ address, port, weight }` | required |
//! | `server.address` | IPv4 | required |
//! | `server.port` | another than the service's with `"nat"` only | the service's |
//! | `server.weight` | 0 to 65535; 0 takes no new connections | 1 |

#![forbid(unsafe_code)]

mod build;
mod check;
mod cross;
mod director;
mod fields;
mod finding;
mod problem;
mod quantity;
mod raw;
mod read;
mod render;
mod settings;
mod suggest;
mod syntax;

pub use check::check;
pub use director::{Assembly, Part, RouterPlan};
pub use problem::{Problem, Report, Severity};
pub use settings::{
    Address, Adverts, CheckSettings, Director, Group, Router, Server, Service, Settings, Track,
    Version, VirtualMac,
};

/// The file's JSON Schema (draft 7), for editors: types, ranges and words of each key. What concerns
/// two keys at once only [`check`] knows.
pub const SCHEMA: &str = include_str!("schema.json");
