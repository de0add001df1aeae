//! The micro-VM: Debian's kernel, which has IPVS, under qemu, with a file system in memory that
//! holds the programs under test and the little they need.
//!
//! For machines whose own kernel has no `ip_vs`. The guest starts in seconds, runs one `lab`
//! task as root, and powers off; what it prints comes out of a serial console. Nothing is left on
//! the host but the unpacked kernel package in a cache.

pub mod archive;
pub mod inside;
pub mod kernel;
mod qemu;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use archive::Archive;
use kernel::Kernel;
pub(crate) use qemu::emulates;

/// A machine that is not running yet: what is in it is decided here.
pub struct Vm {
    kernel: Kernel,
    archive: Archive,
    modules: Vec<String>,
}

/// Who is at the other end of the guest's console.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Console {
    /// Nobody: lines come out, nothing goes in.
    Printed,
    /// A person at our own terminal: the guest keeps a shell open when its task is done.
    Terminal,
}

impl Vm {
    /// A machine with Debian's kernel, the modules of a lab, busybox, `ip` and `ipvsadm`.
    ///
    /// The first call on a machine fetches the kernel package into the cache.
    pub fn new() -> Result<Self> {
        let mut vm =
            Self { kernel: Kernel::cached()?, archive: Archive::default(), modules: Vec::new() };
        for folder in ["proc", "sys", "dev", "run/netns", "tmp", "etc", "root", "srv"] {
            vm.archive.folder(Path::new(folder))?;
        }
        vm.add_modules(&MODULES)?;
        vm.add_busybox()?;
        for name in ["ip", "ipvsadm"] {
            let path = find(name).with_context(|| format!("{name}: not installed"))?;
            vm.archive.program(&path, &Path::new("/usr/sbin").join(name))?;
        }
        Ok(vm)
    }

    /// Takes a program along as `/usr/bin/NAME`, with the libraries it needs.
    pub fn add_program(&mut self, path: &Path, name: &str) -> Result<()> {
        self.archive.program(path, &Path::new("/usr/bin").join(name))
    }

    /// Takes a file along as `path`.
    pub fn add_file(&mut self, from: &Path, path: &Path) -> Result<()> {
        self.archive.copy(from, path, 0o644)
    }

    /// Boots, runs `task` in a shell there, and returns its exit status.
    ///
    /// `on_line` gets each line of the console. The guest is killed after `limit`.
    ///
    /// # Errors
    /// The guest did not start, did not end in time, or ended without saying how.
    pub fn run(mut self, task: &str, limit: Duration, on_line: impl FnMut(&str)) -> Result<i32> {
        let image = self.image(task, Console::Printed)?;
        qemu::run(&self.kernel.image, &image, limit, on_line)
    }

    /// Boots, runs `task`, and leaves a shell on our terminal until the person there ends it.
    ///
    /// It is bash: in busybox's shell `ip` would be busybox's, which knows no namespaces.
    pub fn run_at_terminal(mut self, task: &str) -> Result<()> {
        let bash = find("bash").context("bash: not installed")?;
        self.add_program(&bash, "bash")?;
        let image = self.image(task, Console::Terminal)?;
        qemu::run_at_terminal(&self.kernel.image, &image)
    }

    fn image(&mut self, task: &str, console: Console) -> Result<Vec<u8>> {
        let after = match console {
            Console::Printed => format!("echo \"{EXIT_MARK}$?\"\n"),
            Console::Terminal => SHELL.to_owned(),
        };
        let init = format!("{INIT}{task}\n{after}poweroff -f\n");
        self.archive.file(Path::new("/init"), 0o755, init.as_bytes())?;
        self.archive.file(
            Path::new("/modules/order"),
            0o644,
            self.modules.join("\n").as_bytes(),
        )?;
        Ok(self.archive.finish())
    }

    fn add_modules(&mut self, names: &[&str]) -> Result<()> {
        let mut seen = BTreeSet::new();
        for path in self.kernel.module_files(names)? {
            let name = path.file_name().context("a module without a name")?;
            let name = name.to_string_lossy().into_owned();
            if seen.insert(name.clone()) {
                self.archive.copy(&path, &Path::new("/modules").join(&name), 0o644)?;
                self.modules.push(name);
            }
        }
        self.modules.push(String::new());
        Ok(())
    }

    /// busybox under all its names, but behind the real programs in the search path.
    fn add_busybox(&mut self) -> Result<()> {
        let path = find("busybox").context("busybox: not installed (package busybox-static)")?;
        self.archive.program(&path, Path::new("/bin/busybox"))?;
        self.archive.link(Path::new("/bin/sh"), Path::new("/bin/busybox"))?;
        let output = Command::new(&path).arg("--list").output().context("run busybox")?;
        ensure!(output.status.success(), "busybox --list: {}", output.status);
        // Its setpriv is not the one that this lab calls where there is one.
        for applet in
            String::from_utf8_lossy(&output.stdout).lines().filter(|name| *name != "setpriv")
        {
            self.archive.link(&Path::new("/applets").join(applet), Path::new("/bin/busybox"))?;
        }
        Ok(())
    }
}

/// Where a program of the host is.
pub fn find(name: &str) -> Option<PathBuf> {
    let given = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&given).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// What a lab needs of a kernel, with every scheduler it has; Debian's loads nothing by itself before udev.
const MODULES: [&str; 20] = [
    "bridge",
    "dummy",
    "ip_vs",
    "ip_vs_dh",
    "ip_vs_fo",
    "ip_vs_lblc",
    "ip_vs_lblcr",
    "ip_vs_lc",
    "ip_vs_mh",
    "ip_vs_nq",
    "ip_vs_ovf",
    "ip_vs_rr",
    "ip_vs_sed",
    "ip_vs_sh",
    "ip_vs_wlc",
    "ip_vs_wrr",
    "ipip",
    "macvlan",
    "nf_conntrack",
    "veth",
];

/// What the guest prints before the exit status of its task.
const EXIT_MARK: &str = "gemel-lab exit ";

/// The first process of the guest, up to its task. busybox's shell takes its own applets before
/// the search path, which is why no script here runs `ip`.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/applets HOME=/root TERM=linux GEMEL_LAB_GUEST=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs run /run
mkdir -p /run/netns /var
ln -s /run /var/run
ifconfig lo up
while read -r module; do
    insmod "/modules/$module" || echo "insmod $module failed"
done </modules/order
cd /root
"#;

/// A shell on the console, with job control, which needs a terminal of its own.
const SHELL: &str = "setsid -c sh -c 'exec bash </dev/ttyS0 >/dev/ttyS0 2>&1'\n";
