//! The file system a micro-VM starts with, as a cpio archive in the kernel's "newc" format
//! (Documentation/driver-api/early-userspace/buffer-format.rst).
//!
//! Not compressed: the guest would spend longer on that, under emulation, than qemu spends on
//! loading it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// An archive that grows. Paths are those in the guest; folders come with their first file.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    paths: BTreeSet<PathBuf>,
}

impl Archive {
    /// A folder and those above it.
    pub fn folder(&mut self, path: &Path) -> Result<()> {
        let path = inside(path);
        if path.as_os_str().is_empty() || self.paths.contains(path) {
            return Ok(());
        }
        self.parent(path)?;
        self.entry(path, FOLDER | 0o755, b"")
    }

    /// A file with these permission bits. The first one of a path stays.
    pub fn file(&mut self, path: &Path, permissions: u32, content: &[u8]) -> Result<()> {
        let path = inside(path);
        self.parent(path)?;
        self.entry(path, FILE | permissions, content)
    }

    /// A symbolic link to `target`.
    pub fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        let path = inside(path);
        self.parent(path)?;
        self.entry(path, LINK | 0o777, target.as_os_str().as_bytes())
    }

    /// A file of the host.
    pub fn copy(&mut self, from: &Path, path: &Path, permissions: u32) -> Result<()> {
        if self.paths.contains(inside(path)) {
            return Ok(());
        }
        let content = fs::read(from).with_context(|| format!("read {}", from.display()))?;
        self.file(path, permissions, &content)
    }

    /// A program of the host, and the libraries and the loader that `ldd` says it needs.
    pub fn program(&mut self, from: &Path, path: &Path) -> Result<()> {
        self.copy(from, path, 0o755)?;
        // It fails for a static program, which needs nothing.
        let ldd = Command::new("ldd").arg(from).output().context("run ldd")?;
        for library in libraries(&String::from_utf8_lossy(&ldd.stdout)) {
            self.copy(&library, &library, 0o755)?;
        }
        Ok(())
    }

    /// The archive as the kernel reads it.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        append(&mut bytes, 0, Path::new("TRAILER!!!"), 0, b"");
        bytes
    }

    fn parent(&mut self, path: &Path) -> Result<()> {
        path.parent().map_or(Ok(()), |parent| self.folder(parent))
    }

    fn entry(&mut self, path: &Path, mode: u32, content: &[u8]) -> Result<()> {
        if self.paths.insert(path.to_path_buf()) {
            u32::try_from(content.len())
                .with_context(|| format!("{}: too large", path.display()))?;
            append(&mut self.bytes, self.paths.len(), path, mode, content);
        }
        Ok(())
    }
}

/// Header of thirteen numbers in eight hexadecimal digits, name, content; each padded to four.
fn append(bytes: &mut Vec<u8>, number: usize, path: &Path, mode: u32, content: &[u8]) {
    let name = path.as_os_str().as_bytes();
    let (size, name_size) = (content.len(), name.len() + 1);
    let links = 1;
    let (owner, group, time, device) = (0, 0, 0, 0);
    let header = format!(
        "070701{number:08x}{mode:08x}{owner:08x}{group:08x}{links:08x}{time:08x}{size:08x}\
         {device:08x}{device:08x}{device:08x}{device:08x}{name_size:08x}{:08x}",
        0
    );
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(name);
    bytes.push(0);
    pad(bytes);
    bytes.extend_from_slice(content);
    pad(bytes);
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// Names in an archive are relative to its root.
fn inside(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// The files in `ldd`'s output: the first absolute path of each line.
fn libraries(ldd: &str) -> Vec<PathBuf> {
    let paths =
        ldd.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.map(PathBuf::from).collect()
}

const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

#[cfg(test)]
mod tests;
