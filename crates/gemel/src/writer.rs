//! The one thread that writes: log lines to standard error, small files to the state folder. A slow
//! disk or a stuck log reader stops this thread and nothing else.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Where to leave what is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: SyncSender<Job>,
}

#[derive(Debug)]
enum Job {
    Line(String),
    File(PathBuf, String),
}

/// Lines and files that may wait; more are dropped, since a log that blocks is worse.
const BOUND: usize = 4096;

impl Writer {
    /// Starts the thread. It ends, all written, when the last [`Writer`] is gone.
    pub(crate) fn start() -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs, waiting) = sync_channel(BOUND);
        let thread = std::thread::Builder::new()
            .name("gemel-writer".into())
            .spawn(move || write_all(&waiting))?;
        Ok((Self { jobs }, thread))
    }

    /// One line for standard error.
    pub(crate) fn line(&self, line: String) {
        // A full queue drops the line: lines are edges, and the writer is stuck.
        drop(self.jobs.try_send(Job::Line(line)));
    }

    /// A file's whole new content, put in place by rename; `false` if it must be said again later.
    pub(crate) fn file(&self, path: PathBuf, content: String) -> bool {
        self.jobs.try_send(Job::File(path, content)).is_ok()
    }
}

fn write_all(waiting: &Receiver<Job>) {
    for job in waiting {
        match job {
            Job::Line(line) => report(&line),
            Job::File(path, content) => {
                if let Err(error) = replace(&path, &content) {
                    report(&format!("WARN file={} error=\"{error}\"", path.display()));
                }
            }
        }
    }
}

fn report(line: &str) {
    // Standard error may be closed; there is nowhere left to say so.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

fn replace(path: &Path, content: &str) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, content)?;
    fs::File::open(&temporary)?.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_content_is_in_place_when_the_writer_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ours");
        let (writer, thread) = Writer::start().unwrap();
        assert!(writer.file(path.clone(), "one".into()));
        assert!(writer.file(path.clone(), "two".into()));
        drop(writer);
        thread.join().unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "two");
    }
}
