//! A look at `/proc`: what a process is called, and every process of some names.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use super::Running;

/// What one process that runs is called.
#[derive(Debug)]
pub(super) struct Names {
    /// The kernel's name, at most 15 bytes.
    comm: Vec<u8>,
    /// The base name of its program, if it is known.
    program: Option<Vec<u8>>,
}

impl Names {
    /// Whether this is one of them.
    pub(super) fn include(&self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let short = bytes.get(..COMM).unwrap_or(bytes);
        self.comm == short || self.program.as_deref() == Some(bytes)
    }
}

/// The names of a process; `None` if it does not run (any more).
pub(super) fn names(pid: u32) -> Option<Names> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let comm = comm(&stat)?.to_vec();
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok().and_then(|path| {
        let name = path.file_name()?.as_encoded_bytes();
        // An upgrade replaced the program while it ran.
        Some(name.strip_suffix(b" (deleted)").unwrap_or(name).to_vec())
    });
    Some(Names { comm, program })
}

/// The name between the outermost brackets; `None` for one that ended and was not collected yet.
fn comm(stat: &[u8]) -> Option<&[u8]> {
    let begins = stat.iter().position(|byte| *byte == b'(')?;
    let ends = stat.iter().rposition(|byte| *byte == b')')?;
    let state = stat.get(ends + 2)?;
    let runs = !matches!(state, b'Z' | b'X' | b'x');
    stat.get(begins + 1..ends).filter(|_| runs)
}

pub(super) fn is_called(pid: u32, name: &str) -> bool {
    names(pid).is_some_and(|names| names.include(name))
}

/// Every process of these names.
pub(super) fn walk(wanted: &[String]) -> io::Result<Running> {
    let mut running: Running = wanted.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Some(names) = names(pid) else { continue };
        for (name, pids) in &mut running {
            if names.include(name) {
                pids.insert(pid);
            }
        }
    }
    Ok(running)
}

/// `TASK_COMM_LEN` without its NUL.
const COMM: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything_and_the_dead_have_none() {
        assert_eq!(comm(b"7 (bird) S 1 7"), Some(&b"bird"[..]));
        assert_eq!(comm(b"7 (a) S) b) R 1 7"), Some(&b"a) S) b"[..]));
        assert_eq!(comm(b"7 (bird) Z 1 7"), None);
        for text in ["", "7", "7 (bird", "7 bird) S", ")(", "7 (bird)"] {
            assert_eq!(comm(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_long_name_is_found_by_its_first_fifteen_bytes_or_by_its_program() {
        let names = |comm: &str, program: Option<&str>| Names {
            comm: comm.into(),
            program: program.map(Into::into),
        };
        assert!(names("a-very-long-nam", None).include("a-very-long-name-indeed"));
        assert!(names("worker", Some("nginx")).include("nginx"));
        assert!(!names("nginx-debug", Some("nginx-debug")).include("nginx"));
        assert!(!names("ngin", None).include("nginx"));
    }
}
