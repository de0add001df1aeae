//! What a successor process needs to resume: a mapped file with one slot per router, which the wire
//! thread stores into without a system call. Read once by [`crate::start`]. Not a log and not a
//! configuration: a file that is missing, foreign or torn only costs the resumption.
//!
//! ```text
//! words  0..9   magic, version, slot count, words of checksums a record (C), boot id (36 bytes)
//! then per router 4 + 2 x (4 + C) words:
//!        0..4   key: two digests, of its members and of what it holds, their counts
//!        4..    record A: sequence, last advert (ns), flags, C words of 2 bits a member, sum
//!               record B
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
use vrrp_proto::Checksum;
use vrrp_proto::held::{MemberSetup, VirtualAddress};
use vrrp_proto::router::{Member, Protocol};

use crate::sys::Mapping;

#[cfg(test)]
mod tests;

/// Whose slot it is: a changed set of members (interface, number, protocol) or of addresses makes
/// another router of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key([u64; KEY]);

/// What is remembered of a router.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Memory {
    /// When it sent its last advert.
    pub advert: Instant,
    /// Whether it held its addresses (Active or Leaving).
    pub holds: bool,
    /// The sum that the peers of each member were last heard to use.
    pub checksums: Vec<Option<Checksum>>,
}

/// The file of this process.
#[derive(Debug)]
pub(crate) struct State {
    mapping: Mapping,
    layout: Layout,
}

/// How long things are, in words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Layout {
    /// The checksums of a record.
    checksums: usize,
}

const MAGIC: u64 = u64::from_le_bytes(*b"gemelrtr");
const VERSION: u64 = 2;
const HEADER: usize = 9;
const KEY: usize = 4;
/// Members whose checksums fit a word.
const IN_A_WORD: usize = 32;
/// More than any router has: a file that says more is broken.
const MAX_CHECKSUMS: u64 = 1 << 16;

impl Layout {
    const fn record(self) -> usize {
        4 + self.checksums
    }

    const fn slot(self) -> usize {
        KEY + 2 * self.record()
    }
}

impl Key {
    /// Of the router with these members and these addresses to hold.
    pub fn new(members: &[(Member, MemberSetup)], addresses: &[VirtualAddress]) -> Self {
        let member = |(member, setup): &(Member, MemberSetup)| {
            let kind = match member.protocol {
                Protocol::V2(_) => 2,
                Protocol::V3Ipv4(_) => 3,
                Protocol::V3Ipv6 => 6,
            };
            let name = setup.interface.bytes().chain([0, member.vrid.get(), kind]);
            name.chain(member.addresses.iter().flat_map(|a| octets(*a))).collect::<Vec<_>>()
        };
        let address = |held: &VirtualAddress| {
            let place = held.interface.bytes().chain([0, held.prefix]);
            place.chain(octets(held.address)).collect::<Vec<_>>()
        };
        Self([
            digest(members.iter().flat_map(member)),
            digest(addresses.iter().flat_map(address)),
            members.len() as u64,
            addresses.len() as u64,
        ])
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

impl Memory {
    /// Brings it up to date without an allocation after the first; says whether it changed.
    pub(crate) fn update(
        &mut self,
        advert: Instant,
        holds: bool,
        checksums: impl ExactSizeIterator<Item = Checksum>,
    ) -> bool {
        let mut changed = (self.advert, self.holds) != (advert, holds);
        (self.advert, self.holds) = (advert, holds);
        self.checksums.resize(checksums.len(), None);
        for (known, checksum) in self.checksums.iter_mut().zip(checksums) {
            changed |= known.replace(checksum) != Some(checksum);
        }
        changed
    }

    /// Flags, then the checksums.
    fn words(&self, layout: Layout) -> impl Iterator<Item = u64> + Clone + '_ {
        let packed = (0..layout.checksums).map(|word| {
            let here = self.checksums.iter().skip(word * IN_A_WORD).take(IN_A_WORD);
            here.rev().fold(0, |word, checksum| word << 2 | code(*checksum))
        });
        [self.advert.as_nanos(), u64::from(self.holds)].into_iter().chain(packed)
    }

    fn from_words(words: &[u64], members: usize) -> Option<Self> {
        let ([advert, flags], packed) = words.split_first_chunk()?;
        let checksum = |at: usize| {
            let word = packed.get(at / IN_A_WORD).copied().unwrap_or(0);
            match word >> (2 * (at % IN_A_WORD)) & 3 {
                1 => Some(Checksum::Rfc9568),
                2 => Some(Checksum::PseudoHeader),
                _ => None,
            }
        };
        let (advert, holds) = (Instant::from_nanos(*advert), flags & 1 == 1);
        Some(Self { advert, holds, checksums: (0..members).map(checksum).collect() })
    }
}

const fn code(checksum: Option<Checksum>) -> u64 {
    match checksum {
        None => 0,
        Some(Checksum::Rfc9568) => 1,
        Some(Checksum::PseudoHeader) => 2,
    }
}

/// What an earlier process of this boot remembered of the routers in `keys`, in their order.
///
/// # Errors
/// What is wrong with a file that exists. One of another boot is as good as none.
pub(crate) fn recall(path: &Path, boot: &str, keys: &[Key]) -> Result<Vec<Memory>, String> {
    match fs::read(path) {
        Ok(bytes) => parse(&bytes, boot, keys),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(vec![Memory::default(); keys.len()])
        }
        Err(error) => Err(error.to_string()),
    }
}

/// What the bytes of such a file say.
///
/// # Errors
/// What is wrong with it.
pub fn parse(bytes: &[u8], boot: &str, keys: &[Key]) -> Result<Vec<Memory>, String> {
    let words: Vec<u64> = bytes.chunks_exact(8).map(word).collect();
    let (header, slots) = words.split_at_checked(HEADER).ok_or("it is too short")?;
    let [magic, version, count, checksums, boot_words @ ..] = header else {
        return Err("it is too short".into());
    };
    if [*magic, *version] != [MAGIC, VERSION] || *checksums > MAX_CHECKSUMS {
        return Err("it is not a state file of this version".into());
    }
    let layout = Layout { checksums: *checksums as usize };
    if slots.len() as u64 != count.saturating_mul(layout.slot() as u64) {
        return Err("its length does not match its count of routers".into());
    }
    if *boot_words != boot_id_words(boot) {
        return Ok(vec![Memory::default(); keys.len()]);
    }
    let find = |key: &Key| slots.chunks_exact(layout.slot()).find(|slot| slot[..KEY] == key.0);
    let recalled = keys.iter().map(|key| {
        let members = usize::try_from(key.0[2]).unwrap_or(0);
        find(key).and_then(|slot| latest(slot, layout, members)).unwrap_or_default()
    });
    Ok(recalled.collect())
}

/// The newer whole record of a slot.
fn latest(slot: &[u64], layout: Layout, members: usize) -> Option<Memory> {
    let records = slot.get(KEY..)?.chunks_exact(layout.record()).filter_map(|record| {
        let (sum, words) = record.split_last()?;
        let (sequence, memory) = words.split_first()?;
        (*sequence > 0 && *sum == digest_words(words)).then_some((*sequence, memory))
    });
    let (_, memory) = records.max_by_key(|(sequence, _)| *sequence)?;
    Memory::from_words(memory, members)
}

impl State {
    /// Writes a new file beside the old one, puts it in its place, and maps it.
    pub(crate) fn create(path: &Path, boot: &str, slots: &[(Key, Memory)]) -> io::Result<Self> {
        let members = slots.iter().map(|(key, _)| key.0[2] as usize).max().unwrap_or(0);
        let layout = Layout { checksums: members.div_ceil(IN_A_WORD) };
        let mut words = vec![MAGIC, VERSION, slots.len() as u64, layout.checksums as u64];
        words.extend(boot_id_words(boot));
        for (key, memory) in slots {
            words.extend(key.0);
            let record: Vec<u64> = [1].into_iter().chain(memory.words(layout)).collect();
            words.extend(&record);
            words.push(digest_words(&record));
            words.extend(vec![0; layout.record()]);
        }
        let fresh = path.with_extension("new");
        fs::write(&fresh, words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())?;
        let file: File = OpenOptions::new().read(true).write(true).open(&fresh)?;
        let count = NonZeroUsize::new(words.len()).ok_or(io::ErrorKind::InvalidData)?;
        let mapping = Mapping::new(&file, count)?;
        fs::rename(&fresh, path)?;
        Ok(Self { mapping, layout })
    }

    /// Remembers `memory` for the router of this slot.
    pub(crate) fn store(&self, slot: usize, memory: &Memory) {
        let (length, record) = (self.layout.slot(), self.layout.record());
        let start = HEADER + slot * length;
        let Some(slot) = self.mapping.words().get(start..start + length) else { return };
        let (a, b) = slot[KEY..].split_at(record);
        let sequence = |record: &[AtomicU64]| u64::from_le(record[0].load(Ordering::Relaxed));
        let (older, newest) = (sequence(a).min(sequence(b)), sequence(a).max(sequence(b)));
        let target = if sequence(a) == older { a } else { b };
        let put = |word: &AtomicU64, value: u64| word.store(value.to_le(), Ordering::Release);
        let Some((sum, target)) = target.split_last() else { return };
        put(sum, 0);
        let words = [newest + 1].into_iter().chain(memory.words(self.layout));
        for (word, value) in target.iter().zip(words.clone()) {
            put(word, value);
        }
        put(sum, digest(words.flat_map(u64::to_le_bytes)));
    }
}

/// The identity of this boot: CLOCK_BOOTTIME means nothing in another.
pub(crate) fn boot_id() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned())
}

fn boot_id_words(boot: &str) -> [u64; 5] {
    let mut bytes = boot.as_bytes().chunks(8);
    std::array::from_fn(|_| bytes.next().map_or(0, word))
}

/// Up to eight bytes as a little-endian word.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn digest_words(words: &[u64]) -> u64 {
    digest(words.iter().flat_map(|word| word.to_le_bytes()))
}

/// FNV-1a: guards against torn stores and changed settings, not against malice.
fn digest(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
