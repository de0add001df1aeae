//! Source *file*: the number in it.
//!
//! The folder is watched, not the file, so that a file that is renamed into place is seen; and the
//! file is read again in rounds, since nobody tells of changes on another machine or behind a link.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use coordinator::Reading;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use track::Sample;

use crate::errand::Found;

/// One file and the watch on its folder.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    name: Option<OsString>,
    watch: Option<Inotify>,
}

impl File {
    pub(crate) fn new(path: &str) -> Self {
        let path = PathBuf::from(path);
        Self { name: path.file_name().map(ToOwned::to_owned), path, watch: None }
    }

    /// The errand that reads it, and makes the watch if there is none.
    pub(crate) fn errand(&self) -> impl FnOnce() -> Found + Send + 'static {
        let (path, is_watched) = (self.path.clone(), self.watch.is_some());
        move || {
            // Watched first, so that what changes after the reading is told.
            let made = (!is_watched).then(|| watch(&path));
            Found::File(read(&path), made)
        }
    }

    /// A watch was made.
    pub(crate) fn watched(
        &mut self,
        watch: Inotify,
        epoll: &Epoll,
        token: u64,
    ) -> Result<(), Errno> {
        epoll.add(watch.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, token))?;
        self.watch = Some(watch);
        Ok(())
    }

    /// Takes in what happened in the folder; true if the file should be read.
    pub(crate) fn has_changed(&mut self) -> bool {
        let Some(watch) = &self.watch else { return false };
        let Ok(events) = watch.read_events() else { return false };
        let gone = AddWatchFlags::IN_IGNORED
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_UNMOUNT;
        let lost = gone | AddWatchFlags::IN_Q_OVERFLOW;
        let changed = events.iter().any(|one| one.name == self.name || one.mask.intersects(lost));
        if events.iter().any(|one| one.mask.intersects(gone)) {
            // The folder is another one now, or none: the next reading watches anew.
            self.watch = None;
        }
        changed
    }
}

fn watch(path: &Path) -> io::Result<Inotify> {
    let folder = path.parent().unwrap_or(path);
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
    // Not IN_MODIFY: between a truncation and the first byte a file is empty, and that is nothing.
    let flags = AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_MOVE
        | AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_DELETE_SELF
        | AddWatchFlags::IN_MOVE_SELF
        | AddWatchFlags::IN_ONLYDIR;
    inotify.add_watch(folder, flags)?;
    Ok(inotify)
}

/// What the file says now.
fn read(path: &Path) -> Sample {
    match contents(path) {
        Ok(bytes) => number(&bytes),
        Err(error) => Sample { reading: Reading::Bad, why: error.to_string() },
    }
}

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe or a device in its place must not hold us, nor become our terminal.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One whole number with white space around it, or bad.
fn number(bytes: &[u8]) -> Sample {
    let text = std::str::from_utf8(bytes).unwrap_or("?").trim();
    match text.parse() {
        Ok(number) if bytes.len() as u64 <= LONGEST => {
            Sample { reading: Reading::Number(number), why: format!("says {number}") }
        }
        Ok(_) | Err(_) => {
            let shown: String = text.chars().take(20).collect();
            let why = format!("{shown:?} is not a whole number");
            Sample { reading: Reading::Bad, why }
        }
    }
}

/// Bytes; more cannot be a number with a sensible margin.
const LONGEST: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_whole_number_and_nothing_else() {
        let good = [("7", 7), (" -60\n", -60), ("+5", 5), ("0", 0), ("2147483647", i32::MAX)];
        for (text, want) in good {
            assert_eq!(number(text.as_bytes()).reading, Reading::Number(want), "{text:?}");
        }
        let long = format!("1{}", " ".repeat(64));
        let bad = ["", "\n", "1 2", "1.0", "0x10", "2147483648", "seven", "1\0", &long];
        for text in bad {
            assert_eq!(number(text.as_bytes()).reading, Reading::Bad, "{text:?}");
        }
        assert_eq!(number(&[0xff, 0xfe]).reading, Reading::Bad);
        assert_eq!(number(b"seven").why, "\"seven\" is not a whole number");
    }

    #[test]
    fn what_is_not_a_regular_file_is_bad_and_holds_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [pipe.as_path(), folder.path(), Path::new("/dev/zero")] {
            assert_eq!(read(path).why, "not a regular file", "{}", path.display());
        }
        assert!(read(Path::new("/nowhere/at/all")).why.contains("No such file"));
    }
}
