//! Debian's kernel for the micro-VM: fetched once as a package, unpacked, not installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// An unpacked kernel package.
#[derive(Debug)]
pub struct Kernel {
    /// Its bootable image.
    pub image: PathBuf,
    /// What `modprobe -d` takes.
    root: PathBuf,
    version: String,
}

impl Kernel {
    /// The kernel in the cache; fetches the current one if there is none.
    ///
    /// One that is there is not replaced by a newer one: throw the folder away for that.
    pub fn cached() -> Result<Self> {
        let cache = cache_folder()?;
        fs::create_dir_all(&cache).with_context(|| format!("make {}", cache.display()))?;
        let mut roots = Vec::new();
        for entry in fs::read_dir(&cache).with_context(|| format!("list {}", cache.display()))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)) {
                roots.push(path);
            }
        }
        roots.sort();
        match roots.pop() {
            Some(root) => Self::open(root),
            None => Self::open(fetch(&cache)?),
        }
    }

    /// The files of these modules and of all they need, in the order in which to load them.
    pub(super) fn module_files(&self, names: &[&str]) -> Result<Vec<PathBuf>> {
        let mut modprobe = tool("modprobe")?;
        modprobe.arg("-d").arg(&self.root).args(["-S", &self.version]);
        // The host's own settings are about the host.
        modprobe.args(["-C", "/dev/null", "--show-depends", "--all"]).args(names);
        Ok(files_of(&output(&mut modprobe)?))
    }

    fn open(root: PathBuf) -> Result<Self> {
        let modules = root.join("lib/modules");
        let entry =
            fs::read_dir(&modules).with_context(|| format!("list {}", modules.display()))?;
        let version =
            entry.flatten().next().with_context(|| format!("{}: empty", modules.display()))?;
        let version = version.file_name().to_string_lossy().into_owned();
        let image = root.join(format!("boot/vmlinuz-{version}"));
        ensure!(image.is_file(), "{}: no kernel; throw {} away", image.display(), root.display());
        Ok(Self { image, root, version })
    }
}

/// The files in the output of `modprobe --show-depends`; what is built in has none.
fn files_of(depends: &str) -> Vec<PathBuf> {
    let files = depends.lines().filter_map(|line| line.strip_prefix("insmod "));
    files.filter_map(|file| file.split_whitespace().next()).map(PathBuf::from).collect()
}

/// Outlives the target folder.
fn cache_folder() -> Result<PathBuf> {
    let cache = match (env::var_os("XDG_CACHE_HOME"), env::home_dir()) {
        (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Some(home)) => home.join(".cache"),
        (_, None) => bail!("no home folder to keep the micro-VM's kernel in: set XDG_CACHE_HOME"),
    };
    Ok(cache.join("gemel-lab"))
}

/// Downloads and unpacks the current kernel package; the folder appears when it is complete.
fn fetch(cache: &Path) -> Result<PathBuf> {
    let name = match current_package() {
        Ok(name) => name,
        // A machine that never asked its mirror has no lists.
        Err(_) => {
            output(tool("apt-get")?.args(["-q", "update"]))?;
            current_package()?
        }
    };
    let work = tempfile::Builder::new().prefix("fetch-").tempdir_in(cache)?;
    if download(work.path(), &name).is_err() {
        // A list older than the mirror names a version that is gone.
        output(tool("apt-get")?.args(["-q", "update"]))?;
        download(work.path(), &current_package()?)?;
    }
    let mut files = fs::read_dir(work.path())?.flatten().map(|entry| entry.path());
    let package = files
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get download {name} left nothing"))?;
    let stem = package.file_stem().context("a package without a name")?.to_owned();
    let root = work.path().join("root");
    output(tool("dpkg-deb")?.arg("--extract").arg(&package).arg(&root))?;
    let kernel = Kernel::open(root.clone())?;
    output(tool("depmod")?.arg("-b").arg(&root).arg(&kernel.version))?;
    let target = cache.join(stem);
    match fs::rename(&root, &target) {
        Ok(()) => Ok(target),
        // Another process was faster.
        Err(_) if target.is_dir() => Ok(target),
        Err(error) => Err(error).with_context(|| format!("rename to {}", target.display())),
    }
}

fn download(folder: &Path, package: &str) -> Result<()> {
    let mut download = tool("apt-get")?;
    // As root apt would fetch as a user who cannot write here.
    download.args(["-q", "-o", "APT::Sandbox::User=root", "download", package]);
    output(download.current_dir(folder)).map(drop)
}

/// The package that Debian's name for "the current cloud kernel" stands for.
fn current_package() -> Result<String> {
    let depends = output(tool("apt-cache")?.args(["depends", "--important", CURRENT]))?;
    package_in(&depends).with_context(|| format!("apt knows no {CURRENT}"))
}

fn package_in(depends: &str) -> Option<String> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.map(str::trim).find(|name| name.starts_with(PREFIX)).map(str::to_owned)
}

fn tool(name: &str) -> Result<Command> {
    super::find(name).map(Command::new).with_context(|| format!("{name}: not installed"))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}: {}", output.status, complaint.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// It has ip_vs with all schedulers, veth, bridge and ipip, at a third of the full kernel's size.
const CURRENT: &str = "linux-image-cloud-amd64";

/// What the names of kernel packages begin with.
const PREFIX: &str = "linux-image-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_loaded_in_modprobes_order() {
        let depends = "insmod /r/libcrc32c.ko \nbuiltin nf_tables\ninsmod /r/ip_vs.ko opt=1\n";
        let expected = ["/r/libcrc32c.ko", "/r/ip_vs.ko"].map(PathBuf::from);
        assert_eq!(files_of(depends), expected);
    }

    #[test]
    fn the_current_kernel_is_what_the_package_depends_on() {
        let depends = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n";
        assert_eq!(package_in(depends).as_deref(), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(package_in("linux-image-cloud-amd64\n"), None);
    }
}
