//! What one `cargo build` made: the test binaries and the programs, read from its JSON messages.
//!
//! Not a JSON parser: cargo prints one message a line, with these fields in this order since
//! they exist, and a message that looks otherwise is no executable to us.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process;
use crate::stop::{Doing, Result, Stop};

/// One executable of this workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Artifact {
    pub kind: Kind,
    /// The folder of its package; every package here is named like its folder.
    pub folder: PathBuf,
    /// The name of its target: of the library, the program or the file in `tests`.
    pub target: String,
    pub path: PathBuf,
}

/// What an executable is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Program,
    Test,
}

impl Artifact {
    pub(crate) fn package(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The command that runs this test binary as `cargo test` would.
    pub(crate) fn command(&self) -> Command {
        let mut command = process::command(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("CARGO_PKG_NAME", self.package());
        command
    }

    /// The executable in one message, if it tells of one.
    fn of_message(line: &str) -> Option<Self> {
        if !line.starts_with(r#"{"reason":"compiler-artifact""#) {
            return None;
        }
        let path = PathBuf::from(text_field(line, "executable")?);
        let folder = Path::new(text_field(line, "manifest_path")?).parent()?.to_path_buf();
        let (target, profile) = line.split_once(r#""profile":{"#)?;
        let (profile, _) = profile.split_once('}')?;
        let (_, target) = target.split_once(r#""target":{"#)?;
        let kind = if profile.contains(r#""test":true"#) { Kind::Test } else { Kind::Program };
        Some(Self { kind, folder, target: text_field(target, "name")?.to_owned(), path })
    }
}

/// Runs a cargo build and returns its executables in the order of their packages.
pub(crate) fn build(command: &mut Command) -> Result<Vec<Artifact>> {
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let mut child = command.spawn().doing("cargo build")?;
    let mut artifacts = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            artifacts.extend(Artifact::of_message(&line.doing("cargo build")?));
        }
    }
    let status = child.wait().doing("cargo build")?;
    if !status.success() {
        return Err(Stop::new(format!("cargo build: {status}")));
    }
    artifacts.sort_by(|one, other| (&one.folder, &one.target).cmp(&(&other.folder, &other.target)));
    Ok(artifacts)
}

/// The program of this name among them.
pub(crate) fn program<'a>(artifacts: &'a [Artifact], name: &str) -> Result<&'a Path> {
    artifacts
        .iter()
        .find(|artifact| artifact.kind == Kind::Program && artifact.target == name)
        .map(|artifact| artifact.path.as_path())
        .ok_or_else(|| Stop::new(format!("the build made no program {name}")))
}

/// The first string of this name; names and paths with a backslash or a quote are none of ours.
fn text_field<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!(r#""{name}":""#))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests;
