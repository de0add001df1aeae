//! What a successor process needs to resume: a mapped file with one slot per router, which the wire
//! thread stores into without a system call. Read once by [`crate::start`]. Not a log and not a
//! configuration: a file that is missing, foreign or torn only costs the resumption.
//!
//! ```text
//! words  0..8   magic, version, slot count, boot id (36 bytes)
//! then per router 16 words:
//!        0..4   key: interface name (16 bytes), VRID, digest of the addresses
//!        4..8   record A: sequence, last advert (ns), flags, sum
//!        8..12  record B
//! ```
//! A store goes into the record that is not the latest and ends with its sum, so a process killed in
//! the middle of one leaves the other whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use clock::Instant;
use vrrp_proto::held::VirtualAddress;
use vrrp_proto::{Checksum, Vrid};

use crate::sys::Mapping;

#[cfg(test)]
mod tests;

/// Whose slot it is: a changed interface, VRID or address list makes another router of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    interface: [u8; 16],
    vrid: u8,
    digest: u64,
}

/// What is remembered of a router.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Memory {
    /// When it sent its last advert.
    pub(crate) advert: Instant,
    /// Whether it held its addresses (Active or Leaving).
    pub(crate) holds: bool,
    /// The sum its peer was last heard to use.
    pub(crate) checksum: Option<Checksum>,
}

/// The file of this process.
#[derive(Debug)]
pub(crate) struct State {
    mapping: Mapping,
}

const MAGIC: u64 = u64::from_le_bytes(*b"gemelrtr");
const VERSION: u64 = 1;
const HEADER: usize = 8;
const SLOT: usize = 16;
const RECORD_A: usize = 4;
const RECORD_B: usize = 8;

impl Key {
    pub(crate) fn new(interface: &str, vrid: Vrid, addresses: &[VirtualAddress]) -> Self {
        let mut name = [0; 16];
        for (to, from) in name.iter_mut().zip(interface.bytes()) {
            *to = from;
        }
        let bytes = addresses.iter().flat_map(|a| {
            let address = match a.address {
                IpAddr::V4(address) => address.to_ipv6_mapped(),
                IpAddr::V6(address) => address,
            };
            address.octets().into_iter().chain([a.prefix])
        });
        Self { interface: name, vrid: vrid.get(), digest: digest(bytes) }
    }

    fn words(&self) -> [u64; 4] {
        let (low, high) = self.interface.split_at(8);
        [word(low), word(high), u64::from(self.vrid), self.digest]
    }
}

impl Memory {
    fn flags(self) -> u64 {
        let checksum = match self.checksum {
            None => 0,
            Some(Checksum::Rfc9568) => 1,
            Some(Checksum::PseudoHeader) => 2,
        };
        u64::from(self.holds) | checksum << 8
    }

    fn from_words(advert: u64, flags: u64) -> Self {
        let checksum = match flags >> 8 & 0xff {
            1 => Some(Checksum::Rfc9568),
            2 => Some(Checksum::PseudoHeader),
            _ => None,
        };
        Self { advert: Instant::from_nanos(advert), holds: flags & 1 == 1, checksum }
    }
}

/// What an earlier process of this boot remembered of the routers in `keys`, in their order.
///
/// # Errors
/// What is wrong with a file that exists. One of another boot is as good as none.
pub(crate) fn recall(path: &Path, boot: &str, keys: &[Key]) -> Result<Vec<Memory>, String> {
    let nothing = vec![Memory::default(); keys.len()];
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(nothing),
        Err(error) => return Err(error.to_string()),
    };
    let words: Vec<u64> = bytes.chunks_exact(8).map(word).collect();
    let (header, slots) = words.split_at_checked(HEADER).ok_or("it is too short")?;
    if header.first_chunk() != Some(&[MAGIC, VERSION]) {
        return Err("it is not a state file of this version".into());
    }
    if slots.len() as u64 != header[2].saturating_mul(SLOT as u64) {
        return Err("its length does not match its count of routers".into());
    }
    if header[3..] != boot_words(boot) {
        return Ok(nothing);
    }
    let find = |key: &Key| slots.chunks_exact(SLOT).find(|slot| slot[..4] == key.words());
    Ok(keys.iter().map(|key| find(key).and_then(latest).unwrap_or_default()).collect())
}

/// The newer whole record of a slot.
fn latest(slot: &[u64]) -> Option<Memory> {
    let record = |start: usize| {
        let [sequence, advert, flags, sum] = *slot.get(start..)?.first_chunk()?;
        (sequence > 0 && sum == total(sequence, advert, flags))
            .then(|| (sequence, Memory::from_words(advert, flags)))
    };
    [record(RECORD_A), record(RECORD_B)]
        .into_iter()
        .flatten()
        .max_by_key(|(sequence, _)| *sequence)
        .map(|(_, memory)| memory)
}

impl State {
    /// Writes a new file beside the old one, puts it in its place, and maps it.
    pub(crate) fn create(path: &Path, boot: &str, slots: &[(Key, Memory)]) -> io::Result<Self> {
        let mut words = vec![MAGIC, VERSION, slots.len() as u64];
        words.extend(boot_words(boot));
        for (key, memory) in slots {
            words.extend(key.words());
            let (advert, flags) = (memory.advert.as_nanos(), memory.flags());
            words.extend([1, advert, flags, total(1, advert, flags)]);
            words.extend([0; SLOT - RECORD_B]);
        }
        let fresh = path.with_extension("new");
        fs::write(&fresh, words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())?;
        let file: File = OpenOptions::new().read(true).write(true).open(&fresh)?;
        let count = NonZeroUsize::new(words.len()).ok_or(io::ErrorKind::InvalidData)?;
        let mapping = Mapping::new(&file, count)?;
        fs::rename(&fresh, path)?;
        Ok(Self { mapping })
    }

    /// Remembers `memory` for the router of this slot.
    pub(crate) fn store(&self, slot: usize, memory: Memory) {
        let start = HEADER + slot * SLOT;
        let Some(words) = self.mapping.words().get(start..start + SLOT) else { return };
        let sequence = |record: usize| u64::from_le(words[record].load(Ordering::Relaxed));
        let (a, b) = (sequence(RECORD_A), sequence(RECORD_B));
        let target = if a <= b { RECORD_A } else { RECORD_B };
        let next = a.max(b) + 1;
        let (advert, flags) = (memory.advert.as_nanos(), memory.flags());
        let put =
            |at: usize, value: u64| AtomicU64::store(&words[at], value.to_le(), Ordering::Release);
        put(target + 3, 0);
        put(target, next);
        put(target + 1, advert);
        put(target + 2, flags);
        put(target + 3, total(next, advert, flags));
    }
}

/// The identity of this boot: CLOCK_BOOTTIME means nothing in another.
pub(crate) fn boot_id() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned())
}

fn boot_words(boot: &str) -> [u64; 5] {
    let mut bytes = boot.as_bytes().chunks(8);
    std::array::from_fn(|_| bytes.next().map_or(0, word))
}

/// Up to eight bytes as a little-endian word.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn total(sequence: u64, advert: u64, flags: u64) -> u64 {
    digest([sequence, advert, flags].into_iter().flat_map(u64::to_le_bytes))
}

/// FNV-1a: guards against torn stores and changed settings, not against malice.
fn digest(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
