//! `cargo xtask package`: a Debian package by dpkg-deb, of what packaging/deb/layout.txt lists.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::stop::{Doing, Result, Stop};
use crate::{artifacts, packages, process, test};

/// One line of the layout.
#[derive(Debug, Eq, PartialEq)]
struct Entry {
    source: Source,
    /// Below the root of the package, or `DEBIAN/...`.
    destination: PathBuf,
    mode: u32,
}

#[derive(Debug, Eq, PartialEq)]
enum Source {
    /// The program under this name.
    Program(String),
    /// A file of this repository.
    File(PathBuf),
}

/// Makes it of `binary`, or of a release build; prints where it is.
pub(crate) fn run(binary: Option<&Path>) -> Result<ExitCode> {
    packages::ensure(&["always"])?;
    let binary = match binary {
        Some(binary) => binary.to_path_buf(),
        None => {
            let built = artifacts::build(test::cargo("build").args(["--bins", "--release"]))?;
            artifacts::program(&built, "gemel")?.to_path_buf()
        }
    };
    let layout = fs::read_to_string(LAYOUT).doing(format_args!("read {LAYOUT}"))?;
    let folder = Path::new(TARGET);
    let root = folder.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).doing(root.display())?;
    }
    for entry in parse(&layout)? {
        entry.place(&root, &binary)?;
    }
    let architecture = process::output(process::command("dpkg").arg("--print-architecture"))?;
    let size =
        process::output(process::command("du").args(["-sk", "--exclude=DEBIAN"]).arg(&root))?;
    let size = size.split_whitespace().next().unwrap_or("0");
    let template = fs::read_to_string(CONTROL).doing(format_args!("read {CONTROL}"))?;
    let control = filled(&template, env!("CARGO_PKG_VERSION"), architecture.trim(), size);
    write(&root.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
    let package =
        folder.join(format!("gemel_{}_{}.deb", env!("CARGO_PKG_VERSION"), architecture.trim()));
    let mut build = process::command("dpkg-deb");
    process::run(build.args(["--root-owner-group", "-Zxz", "--build"]).arg(&root).arg(&package))?;
    println!("{}", package.display());
    Ok(ExitCode::SUCCESS)
}

impl Entry {
    fn place(&self, root: &Path, binary: &Path) -> Result<()> {
        let to = root.join(&self.destination);
        let from = match &self.source {
            Source::Program(_) => binary,
            Source::File(path) => path,
        };
        let compress = has_gz(&self.destination) && !has_gz(from);
        let content = if compress {
            let output = process::command("gzip").args(["-9nc"]).arg(from).output();
            output.doing("gzip")?.stdout
        } else {
            fs::read(from).doing(format_args!("read {}", from.display()))?
        };
        write(&to, &content, self.mode)?;
        match self.source {
            // What a debugger would want is most of it.
            Source::Program(_) => {
                process::run(process::command("strip").arg("--strip-unneeded").arg(&to))
            }
            Source::File(_) => Ok(()),
        }
    }
}

fn parse(layout: &str) -> Result<Vec<Entry>> {
    let lines = layout.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let wrong = || Stop::new(format!("{LAYOUT}: not `source destination mode`: {line}"));
            let [source, destination, mode] = line.split_whitespace().collect::<Vec<_>>()[..]
            else {
                return Err(wrong());
            };
            let source = match source.strip_prefix("bin:") {
                Some("gemel") => Source::Program("gemel".to_owned()),
                Some(_) => return Err(wrong()),
                None => Source::File(source.into()),
            };
            let mode = u32::from_str_radix(mode, 8).map_err(|_| wrong())?;
            Ok(Entry { source, destination: destination.trim_start_matches('/').into(), mode })
        })
        .collect()
}

fn filled(template: &str, version: &str, architecture: &str, size_kib: &str) -> String {
    template
        .replace("@VERSION@", version)
        .replace("@ARCHITECTURE@", architecture)
        .replace("@INSTALLED_SIZE@", size_kib)
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    for folder in path
        .parent()
        .into_iter()
        .flat_map(Path::ancestors)
        .take_while(|path| path.starts_with(TARGET))
    {
        if !folder.exists() {
            fs::create_dir_all(folder).doing(folder.display())?;
        }
        // Whatever the umask: these folders go into the package.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).doing(folder.display())?;
    }
    fs::write(path, content).doing(format_args!("write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).doing(path.display())
}

fn has_gz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

const LAYOUT: &str = "packaging/deb/layout.txt";
const CONTROL: &str = "packaging/deb/control.in";
const TARGET: &str = "target/package";

#[cfg(test)]
mod tests;
